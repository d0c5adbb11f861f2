"""Whether a case's files lie on one grid, and what differs where they do not."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np

from mstkd.preprocessing import Header

Array = np.ndarray
TOLERANCE_MM = 1e-3


def difference(first: Header, second: Header) -> str | None:
    """What two grids disagree in, in words; None when they are the same to 0.001 mm."""
    parts = []
    if first.shape != second.shape:
        parts.append(f"shape ({_times(first.shape)} and {_times(second.shape)} voxels)")
    if np.abs(first.spacing - second.spacing).max() > TOLERANCE_MM:
        parts.append(f"spacing ({_times(first.spacing)} and {_times(second.spacing)} mm)")
    distance = float(np.abs(first.affine - second.affine).max())
    if distance > TOLERANCE_MM and not parts:
        parts.append(f"position or orientation (their affines differ by up to {distance:.3g} mm)")
    return " and ".join(parts) or None


def apart(first: Header, second: Header) -> bool:
    """Whether two grids have no place in common, by the boxes around them."""
    (low, high), (other_low, other_high) = _box(first), _box(second)
    return bool((np.maximum(low, other_low) >= np.minimum(high, other_high)).any())


def _box(header: Header) -> tuple[Array, Array]:
    """The lowest and highest world coordinates of the voxel centres, each ``(3,)`` in mm."""
    ends = [(0, size - 1) for size in header.shape]
    corners = np.array(list(itertools.product(*ends))) @ header.affine[:3, :3].T + header.affine[:3, 3]
    return corners.min(axis=0), corners.max(axis=0)


def _times(numbers: Iterable[float]) -> str:
    return " x ".join(f"{number:.4g}" for number in numbers)
