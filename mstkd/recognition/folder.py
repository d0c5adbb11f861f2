"""Which image files of a folder are which sequence."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from mstkd.errors import InputError
from mstkd.modalities import Modality, ordered
from mstkd.recognition.acquisition import read_sidecar
from mstkd.recognition.headers import recognise_acquisition
from mstkd.recognition.names import recognise_name
from mstkd.recognition.recognition import Recognition

_IMAGE_SUFFIXES = (".nii.gz", ".nii", ".nrrd", ".mha", ".mhd")
_NOT_AN_IMAGE = re.compile(
    r"(?:^|[ _.-])"
    r"(?:seg|segm|segmentations?|mask|label|labels|labelmap|dseg|probseg|roi|lesion|brainmask|gt)"
    r"(?:[ _.-]|$)",
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


def recognise_file(path: Path) -> Recognition:
    """The sequence of an image file, from its name and, where one lies beside it, its JSON sidecar.

    Sidecars are those that dcm2niix writes and BIDS defines: ``x.json`` for ``x.nii.gz``.
    """
    stem = image_stem(path) or path.name
    parameters = read_sidecar(path, stem)
    return recognise_name(stem) if parameters is None else recognise_acquisition(parameters, stem)


def recognise_folder(
    folder: Path, settled: Collection[Modality] = (), taken: Collection[Path] = ()
) -> dict[Modality, Path]:
    """The sequences in a patient's folder, from the names and sidecars of its image files.

    A BIDS subject or session folder is searched in its ``anat`` folder.

    Label maps and masks are passed over, and so are the ``settled`` sequences and the files
    ``taken`` for them, which the user has named, and series of other kinds. Raises InputError
    when the folder tells none, or two files for one sequence, or when what a file is remains
    in doubt: these choices are the user's, also between an original and its reformat.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give a patient's folder or name the files, e.g. --flair FILE.")
    found: dict[Modality, Path] = {}
    for path in sorted(_image_folder(folder).iterdir()):
        stem = image_stem(path)
        if stem is None or path.name.startswith(".") or names_a_label_map(stem):
            continue
        if any(path.samefile(other) for other in taken):
            continue
        answer = recognise_file(path)
        if answer.conflict and not set(answer.candidates) <= set(settled):
            option = next(m for m in answer.candidates if m not in settled).value
            raise InputError(
                f"{folder} holds {path.name}, which is in doubt: {answer.conflict}; "
                f"name the right file with --{option} FILE or move this one away."
            )
        if answer.modality is None or answer.modality in settled:
            continue
        modality = answer.modality
        if modality in found:
            raise InputError(
                f"{folder} holds two {modality.label} files, {found[modality].name} and {path.name}; "
                f"name the right one with --{modality.value} FILE."
            )
        found[modality] = path
    if not found and not settled:
        raise InputError(_nothing_told(folder))
    return {m: found[m] for m in ordered(found)}


def _nothing_told(folder: Path) -> str:
    names = sorted(path.name for path in _image_folder(folder).iterdir() if image_stem(path))
    images = [name for name in names if not names_a_label_map(image_stem(Path(name)) or "")]
    if images:
        return (
            f"{folder} holds no file whose name tells FLAIR, T1, T1Gd or T2; name the files, e.g. "
            f"--flair {folder / images[0]}."
        )
    if names:
        return f"{folder} holds no image, only what its name calls a segmentation ({names[0]}); give the MR images."
    return f"{folder} holds no image files; give the folder that holds the MR images."


def _image_folder(folder: Path) -> Path:
    """The folder itself, or the only ``anat`` folder of a BIDS subject or session."""
    anatomy = [*folder.glob("anat"), *folder.glob("ses-*/anat")]
    if len(anatomy) > 1:
        raise InputError(f"{folder} holds several sessions; give one of them, e.g. {anatomy[0].parent}.")
    return anatomy[0] if anatomy else folder
