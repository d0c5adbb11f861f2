"""Clean-up of a label map: what no reader would call a glioma."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mstkd.regions import Region, Tissue, region_mask

Array = np.ndarray
SMALLEST_TUMOUR_ML = 0.1
SMALLEST_ENHANCEMENT_ML = 0.03


def inside(values: Array, brain: Array) -> Array:
    """A copy that is 0 outside the brain.

    Args:
        values: ``(I, J, K)``, our classes (0 is background) or another map.
        brain: ``(I, J, K)`` bool, with its margin.
    """
    return np.where(brain, values, values.dtype.type(0))


def remove_unsure(tissues: Array, whole_tumour: Array, least: float) -> Array:
    """A copy without the whole-tumour parts of which the network is less sure; all may go.

    Parts are connected through faces, edges and corners.

    Args:
        tissues: ``(I, J, K)`` of our classes.
        whole_tumour: ``(I, J, K)``, its probability.
        least: Mean probability that a part must reach to stay; 0 keeps all.
    """
    out = tissues.copy()
    parts, sizes = _parts(region_mask(out, Region.WT))
    sums = np.bincount(parts.ravel(), weights=whole_tumour.ravel())
    out[(sums < least * sizes)[parts]] = Tissue.BACKGROUND
    return out


def remove_specks(tissues: Array, voxel_ml: float) -> Array:
    """A copy without whole-tumour parts under 0.1 mL; enhancing parts under 0.03 mL become NETC.

    Parts are connected through faces, edges and corners. The largest part of the whole
    tumour stays however small it is, so that a tiny tumour is not lost.

    Args:
        tissues: ``(I, J, K)`` of our classes.
        voxel_ml: Volume of a voxel in mL.
    """
    out = tissues.copy()
    parts, sizes = _parts(region_mask(out, Region.WT))
    small = sizes * voxel_ml < SMALLEST_TUMOUR_ML
    small[sizes.argmax()] = False
    out[small[parts]] = Tissue.BACKGROUND
    parts, sizes = _parts(out == Tissue.ET)
    small = sizes * voxel_ml < SMALLEST_ENHANCEMENT_ML
    small[0] = False
    out[small[parts]] = Tissue.NETC
    return out


def _parts(mask: Array) -> tuple[Array, Array]:
    """Component numbers per voxel and voxel counts per number; number 0, the rest, counts 0."""
    parts, _ = ndimage.label(mask, structure=np.ones((3, 3, 3)))
    sizes = np.bincount(parts.ravel())
    sizes[0] = 0
    return parts, sizes
