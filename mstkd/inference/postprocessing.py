"""Clean-up of a label map: what no reader would call a glioma."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import ndimage

from mstkd.regions import Region, Tissue, region_mask

Array = np.ndarray
SMALLEST_TUMOUR_ML = 0.1
SMALLEST_ENHANCEMENT_ML = 0.03


def largest_part(parts: Array) -> Array:
    """``(I, J, K)`` bool from the numbers of one part or more, 0 elsewhere."""
    return parts == np.bincount(parts[parts > 0]).argmax()


def inside(values: Array, brain: Array) -> Array:
    """A copy that is 0 outside the brain.

    Args:
        values: ``(I, J, K)``, our classes (0 is background) or another map.
        brain: ``(I, J, K)`` bool, with its margin.
    """
    return np.where(brain, values, values.dtype.type(0))


class Cleaned(NamedTuple):
    """A label map after clean-up.

    Attributes:
        tissues: ``(I, J, K)`` of our classes.
        left_out: ``(I, J, K)``, a number for each part of 0.1 mL or more that is not in it because it was not sure
            enough; 0 elsewhere.
    """

    tissues: Array
    left_out: Array


def clean(tissues: Array, whole_tumour: Array, voxel_ml: float, least: float = 0.0) -> Cleaned:
    """Without whole-tumour parts under 0.1 mL or of which the network is not sure; ET parts under 0.03 mL become NETC.

    Parts are connected through faces, edges and corners. The largest part of the whole
    tumour stays however small it is, so that a tiny tumour is not lost, if it is sure enough.

    Args:
        tissues: ``(I, J, K)`` of our classes.
        whole_tumour: ``(I, J, K)``, the probability of the whole tumour.
        voxel_ml: Volume of a voxel in mL.
        least: Mean probability that a part must reach; 0 asks for nothing.
    """
    out = tissues.copy()
    parts, sizes = _parts(region_mask(out, Region.WT))
    small = sizes * voxel_ml < SMALLEST_TUMOUR_ML
    found = parts > 0
    unsure = np.bincount(parts[found], weights=whole_tumour[found], minlength=sizes.size) < least * sizes
    largest = sizes.argmax()
    small[largest] &= unsure[largest]  # a tiny tumour is none of the specks, unless it is unsure
    out[(small | unsure)[parts]] = Tissue.BACKGROUND
    left_out = np.where((unsure & ~small)[parts], parts, 0)
    parts, sizes = _parts(out == Tissue.ET)
    small = sizes * voxel_ml < SMALLEST_ENHANCEMENT_ML
    small[0] = False
    out[small[parts]] = Tissue.NETC
    return Cleaned(out, left_out)


def _parts(mask: Array) -> tuple[Array, Array]:
    """Component numbers per voxel and voxel counts per number; number 0, the rest, counts 0."""
    parts, _ = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return parts, sizes
