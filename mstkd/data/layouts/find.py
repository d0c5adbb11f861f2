"""Which layout a folder or a list has, or at which level the data set lies instead."""

from __future__ import annotations

from pathlib import Path

from mstkd.data.layouts import bids, decathlon, patients, table
from mstkd.data.layouts.entry import Finding
from mstkd.data.layouts.folder import images_in
from mstkd.errors import InputError
from mstkd.recognition import image_stem, recognise_name


def find_cases(source: Path) -> list[Finding]:
    """The cases of a data set's folder, or of a list; several findings when sets lie side by side.

    Raises:
        InputError: The folder lies a level too high or too deep, or holds no images.
    """
    if source.is_file():
        return [table.find(source)]
    if not source.is_dir():
        raise InputError(f"{source} does not exist; give the folder of a data set or a list (.csv or .json).")
    source = source.absolute()  # so that its name and its parent can be told
    for layout in (decathlon, bids):
        finding = layout.find(source)
        if finding is not None:
            return [finding]
    _refuse_wrong_level(source)
    findings = patients.find(source)
    if not findings:
        raise _nothing(source)
    return findings


def _refuse_wrong_level(folder: Path) -> None:
    below = sorted(child for child in folder.iterdir() if child.is_dir())
    inside = [child for child in below if decathlon.is_decathlon(child) or bids.anatomy(child)]
    if inside:
        raise InputError(f"{folder} is one level too high; give the data set itself, e.g. {inside[0]}.")
    if decathlon.is_decathlon(folder.parent):
        raise InputError(f"{folder} is one level too deep; give the data set's folder {folder.parent}.")
    if folder.name.startswith("sub-") and (list(folder.glob("anat")) or list(folder.glob("ses-*/anat"))):
        raise _one_patient(folder)


def _nothing(folder: Path) -> InputError:
    images = images_in(folder)
    told = [found for path in images if (found := recognise_name(image_stem(path) or "").modality)]
    if len(told) > len(set(told)):
        return InputError(
            f"{folder} holds the files of many patients side by side; give each patient a folder, or give a list (CSV)."
        )
    if told:
        return _one_patient(folder)
    return InputError(f"{folder} holds no images (NIfTI, NRRD or MetaImage) of patients; give a data set's folder.")


def _one_patient(folder: Path) -> InputError:
    return InputError(f"{folder} is the folder of one patient; give the folder above, {folder.parent}.")
