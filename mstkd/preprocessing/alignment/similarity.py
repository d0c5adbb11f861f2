"""How well a sequence fits the reference at a position: mutual information at fixed points.

Mutual information (Wells et al. 1996; Maes et al. 1997) of the grey values that the two
volumes have at the same random points in and just around the reference's head. The points
lie off the voxel grid, so that no position has the advantage of needing no interpolation.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mstkd.preprocessing.alignment.head import Head, transform
from mstkd.preprocessing.grid import Array
from mstkd.preprocessing.intensity import air_value
from mstkd.preprocessing.volume import Volume

BINS = 32
RIM = 2
"""Points lie up to this many voxels (3 mm) outside the head, whose outline tells most about where it lies."""
LEAST_OVERLAP = 0.3
"""Where a smaller share of the points lies in the moving volume, a similarity says nothing and counts as 0."""


class Similarity:
    """Mutual information (nats) of a moving volume with a fixed one as a function of the motion.

    Attributes:
        points: World coordinates (RAS, mm) where the two are compared, ``(N, 3)``.
    """

    def __init__(self, fixed: Head, moving: Volume, points: int) -> None:
        around = ndimage.binary_dilation(fixed.mask, iterations=RIM)
        where = np.argwhere(around)
        random = np.random.default_rng(0)
        index = where[random.integers(len(where), size=points)] + random.uniform(-0.5, 0.5, (points, 3))
        candidates = transform(fixed.grid.affine, index)
        values = grey_values(fixed.volume, candidates, np.eye(4))
        seen = np.isfinite(values)
        self.points = candidates[seen]
        self._fixed_bins = BINS * bin_numbers(values[seen], grey_range(values[seen]))
        self._moving = moving
        self._range = _tissue_range(moving)

    def __call__(self, motion: Array) -> float:
        values = grey_values(self._moving, self.points, motion)
        seen = np.isfinite(values)
        if seen.mean() < LEAST_OVERLAP:
            return 0.0
        pairs = self._fixed_bins[seen] + bin_numbers(values[seen], self._range)
        joint = np.bincount(pairs, minlength=BINS * BINS).reshape(BINS, BINS) / pairs.size
        return entropy(joint.sum(axis=0)) + entropy(joint.sum(axis=1)) - entropy(joint)


def grey_values(volume: Volume, points: Array, motion: Array) -> Array:
    """Trilinear values ``(N,)`` of a moved volume at world points, NaN outside its field of view."""
    index = transform(np.linalg.inv(motion @ volume.affine), points).T
    return ndimage.map_coordinates(volume.array, index, np.float32, order=1, cval=np.nan)


def seen_share(volume: Volume, points: Array, motion: Array) -> float:
    """The share of the points inside a moved volume's field of view."""
    return float(np.isfinite(grey_values(volume, points, motion)).mean())


def _tissue_range(volume: Volume) -> tuple[float, float]:
    """The range of what is not air, so that the bins are the same wherever the volume lies."""
    steps = (int(n) for n in np.maximum(1, 4 // volume.spacing))
    values = volume.array[tuple(slice(None, None, n) for n in steps)]
    return grey_range(values[values != air_value(volume.array)])


def grey_range(values: Array) -> tuple[float, float]:
    """Percentiles 0.5 and 99.5, so that a few bright vessels do not take all the bins."""
    if not values.size:
        return 0.0, 1.0
    low, high = np.percentile(values, (0.5, 99.5))
    return float(low), float(max(high, low + 1e-6))


def bin_numbers(values: Array, limits: tuple[float, float]) -> Array:
    low, high = limits
    return np.clip((values - low) * (BINS / (high - low)), 0, BINS - 1).astype(np.intp)


def entropy(share: Array) -> float:
    share = share[share > 0]
    return -float((share * np.log(share)).sum())
