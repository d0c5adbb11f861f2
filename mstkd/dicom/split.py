"""From the images of one series to stacks, each of which is one volume."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import TypeVar

import numpy as np
from pydicom import dcmread

from mstkd.dicom.frames import Frame
from mstkd.dicom.header import frame_headers
from mstkd.dicom.layout import by_place, lay_out
from mstkd.dicom.pixels import read_slices
from mstkd.dicom.stack import Stack
from mstkd.errors import InputError
from mstkd.preprocessing.volume import MIN_VOXELS_PER_AXIS
from mstkd.recognition import Recognition
from mstkd.recognition.headers import recognise_header
from mstkd.words import counted

T = TypeVar("T")
PARALLEL = 5e-4
"""Largest difference of direction cosines (0.03 degrees) and of pixel spacing (mm) within a stack."""
_DIFFERENCES: tuple[tuple[str, Callable[[Frame], Hashable]], ...] = (
    ("matrix", lambda f: f.matrix),
    ("image type", lambda f: f.contrast[0]),
    ("echo time", lambda f: f.contrast[1]),
    ("inversion time", lambda f: f.contrast[2]),
    ("b-value", lambda f: f.contrast[3]),
    ("frame of reference", lambda f: f.contrast[4]),
    ("orientation", lambda f: tuple(np.round(f.orientation, 2))),
    ("pixel spacing", lambda f: tuple(np.round(f.pixel_spacing, 2))),
    ("time point", lambda f: f.repetition[0]),
    ("acquisition", lambda f: f.repetition[1]),
    ("echo", lambda f: f.repetition[2]),
)


def make_stacks(frames: Sequence[Frame]) -> tuple[Stack, ...]:
    """The stacks of one series, in the order of its image numbers."""
    groups = sorted(split(frames), key=lambda group: min((f.instance, f.uid, f.index) for f in group))
    places = [by_place(group) for group in groups]
    recognitions = _recognise([place[0][0] for place in places])
    parts = range(1, len(groups) + 1) if len(groups) > 1 else (0,)
    return tuple(_make_stack(*stack) for stack in zip(places, parts, recognitions, strict=False))


def partition(items: Iterable[T], key: Callable[[T], Hashable]) -> list[list[T]]:
    """Items of one key together, in the order of their first."""
    parts: dict[Hashable, list[T]] = {}
    for item in items:
        parts.setdefault(key(item), []).append(item)
    return list(parts.values())


def split(frames: Iterable[Frame]) -> list[list[Frame]]:
    """Slices of equal matrix, contrast, orientation and spacing together; repeated acquisitions apart."""
    groups: list[list[Frame]] = []
    for alike in partition(frames, lambda f: (f.matrix, f.contrast)):
        parallel: list[list[Frame]] = []
        for frame in sorted(alike, key=lambda f: (f.instance, f.uid, f.index)):
            group = next((group for group in parallel if _parallel(group[0], frame)), None)
            if group is None:
                parallel.append([frame])
            else:
                group.append(frame)
        groups += [part for group in parallel for part in _split_repetitions(group)]
    return groups


def differences(stacks: Sequence[Stack]) -> str:
    """What the stacks of a series differ in, for people."""
    firsts = [stack.layout.frames[0] for stack in stacks]
    return ", ".join(name for name, value in _DIFFERENCES if len({value(frame) for frame in firsts}) > 1)


def _parallel(a: Frame, b: Frame) -> bool:
    return np.allclose(a.orientation + a.pixel_spacing, b.orientation + b.pixel_spacing, rtol=0, atol=PARALLEL)


def _split_repetitions(frames: list[Frame]) -> list[list[Frame]]:
    """Apart by the first of time point, acquisition and echo of which one value covers every position."""
    places = by_place(frames)
    if len(places) == len(frames):
        return [frames]
    for which in range(len(frames[0].repetition)):
        parts = _apart(frames, which)
        if len(parts) > 1 and max(len(by_place(part)) for part in parts) == len(places):
            return [smaller for part in parts for smaller in _split_repetitions(part)]
    return [frames]


def _apart(frames: list[Frame], which: int) -> list[list[Frame]]:
    return partition(frames, lambda frame: frame.repetition[which])


def _make_stack(places: Sequence[Sequence[Frame]], part: int, recognition: Recognition) -> Stack:
    refusal, warnings = "", []
    try:
        repeated, refusal = _compare(places)
        if repeated:
            warnings.append(f"holds {repeated} of its slices twice with the same pixels; each was used once.")
    except InputError as error:
        refusal = f"is not usable: {error}"
    layout = lay_out([place[0] for place in places])
    first = layout.frames[0]
    if not refusal and min(len(places), *first.matrix) < MIN_VOXELS_PER_AXIS:
        rows, columns = first.matrix
        refusal = f"has only {counted(len(places), 'slice')} of {columns} x {rows}, too few for a head."
    return Stack(
        number=first.origin.number,
        description=first.origin.description,
        part=part,
        layout=layout,
        recognition=recognition,
        refusal=refusal or layout.refusal,
        warnings=(*warnings, *layout.warnings),
    )


def _compare(places: Sequence[Sequence[Frame]]) -> tuple[int, str]:
    """How many images repeat another one at their position, and the refusal when one there differs."""
    repeated = 0
    for place in places:
        if len(place) == 1:
            continue
        first, *others = read_slices(tuple(place))
        for frame, pixels in zip(place[1:], others, strict=True):
            if not np.array_equal(first, pixels):
                pair = f"{place[0].path} and {frame.path}"
                return repeated, f"holds different images at one position ({pair}); remove the wrong ones."
            repeated += 1
    return repeated, ""


def _recognise(frames: Sequence[Frame]) -> list[Recognition]:
    """The sequence of each image from its whole header, read again because a folder has too many to keep."""
    headers = {
        path: list(frame_headers(dcmread(path, stop_before_pixels=True))) for path in {frame.path for frame in frames}
    }
    return [recognise_header(headers[frame.path][frame.index]) for frame in frames]
