"""Which of two volumes of one sequence serves a segmentation better; the engine's reasons for DICOM series."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import vtk

from .Translation import _
from .Witnesses import Reading

WHOLE_HEAD_MM = np.array([130.0, 150.0, 110.0])
"""Width, length and height that a field of view needs to show a whole brain."""
THIN_MM = 2.1
"""Voxels with no longer edge show a small tumour in every direction."""
CLEARLY = 1.1
"""Lengths are only told apart beyond this ratio, volumes of voxels beyond its square."""


def better(one: Reading, other: Reading) -> str:
    """The first reason to take ``one`` rather than ``other``, a clause; empty when there is none."""
    for clause, measure, ratio in _MEASURES:
        first, second = measure(one), measure(other)
        if max(first, second) > ratio * min(first, second):
            return clause if first > second else ""
    return ""


def _covered(reading: Reading) -> float:
    """Share of a whole head that is seen, along the axis where it is least."""
    matrix = vtk.vtkMatrix4x4()
    reading.node.GetIJKToRASMatrix(matrix)
    columns = np.array([[matrix.GetElement(row, column) for column in range(3)] for row in range(3)])
    extent = np.linalg.norm(columns, axis=0) * reading.node.GetImageData().GetDimensions()
    axes = max(itertools.permutations(range(3)), key=lambda order: sum(abs(columns[order, range(3)])))
    return min(1.0, float((extent / WHOLE_HEAD_MM[list(axes)]).min()))


def _thickest(reading: Reading) -> float:
    return max(reading.node.GetSpacing())


_MEASURES: tuple[tuple[str, Callable[[Reading], float], float], ...] = (
    (_("it shows more of the head"), _covered, CLEARLY),
    (_("it has thin slices"), lambda reading: _thickest(reading) <= THIN_MM, 1.0),
    (_("it is an original, not a reformat"), lambda reading: not reading.recognition.reformat, 1.0),
    (_("it has thinner slices"), lambda reading: 1 / _thickest(reading), CLEARLY),
    (_("it has smaller voxels"), lambda reading: 1 / math.prod(reading.node.GetSpacing()), CLEARLY**2),
)
"""Clause, what is better the higher it is, and the ratio from which it counts."""
