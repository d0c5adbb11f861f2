"""Whether a case's files lie on one grid, and what differs where they do not."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mstkd.preprocessing import Header

TOLERANCE_MM = 1e-3


def difference(first: Header, second: Header) -> str | None:
    """What two grids disagree in, in words; None when they are the same to 0.001 mm."""
    parts = []
    if first.shape != second.shape:
        parts.append(f"shape ({_times(first.shape)} and {_times(second.shape)} voxels)")
    if np.abs(first.spacing - second.spacing).max() > TOLERANCE_MM:
        parts.append(f"spacing ({_times(first.spacing)} and {_times(second.spacing)} mm)")
    apart = float(np.abs(first.affine - second.affine).max())
    if apart > TOLERANCE_MM and not parts:
        parts.append(f"position or orientation (their affines differ by up to {apart:.3g} mm)")
    return " and ".join(parts) or None


def _times(numbers: Iterable[float]) -> str:
    return " x ".join(f"{number:.4g}" for number in numbers)
