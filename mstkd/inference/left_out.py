"""What a user is told when nothing was found, or something was left out."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mstkd.inference.postprocessing import Cleaned, largest_part
from mstkd.preprocessing import Volume

Array = np.ndarray


def left_out_sentences(
    cleaned: Cleaned, whole_tumour: Array, brain: Array, reference: Volume, least: float
) -> list[str]:
    """Whether the result is empty; how much was left out, why, and where to look.

    The place is that of the surest voxel of the largest part.

    Args:
        cleaned: The result, on the reference's grid.
        whole_tumour: ``(I, J, K)``, the probability.
        brain: ``(I, J, K)`` bool, from whose middle the place is told.
        least: The mean probability that the model asks of a part.
    """
    tissues, left_out = cleaned
    sizes = np.bincount(left_out[left_out > 0])
    if not sizes.size:
        return [] if tissues.any() else ["No tumour was found, which does not mean that there is none."]
    ml, count = sizes.sum() * reference.voxel_ml, np.count_nonzero(sizes)
    largest = np.argwhere(largest_part(left_out))
    surest = largest[whole_tumour[tuple(largest.T)].argmax()]
    place = _place(reference.affine[:3, :3] @ (surest - ndimage.center_of_mass(brain)))
    where = place if count == 1 else f"in {count} parts, the largest {place}"
    said = (
        f"{ml:.1f} mL that may be tumour were left out, {where}: "
        f"the model is not sure enough of them (mean probability under {100 * least:g} %); look there."
    )
    return [said if tissues.any() else f"No tumour was found of which the model is sure. {said}"]


def _place(offset: Array) -> str:
    """From an offset ``(3,)`` to RAS+ in mm."""
    words = ("to the patient's left", "to the patient's right"), ("posterior", "anterior"), ("inferior", "superior")
    x, y, z = (f"{abs(mm):.0f} mm {either[int(mm >= 0)]}" for mm, either in zip(offset, words, strict=True))
    return f"{x}, {y} and {z} of the brain's middle"
