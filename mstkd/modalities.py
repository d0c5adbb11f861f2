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


# One pattern a sequence, tried on the tokens of a name (split at separators). T1Gd is
# tried before T1, because `t1_ce` and `T1w_gd` also contain the word for T1.
_CONTRAST = r"(?:ce|c|gd|gado|gadolinium|km|post|postcontrast|contrast|\+c|\+)"
_PATTERNS: dict[Modality, tuple[str, ...]] = {
    Modality.FLAIR: (r"flair", r"t2[ _.-]?w?[ _.-]?flair", r"t2f", r"fla", r"darkfluid", r"da-?fl"),
    Modality.T1GD: (
        rf"t1w?[ _.-]?(?:mpr(?:age)?[ _.-]?)?{_CONTRAST}",
        r"(?:ce|gd|post|km)[ _.-](?:[a-z0-9]+[ _.-])*?t1w?",
        rf"t1w?[ _.-](?:[a-z0-9]+[ _.-])*?{_CONTRAST}",
        r"mprage[ _.-]?(?:gd|ce|post|km)",
        r"ct1",
    ),
    Modality.T1: (r"t1n", r"t1w?", r"t1[ _.-]?(?:pre|native|nativ)", r"t1w?[ _.-]?mpr(?:age)?", r"mprage"),
    Modality.T2: (r"t2", r"t2w"),
}
_IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")
_NOT_AN_IMAGE = re.compile(
    r"(?:^|[ _.-])(?:seg|mask|label|labels|labelmap|dseg|probseg|roi|lesion|brainmask|gt)(?:[ _.-]|$)", re.IGNORECASE
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


def recognise_name(name: str) -> tuple[Modality, str] | None:
    """The sequence that a file or node name speaks of, and the words that say so.

    Understands BraTS (``_t1ce``, ``-t1c``, ``-t2f``), FeTS (``_brain_t1ce``,
    ``_T1GD``), BIDS (``_ce-gadolinium_T1w``, ``_FLAIR``) and plain clinical names
    (``T1 post contrast``). None when the name says nothing, or speaks of another kind
    of series (T2*, diffusion, perfusion, angiography).
    """
    if _OTHER_SERIES.search(name):
        return None
    for modality, patterns in _PATTERNS.items():
        for pattern in patterns:
            found = re.search(rf"(?:^|[ _.-])({pattern})(?:[ _.-]|$)", name, re.IGNORECASE)
            if found:
                return modality, found.group(1)
    return None


def recognise_folder(folder: Path, settled: Collection[Modality] = ()) -> dict[Modality, Path]:
    """The sequences in a patient's folder, from the names of its image files.

    Label maps and masks are passed over, and so are the ``settled`` sequences, which the
    user has named. Raises InputError when the folder tells none, or two files for one
    sequence: a choice between them is the user's.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give a patient's folder or name the files, e.g. --flair FILE.")
    found: dict[Modality, Path] = {}
    for path in sorted(folder.iterdir()):
        stem = image_stem(path)
        if stem is None or _NOT_AN_IMAGE.search(stem):
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
