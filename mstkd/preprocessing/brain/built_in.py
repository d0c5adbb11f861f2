"""The brain without a network: thresholds and mathematical morphology, for any sequence. Rough.

Tissue of brain-like brightness is opened with growing balls until what is connected to the
middle of the head is no larger than a brain; this parts it from scalp, neck, eyes and skull base.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mstkd.preprocessing.intensity import head_mask

Array = np.ndarray

STEP = 2
"""Voxels of 2 mm are fine enough for what is rough anyway."""
TALLEST_MM = 155
"""No brain reaches further below the top of the head."""
UPPER_MM = 110
"""The part of the head that holds little but brain, skull and scalp, and never the neck."""
CORE_MM = 25
"""From this depth under the skin the upper head is brain."""
SCALP_MM = 6
TISSUE = (0.6, 1.6)
"""Brightness of brain tissue relative to the core's median; fluid and fat may lie outside, bone does."""
LARGEST_SHARE = 0.63
"""Of the upper head's volume, that a brain takes up."""
OPENINGS_MM = (4, 6, 8, 10, 12)
SMALLEST_PART = 0.1
"""Parts with less than this share of the core do not count; a dark falx may part the hemispheres."""
GROW_MM = 2
CLOSE_MM = 12


def find(image: Array, air: float) -> Array:
    """The brain in an image ``(H, W, D)`` of 1 mm, RAS, as bool; empty where no head is."""
    head, small = _halved(head_mask(image, air).astype(np.float32)) > 0.5, _halved(image)
    out = np.zeros(image.shape, dtype=bool)
    if not head.any():
        return out
    # Padded with the edge's values, so that where the image ends is no skin.
    depth = _distance(np.pad(head, 1, mode="edge"))[1:-1, 1:-1, 1:-1]
    below_top = (np.flatnonzero(head.any(axis=(0, 1)))[-1] - np.arange(head.shape[2])) * STEP
    room = head & (depth > SCALP_MM) & (below_top < TALLEST_MM)
    upper = head & (below_top < UPPER_MM)
    core = upper & (depth > CORE_MM)
    if not core.any():
        return out
    low, high = (share * (np.median(small[core]) - air) + air for share in TISSUE)
    tissue = room & (small > low) & (small < high)
    brain = _filled(_closed(_opened(tissue, core, LARGEST_SHARE * upper.sum())) & room)
    mask = np.repeat(np.repeat(np.repeat(brain, STEP, 0), STEP, 1), STEP, 2)
    out[tuple(slice(n) for n in mask.shape)] = mask
    return out


def _opened(tissue: Array, core: Array, most: float) -> Array:
    """The tissue around the core, opened with the smallest ball that leaves at most ``most`` voxels."""
    inner = _distance(tissue)
    brain = tissue
    for radius in OPENINGS_MM:
        parts, count = ndimage.label(inner > radius)
        in_core = np.bincount(parts[core], minlength=count + 1)
        in_core[0] = 0
        if not in_core.any():
            break
        seeds = (in_core >= SMALLEST_PART * in_core.sum())[parts]
        brain = tissue & _within(seeds, radius + GROW_MM)
        if brain.sum() <= most:
            break
    return brain


def _closed(mask: Array) -> Array:
    rim = CLOSE_MM // STEP + 1
    dilated = _within(np.pad(mask, rim), CLOSE_MM)
    return (_distance(dilated) > CLOSE_MM)[rim:-rim, rim:-rim, rim:-rim]


def _filled(mask: Array) -> Array:
    """Without holes in any slice: a tumour as bright as fat or as dark as bone is brain too."""
    out = mask.copy()
    for axis in range(3):
        for index in range(mask.shape[axis]):
            part = np.moveaxis(out, axis, 0)[index]
            part |= ndimage.binary_fill_holes(part)
    return out


def _within(mask: Array, millimetres: float) -> Array:
    return _distance(~mask) <= millimetres


def _distance(mask: Array) -> Array:
    """Distance to the nearest voxel outside the mask, in mm."""
    return ndimage.distance_transform_edt(mask, sampling=STEP)


def _halved(image: Array) -> Array:
    """Means of blocks of ``STEP`` voxels a side; what is left over at the ends is dropped."""
    i, j, k = (n // STEP for n in image.shape)
    blocks = image[: i * STEP, : j * STEP, : k * STEP].reshape(i, STEP, j, STEP, k, STEP)
    return blocks.mean(axis=(1, 3, 5))
