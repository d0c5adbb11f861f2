"""Correction of strong bias fields, the brightening towards the receiving coils."""

from __future__ import annotations

import numpy as np
import SimpleITK as sitk

from mstkd.preprocessing.grid import bounding_box
from mstkd.preprocessing.intensity import normalise

Array = np.ndarray

STRONG = 0.07
"""Standard deviation of a field's logarithm in the brain above which it is corrected: 21 of the 123 sequences of the
shipped model's training and validation patients have more; weaker ones its network knows."""
SHRINK = 8
"""The field is found on every eighth voxel."""
ITERATIONS = (50, 50)
"""At most, with one mesh element over the image and with two along each axis; a finer mesh follows large tumours."""
CONVERGENCE = 1e-3
WHOLE_MM = (115, 150, 95)
"""Left to right, back to front, bottom to top: less is a part of a brain, where a tumour may be taken for a field."""
FLOOR = 0.3
"""The darkest voxel's value in standard deviations, since z-scored images have no zero of their own."""


def without_strong_field(scored: Array, measured: Array) -> Array | None:
    """The z-scored image divided by its bias field and z-scored anew, or None where no strong field was found.

    N4 (Tustison et al., IEEE Trans. Med. Imaging 2010) in SimpleITK.

    Args:
        scored: ``(H, W, D)`` float32 of 1 mm in RAS+, as `normalise` gives it; 0 is what is not shown.
        measured: Whose voxels give percentiles, mean and deviation, ``(H, W, D)`` bool.
    """
    inside = scored != 0
    counted = inside & measured
    shown = (part.stop - part.start for part in bounding_box(inside))
    if not counted.any() or any(mm < whole for mm, whole in zip(shown, WHOLE_MM, strict=True)):
        return None
    positive = np.where(inside, scored - scored[inside].min() + FLOOR, 0).astype(np.float32)
    logarithm = _log_field(positive, inside)
    if logarithm[counted].std() <= STRONG:
        return None
    even = np.zeros_like(positive)  # far outside, where it is extrapolated, the field has no bounds
    even[inside] = positive[inside] * np.exp(-logarithm[inside])
    return normalise(even, inside, 0.0, measured)


def _log_field(image: Array, inside: Array) -> Array:
    whole, where = (sitk.GetImageFromArray(array) for array in (image, inside.astype(np.uint8)))
    n4 = sitk.N4BiasFieldCorrectionImageFilter()
    n4.SetMaximumNumberOfIterations(ITERATIONS)
    n4.SetConvergenceThreshold(CONVERGENCE)
    n4.Execute(sitk.Shrink(whole, [SHRINK] * 3), sitk.Shrink(where, [SHRINK] * 3))
    return sitk.GetArrayFromImage(n4.GetLogBiasFieldAsImage(whole))
