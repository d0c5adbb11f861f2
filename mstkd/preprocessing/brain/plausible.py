"""Whether a brain mask looks like a brain: sentences for the user, never a refusal."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mstkd.preprocessing.brain.edge import LARGEST_CUT_CM2, cut_cm2

Array = np.ndarray

BRAIN_ML = (700.0, 2200.0)
"""From a small child's brain to a large one with its fluid."""
MAIN_PART = 0.97


def doubts(mask: Array) -> tuple[str, ...]:
    """What is odd about a mask ``(H, W, D)`` with 1 mm voxels; empty when nothing is.

    Nothing is said of the volume of a brain that the image's edge cuts off.
    """
    found = []
    millilitres = mask.sum() / 1000
    cut = cut_cm2(mask)
    if cut > LARGEST_CUT_CM2:
        found.append("The brain reaches the edge of the image and may be cut off there.")
    if millilitres > BRAIN_ML[1] or (millilitres < BRAIN_ML[0] and cut <= LARGEST_CUT_CM2):
        found.append(f"The brain mask holds {millilitres:.0f} mL, which is no usual brain; check it.")
    parts, count = ndimage.label(mask[::2, ::2, ::2])
    sizes = np.bincount(parts.ravel())[1:]
    if count > 1 and sizes.max() < MAIN_PART * sizes.sum():
        found.append("The brain mask consists of several separate parts; check it.")
    return tuple(found)
