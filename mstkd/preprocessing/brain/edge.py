"""How much of something the edge of the image cuts off."""

from __future__ import annotations

import numpy as np

Array = np.ndarray
LARGEST_CUT_CM2 = 60.0
"""Where more than this touches the image's edge, a part is missing; the stem of a whole brain touches it with less."""


def cut_cm2(mask: Array) -> float:
    """The area of a mask ``(H, W, D)`` with 1 mm voxels on the faces of its image."""
    faces = (np.moveaxis(mask, axis, 0)[index] for axis in range(3) for index in (0, -1))
    return sum(int(np.count_nonzero(face)) for face in faces) / 100
