"""Whether an image is skull-stripped already."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mstkd.preprocessing.brain.edge import LARGEST_CUT_CM2, cut_cm2

Array = np.ndarray

STEP = 4
"""Shapes are looked at on every fourth voxel (mm)."""
MIN_AIR = 0.05
"""Share of the image that a brain leaves free, also in a tight box."""
MOST_SPECKS = 0.005
"""Share of what lies outside the largest part that may differ from air; noise fills much more."""
LARGEST_BRAIN_ML = 2100.0
"""A head that is seen whole is larger, even without its neck (2150 mL was the smallest seen, and cut off)."""
SCALP_MM, SKULL_MM = (4, 8), ((8, 12), (12, 16))
"""Depths under the surface at which a head shows its scalp and its skull; a brain shows cortex at all of them."""
DARK = 0.35
"""What is darker than this, from 0 (darkest) to 1 (median of the deep tissue), counts as dark."""


def is_stripped(image: Array, air: float) -> bool:
    """Whether an image ``(H, W, D)`` with 1 mm voxels shows a brain without skull and scalp.

    Around a stripped brain everything is exactly ``air``, so an image with noise around the
    head is none. A head whose surroundings were set to air (defaced, masked) is too large;
    where the image's edge cuts it off, its dark skull under the brighter scalp tells: a
    brain is darkest at its surface.
    """
    support = image[::STEP, ::STEP, ::STEP] != air
    parts, count = ndimage.label(support)
    if count == 0:
        return False
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    body = ndimage.binary_fill_holes(parts == sizes.argmax())
    outside = ~body
    if outside.mean() < MIN_AIR or (support & outside).sum() > MOST_SPECKS * outside.sum():
        return False
    if body.sum() * STEP**3 / 1000 > LARGEST_BRAIN_ML:
        return False
    return cut_cm2(image != air) <= LARGEST_CUT_CM2 or not _has_skull(image[::STEP, ::STEP, ::STEP], body)


def _has_skull(image: Array, body: Array) -> bool:
    # Padded with the edge's values, so that where the image ends is no surface.
    depth = ndimage.distance_transform_edt(np.pad(body, 4, mode="edge"))[4:-4, 4:-4, 4:-4] * STEP
    deep = image[depth > SKULL_MM[-1][1]]
    if deep.size == 0:
        return False
    darkest = np.percentile(image[body], 0.5)
    dark = image - darkest < DARK * (np.median(deep) - darkest)

    def share(low: float, high: float) -> float:
        shell = body & (depth > low) & (depth <= high)
        return float(dark[shell].mean()) if shell.any() else 0.0

    return max(share(*depths) for depths in SKULL_MM) > share(*SCALP_MM)
