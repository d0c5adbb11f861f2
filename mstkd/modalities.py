"""The four BraTS sequences, their 15 combinations and how file names spell them.

Channel order everywhere in the engine: FLAIR, T1, T1Gd, T2, as in the paper (section 3.1).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from enum import Enum
from pathlib import Path

from mstkd.errors import InputError


class Modality(Enum):
    """One MRI sequence; the value is the short name used in options, files and JSON."""

    FLAIR = "flair"
    T1 = "t1"
    T1GD = "t1gd"
    T2 = "t2"

    @property
    def label(self) -> str:
        """The name a radiologist reads, e.g. ``T1Gd``."""
        return {"flair": "FLAIR", "t1": "T1", "t1gd": "T1Gd", "t2": "T2"}[self.value]

    @property
    def channel(self) -> int:
        """Index of the sequence in the network's input."""
        return CHANNELS.index(self)


CHANNELS: tuple[Modality, ...] = (Modality.FLAIR, Modality.T1, Modality.T1GD, Modality.T2)

_F, _T1, _G, _T2 = CHANNELS
COMBINATIONS: tuple[tuple[Modality, ...], ...] = (
    (_T2,),
    (_G,),
    (_T1,),
    (_F,),
    (_G, _T2),
    (_T1, _G),
    (_F, _T1),
    (_T1, _T2),
    (_F, _T2),
    (_F, _G),
    (_F, _T1, _G),
    (_F, _T1, _T2),
    (_F, _G, _T2),
    (_T1, _G, _T2),
    (_F, _T1, _G, _T2),
)
"""The 15 non-empty subsets in the order of the paper's tables 1 to 3."""

REFERENCE_PREFERENCE: tuple[Modality, ...] = (
    Modality.T1GD,
    Modality.FLAIR,
    Modality.T1,
    Modality.T2,
)
"""Which sequence's grid carries the result unless the user chooses."""


def ordered(modalities: Iterable[Modality]) -> tuple[Modality, ...]:
    """The given sequences in channel order, each once."""
    present = set(modalities)
    return tuple(m for m in CHANNELS if m in present)


def missing(present: Collection[Modality]) -> tuple[Modality, ...]:
    """The sequences that are not in ``present``, in channel order."""
    return tuple(m for m in CHANNELS if m not in present)


def modality_mask(present: Collection[Modality]) -> tuple[bool, bool, bool, bool]:
    """True for each channel that exists."""
    flair, t1, t1gd, t2 = (m in present for m in CHANNELS)
    return flair, t1, t1gd, t2


def describe(modalities: Iterable[Modality]) -> str:
    """``FLAIR, T1Gd`` for people; ``none`` when empty."""
    return ", ".join(m.label for m in ordered(modalities)) or "none"


# Words that speak of something else than the sequence itself: BIDS entities but `ce-`
# (`ses-post`, `space-T1w`), the time of surgery, and the target of a registration.
_ASIDES = re.compile(
    r"(?<![a-z0-9])(?:(?:sub|ses|acq|space|run|rec|desc|dir|task)-[a-z0-9+]+|(?:pre|post)[ _.-]?op(?:erative|erativ)?|"
    r"(?:to|on|in|reg2?)[ _.-](?:t[12]\w*|flair))(?![a-z0-9])",
    re.IGNORECASE,
)
_SEP, _GAP = r"[ _.-]+", r"[ _.-]*"
_PLAIN = rf"(?:pre|non?|without|w{_GAP}o|native?|plain|unenhanced)"
_CONTRAST = r"(?:ce|c|gd|gado|gadolinium|km|post|postcontrast|contrast|\+c|\+)"
# Tried in this order: a native T1 may mention the contrast it lacks ("T1 pre contrast"), an
# enhanced T1 also contains the word for T1, and "T1 FLAIR" is a T1-weighted contrast.
_PATTERNS: tuple[tuple[Modality, str], ...] = (
    (Modality.T1, rf"t1w?{_SEP}(?:[a-z0-9]+{_SEP})*?{_PLAIN}(?:{_GAP}{_CONTRAST})?"),
    (Modality.T1, rf"{_PLAIN}{_SEP}(?:{_CONTRAST}{_SEP})?t1w?"),
    (Modality.T1GD, rf"t1w?{_GAP}(?:mpr(?:age)?{_GAP})?{_CONTRAST}"),
    (Modality.T1GD, rf"(?:ce|gd|post|km){_SEP}(?:[a-z0-9]+{_SEP})*?t1w?"),
    (Modality.T1GD, rf"t1w?{_SEP}(?:[a-z0-9]+{_SEP})*?{_CONTRAST}"),
    (Modality.T1GD, rf"mprage{_GAP}(?:gd|ce|post|km)"),
    (Modality.T1GD, r"ct1"),
    (Modality.T1, rf"t1w?{_GAP}flair"),
    (Modality.FLAIR, rf"(?:t2w?{_GAP})?flair|t2f|fla|dark{_GAP}fluid|da-?fl"),
    (Modality.T1, rf"t1n|t1w?(?:{_GAP}mpr(?:age)?)?|mprage"),
    (Modality.T2, r"t2w?"),
)
_IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")
_NOT_AN_IMAGE = re.compile(
    r"(?:^|[ _.-])(?:seg|segm|mask|label|labels|labelmap|dseg|probseg|roi|lesion|brainmask|gt)(?:[ _.-]|$)",
    re.IGNORECASE,
)
# Series of other kinds whose names also contain T1 or T2.
_OTHER_SERIES = re.compile(
    r"(?:^|[ _.-])(?:t2[ _.-]?star|t2\*|swi|swan|gre|dwi|dti|adc|trace|asl|perf(?:usion)?|dce|dsc|mra|tof|"
    r"t[12][ _.-]?map(?:ping)?|localizer|scout)(?:[ _.-]|$)",
    re.IGNORECASE,
)


def image_stem(path: Path) -> str | None:
    """The name without an image suffix, or None when it is no image file."""
    for suffix in _IMAGE_SUFFIXES:
        if path.name.lower().endswith(suffix):
            return path.name[: -len(suffix)]
    return None


def names_a_label_map(stem: str) -> bool:
    """Whether a file's name speaks of a segmentation or a mask."""
    return _NOT_AN_IMAGE.search(stem) is not None


def recognise_name(name: str) -> tuple[Modality, str] | None:
    """The sequence that a file or node name speaks of, and the words that say so.

    Understands BraTS (``_t1ce``, ``-t1c``, ``-t2f``), FeTS (``_brain_t1ce``,
    ``_T1GD``), BIDS (``_ce-gadolinium_T1w``, ``_FLAIR``) and plain clinical names
    (``T1 post contrast``). None when the name says nothing, or speaks of another kind
    of series (T2*, diffusion, perfusion, angiography).
    """
    # Blanked, not cut, so that places stay those of the name.
    plain = _ASIDES.sub(lambda aside: " " * len(aside.group()), name)
    if _OTHER_SERIES.search(plain):
        return None
    for modality, pattern in _PATTERNS:
        found = re.search(rf"(?:^|{_SEP})({pattern})(?:{_SEP}|$)", plain, re.IGNORECASE)
        if found:
            return modality, name[found.start(1) : found.end(1)]
    return None


def recognise_folder(folder: Path, settled: Collection[Modality] = ()) -> dict[Modality, Path]:
    """The sequences in a patient's folder, from the names of its image files.

    A BIDS subject or session folder is searched in its ``anat`` folder.

    Label maps and masks are passed over, and so are the ``settled`` sequences, which the
    user has named. Raises InputError when the folder tells none, or two files for one
    sequence: a choice between them is the user's.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give a patient's folder or name the files, e.g. --flair FILE.")
    found: dict[Modality, Path] = {}
    for path in sorted(_image_folder(folder).iterdir()):
        stem = image_stem(path)
        if stem is None or path.name.startswith(".") or names_a_label_map(stem):
            continue
        answer = recognise_name(stem)
        if answer is None or answer[0] in settled:
            continue
        modality = answer[0]
        if modality in found:
            raise InputError(
                f"{folder} holds two {modality.label} files, {found[modality].name} and {path.name}; "
                f"name the right one with --{modality.value} FILE."
            )
        found[modality] = path
    if not found and not settled:
        raise InputError(
            f"{folder} holds no file whose name tells FLAIR, T1, T1Gd or T2; name the files, e.g. --flair FILE."
        )
    return {m: found[m] for m in ordered(found)}


def _image_folder(folder: Path) -> Path:
    """The folder itself, or the only ``anat`` folder of a BIDS subject or session."""
    anatomy = [*folder.glob("anat"), *folder.glob("ses-*/anat")]
    if len(anatomy) > 1:
        raise InputError(f"{folder} holds several sessions; give one of them, e.g. {anatomy[0].parent}.")
    return anatomy[0] if anatomy else folder
