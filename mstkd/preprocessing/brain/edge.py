"""How much of something the edge of the image cuts off."""

from __future__ import annotations

import numpy as np

from mstkd.preprocessing.grid import Grid

Array = np.ndarray
BEYOND_MM = 10
LARGEST_CUT_CM2 = 60.0
"""Where more than this touches the image's edge, a part is missing; the stem of a whole brain touches it with less."""


def cut_cm2(mask: Array) -> float:
    """The area of a mask ``(H, W, D)`` with 1 mm voxels on the faces of its image."""
    faces = (np.moveaxis(mask, axis, 0)[index] for axis in range(3) for index in (0, -1))
    return sum(int(np.count_nonzero(face)) for face in faces) / 100


def beyond_the_edge(mask: Array, grid: Grid) -> Array:
    """Where a mask ``(H, W, D)`` would go on: points ``(N, 3)``, RAS in mm, 10 mm outside the faces that it touches."""
    points = []
    for axis in range(3):
        for outward, last in ((-BEYOND_MM, 0), (BEYOND_MM, mask.shape[axis] - 1)):
            face = np.argwhere(np.moveaxis(mask, axis, 0)[last])
            points.append(np.insert(face, axis, last + outward, axis=1))
    return np.concatenate(points) @ grid.affine[:3, :3].T + grid.affine[:3, 3]
