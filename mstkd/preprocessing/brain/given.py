"""A brain mask that the user brings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from mstkd.errors import InputError
from mstkd.preprocessing.brain.brain import Brain, Method
from mstkd.preprocessing.brain.plausible import doubts
from mstkd.preprocessing.grid import Grid, resample
from mstkd.preprocessing.volume import Array, Volume, read_labels

ON_HEAD = 0.9
"""A brain lies on the head with at least this share, also one that is drawn generously on a skull-stripped image."""


def read_brain_mask(path: Path, name: str = "") -> Volume:
    """The user's mask on its own grid, ``(I, J, K)`` of 0 and 1; its larger value is the brain.

    Args:
        name: What messages call it, where that is not its path.

    Raises:
        InputError: The file cannot be read or is no mask.
    """
    called = name or str(path)
    try:
        volume = read_labels(path)
    except InputError as error:
        raise InputError(str(error).replace(str(path), called)) from error
    values = np.unique(volume.array)
    if len(values) > 2:
        raise InputError(
            f"{called} is no brain mask, it holds {len(values)} different values; give one with 0 and 1 only."
        )
    if len(values) < 2:
        raise InputError(f"{called} is no brain mask, every voxel is {values[0]:g}; draw or export the mask again.")
    return replace(volume, array=(volume.array == values[1]).astype(np.float32), source=called)


def place_brain_mask(mask: Volume, grid: Grid, head: Array) -> Brain:
    """The user's mask on the working grid.

    Args:
        head: Where the patient's head is on that grid, ``(H, W, D)`` bool.

    Raises:
        InputError: It shows nothing of this head.
    """
    placed = resample(mask.array, Grid(mask.shape, mask.affine), grid) > 0.5
    if not (placed & head).any():
        raise InputError(f"the brain mask {mask.source} does not overlap the head in space; give this patient's mask.")
    found = list(doubts(placed))
    on_head = np.count_nonzero(placed & head) / np.count_nonzero(placed)
    if on_head < ON_HEAD:
        found.append(
            f"Only {on_head:.0%} of the brain mask {mask.source} lies on the head; it seems to belong to another image "
            "or to have lost its place: check it in the report."
        )
    if found:
        found.append("What lies more than 3 mm outside the given brain mask is not segmented.")
    return Brain(placed, Method.GIVEN, tuple(found))
