"""What a user is told of parts that were left out of a result."""

from __future__ import annotations

import numpy as np

from mstkd.preprocessing import Volume

Array = np.ndarray


def left_out_sentence(left_out: Array, whole_tumour: Array, reference: Volume, least: float) -> str:
    """How much was left out, why, and where to look, in Slicer's letters.

    Args:
        left_out: ``(I, J, K)`` bool on the reference's grid, somewhere True.
        whole_tumour: ``(I, J, K)``, the probability.
        least: The mean probability that the model asks of a part.
    """
    ml = np.count_nonzero(left_out) * reference.voxel_ml
    surest = np.unravel_index(np.where(left_out, whole_tumour, 0).argmax(), left_out.shape)
    x, y, z = reference.affine[:3, :3] @ surest + reference.affine[:3, 3]
    place = f"{_along(x, 'RL')}, {_along(y, 'AP')}, {_along(z, 'SI')} mm"
    return (
        f"{ml:.1f} mL that may be tumour were left out, the surest of it at {place}: "
        f"the model asks for a mean probability of {100 * least:.0f} %."
    )


def _along(mm: float, letters: str) -> str:
    return f"{letters[0] if mm >= 0 else letters[1]} {abs(mm):.0f}"
