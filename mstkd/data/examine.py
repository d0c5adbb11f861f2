"""One case's files: what its headers and its label map say, and what is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mstkd.data.grids import apart, difference
from mstkd.data.layouts import Entry
from mstkd.errors import InputError
from mstkd.modalities import REFERENCE_PREFERENCE, Modality
from mstkd.preprocessing import Header, read_header, read_labels

MOST_LABELS = 8
"""A segmentation with more values than this is an image."""


@dataclass
class Examined:
    """A case and what its files said.

    Attributes:
        values: The foreground values of its label map; None while it could not be read.
        problems: Sentences for which it is left out of a datalist.
        remarks: Sentences about it that do not exclude it.
        convention: How its labels are read; None while undecided.
    """

    entry: Entry
    problems: list[str]
    remarks: list[str]
    values: tuple[int, ...] | None = None
    convention: str | None = None

    @property
    def usable(self) -> bool:
        return not self.problems and self.convention is not None


def examine(entry: Entry) -> Examined:
    """Read the headers of a case's images and its label map; nothing is raised, all is noted."""
    case = Examined(entry, list(entry.problems), list(entry.remarks))
    if not entry.images:
        case.problems.append(
            f"{entry.place} has no file for it whose name tells FLAIR, T1, T1Gd or T2; add or rename its files."
        )
    headers: dict[Modality, Header] = {}
    for modality, path in entry.images.items():
        try:
            headers[modality] = read_header(path, entry.channels.get(modality))
        except InputError as error:
            if str(error) not in case.problems:  # once for the channels of one file
                case.problems.append(str(error))
    if entry.label is None:
        # Two segmentations are a problem of their own.
        if not entry.problems:
            case.problems.append(f"{entry.place} has no segmentation for it (a file named seg); add it.")
    else:
        _read_reference(case, entry.label, headers)
    _compare_sequences(case, headers)
    return case


def _read_reference(case: Examined, path: Path, headers: dict[Modality, Header]) -> None:
    try:
        labels = read_labels(path)
        values = np.unique(labels.array[labels.array != 0])
        if not np.array_equal(values, np.rint(values)):
            raise InputError(f"{path} holds fractions, so it is no label map; give the segmentation file.")
        if len(values) > MOST_LABELS:
            raise InputError(f"{path} holds {len(values)} different values, so it is an image; give the segmentation.")
    except InputError as error:
        case.problems.append(str(error))
        return
    case.values = tuple(values.astype(int).tolist())
    if not case.values:
        case.remarks.append(f"{path} is empty (no tumour); remove the case if that is not meant.")
    reference = _reference(headers)
    if reference:
        differs = difference(headers[reference], Header(labels.shape, labels.affine))
        if differs:
            case.problems.append(
                f"{case.entry.images[reference]} and the segmentation {path} differ in {differs}; resample the second "
                "to the grid of the first."
            )


def _compare_sequences(case: Examined, headers: dict[Modality, Header]) -> None:
    reference = _reference(headers)
    for modality, header in headers.items():
        if reference is None or modality is reference:
            continue
        first, second = (case.entry.images[m] for m in (reference, modality))
        if apart(headers[reference], header):
            case.problems.append(
                f"{first} and {second} do not overlap in space, so they are not one examination; replace the wrong one."
            )
        elif differs := difference(headers[reference], header):
            case.remarks.append(
                f"{first} and {second} differ in {differs}; they are resampled by their positions, replace the wrong "
                "one if they should not differ."
            )


def _reference(headers: dict[Modality, Header]) -> Modality | None:
    return next((m for m in REFERENCE_PREFERENCE if m in headers), None)
