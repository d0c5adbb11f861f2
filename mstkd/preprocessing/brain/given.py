"""A brain mask that the user brings."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mstkd.errors import InputError
from mstkd.preprocessing.brain.brain import Brain, Method
from mstkd.preprocessing.brain.plausible import doubts
from mstkd.preprocessing.grid import Grid, resample
from mstkd.preprocessing.volume import read_labels


def read_brain_mask(path: Path, grid: Grid) -> Brain:
    """The user's mask, on any grid of its own, brought to ``grid``; its larger value is the brain.

    Raises:
        InputError: The file cannot be read, is no mask, or shows nothing on ``grid``.
    """
    volume = read_labels(path)
    values = np.unique(volume.array)
    if len(values) > 2:
        raise InputError(
            f"{path} is no brain mask, it holds {len(values)} different values; give one with 0 and 1 only."
        )
    if len(values) < 2:
        raise InputError(f"{path} is no brain mask, every voxel is {values[0]:g}; draw or export the mask again.")
    inside = (volume.array == values[1]).astype(np.float32)
    mask = resample(inside, Grid(volume.shape, volume.affine), grid) > 0.5
    if not mask.any():
        raise InputError(f"the brain mask {path} does not overlap the images in space; give this patient's mask.")
    return Brain(mask, Method.GIVEN, doubts(mask))
