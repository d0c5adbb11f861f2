"""From a stack to a volume."""

from __future__ import annotations

import numpy as np

from mstkd.dicom.pixels import read_slices
from mstkd.dicom.stack import Stack
from mstkd.errors import InputError
from mstkd.preprocessing.volume import Volume, check_volume


def read_stack(stack: Stack) -> Volume:
    """Read a stack's pixels; a missing slice becomes the mean of its neighbours, with a warning.

    The array is ``(columns, rows, slices)``, the slices along the normal of rows x columns.

    Raises:
        InputError: The stack cannot be read as one volume, a file cannot be decoded, or
            the volume makes no sense.
    """
    source = f"{stack.name} (DICOM)"
    if stack.refusal:
        raise InputError(f"{source} {stack.refusal}")
    array = np.empty(stack.shape, dtype=np.float32)
    for place, pixels in zip(stack.layout.places, read_slices(stack.layout.frames), strict=True):
        array[:, :, place] = pixels.T
    for place in stack.layout.missing:
        array[:, :, place] = (array[:, :, place - 1] + array[:, :, place + 1]) / 2
    volume = Volume(array, stack.affine, source, warnings=tuple(f"{source} {clause}" for clause in stack.warnings))
    check_volume(volume)
    if array.min() == array.max():
        raise InputError(f"{source} is empty (every voxel is {array.flat[0]:g}); export the series again.")
    return volume
