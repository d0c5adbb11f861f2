"""What a user is told when nothing was found, or something was left out."""

from __future__ import annotations

import numpy as np

from mstkd.preprocessing import Volume

Array = np.ndarray


def left_out_sentences(
    tissues: Array, left_out: Array, whole_tumour: Array, reference: Volume, least: float
) -> list[str]:
    """Whether the result is empty; how much was left out, why, and where to look, in Slicer's letters.

    Args:
        tissues: ``(I, J, K)``, the result on the reference's grid.
        left_out: ``(I, J, K)``, a number for each part that was left out, else 0.
        whole_tumour: ``(I, J, K)``, the probability.
        least: The mean probability that the model asks of a part.
    """
    empty = not tissues.any()
    sizes = np.bincount(left_out[left_out > 0])
    if not sizes.size:
        return ["No tumour was found."] if empty else []
    ml, count = sizes.sum() * reference.voxel_ml, np.count_nonzero(sizes)
    amount = f"{ml:.1f} mL" if ml >= 0.1 else "Less than 0.1 mL"
    largest = np.argwhere(left_out == sizes.argmax())
    place = f"at {_place(reference.affine, largest[whole_tumour[tuple(largest.T)].argmax()])}"
    where = place if count == 1 else f"in {count} parts, the largest {place}"
    said = (
        f"{amount} that may be tumour were left out, {where}: "
        f"the model asks for a mean probability of {100 * least:g} %."
    )
    return [f"No tumour was found of which the model is sure. {said}" if empty else said]


def _place(affine: Array, voxel: Array) -> str:
    x, y, z = affine[:3, :3] @ voxel + affine[:3, 3]
    return f"{_along(x, 'RL')}, {_along(y, 'AP')}, {_along(z, 'SI')} mm"


def _along(mm: float, letters: str) -> str:
    return f"{letters[0] if mm >= 0 else letters[1]} {abs(mm):.0f}"
