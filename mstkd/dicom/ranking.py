"""Which of two stacks of one sequence serves a segmentation better."""

from __future__ import annotations

import math
from collections.abc import Callable

from mstkd.dicom.stack import WHOLE_HEAD_MM, Stack

THIN_MM = 2.1
"""Voxels with no longer edge (2 mm, rounding apart) show a small tumour in every direction."""
CLEARLY = 1.1
"""Lengths and coverages are only told apart beyond this ratio; volumes of voxels beyond its square."""
_CORRECTIONS = ("NORM", "DIS2D", "DIS3D")


def better(a: Stack, b: Stack) -> str:
    """The first reason why ``a`` is to be taken rather than ``b``, as a clause; empty when there is none.

    Compared in this order: whole head, coverage, thin slices, original before reformat,
    magnitude before real or imaginary part, longest voxel edge, voxel volume, axial plane (where slices
    are thick), and the scanner's corrections of distortion and coil sensitivity.
    """
    for clause, measure, ratio in _MEASURES:
        first, second = measure(a), measure(b)
        if max(first, second) > ratio * min(first, second):
            return f"the chosen one {clause}" if first > second else ""
    return ""


def _covered(stack: Stack) -> float:
    """Share of a whole head's extent that is seen, where it is least."""
    return min(1.0, *(mm / wanted for mm, wanted in zip(stack.coverage_mm, WHOLE_HEAD_MM, strict=True)))


def _thin(stack: Stack) -> bool:
    return max(stack.spacing) <= THIN_MM


_MEASURES: tuple[tuple[str, Callable[[Stack], float], float], ...] = (
    ("shows the whole head", lambda s: s.whole_head, 1.0),
    ("shows more of the head", _covered, CLEARLY),
    ("has thin slices", _thin, 1.0),
    ("is an original, not a reformat", lambda s: not s.reformat, 1.0),
    ("is the magnitude image", lambda s: s.magnitude, 1.0),
    ("has thinner slices", lambda s: 1 / max(s.spacing), CLEARLY),
    ("has smaller voxels", lambda s: 1 / math.prod(s.spacing), CLEARLY**2),
    ("is axial", lambda s: _thin(s) or s.plane == "axial", 1.0),
    ("is corrected by the scanner", lambda s: sum(word in _CORRECTIONS for word in s.image_type), 1.0),
)
"""Clause, what is better the higher it is, and the ratio from which it counts."""
