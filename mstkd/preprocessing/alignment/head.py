"""One sequence as registration sees it: its head on a small axis-aligned grid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mstkd.preprocessing.grid import Array, Grid, resample, world_grid
from mstkd.preprocessing.intensity import air_value, head_mask
from mstkd.preprocessing.volume import Volume

MASK_SPACING = 3.0
"""In mm: a head's outline needs no more."""
MARGIN = 9.0
"""In mm, kept around the head."""


@dataclass(frozen=True)
class Head:
    """Where the head lies in a volume.

    Attributes:
        volume: The volume itself.
        grid: Axis-aligned grid of 3 mm over the head and a margin.
        mask: ``grid.shape`` bool, the head.
        air: The volume's value outside the head.
    """

    volume: Volume
    grid: Grid
    mask: Array
    air: float

    @cached_property
    def points(self) -> Array:
        """World coordinates (RAS, mm) of the head's voxels, ``(N, 3)``."""
        return transform(self.grid.affine, np.argwhere(self.mask))

    @cached_property
    def centre(self) -> Array:
        """The head's centre of mass, ``(3,)``."""
        return self.points.mean(axis=0)

    def image(self, spacing: float) -> tuple[Array, Grid]:
        """The head on an axis-aligned grid, float32."""
        grid = world_grid(self.grid, spacing)
        return resample(self.volume.array, Grid(self.volume.shape, self.volume.affine), grid, self.air), grid


def transform(affine: Array, points: Array) -> Array:
    """A ``(4, 4)`` affine applied to ``(N, 3)`` points."""
    return points @ affine[:3, :3].T + affine[:3, 3]


def find_head(volume: Volume) -> Head | None:
    """The head in a volume, or None where nothing stands out from the air."""
    air = air_value(volume.array)
    steps = tuple(int(n) for n in np.maximum(1, MASK_SPACING // volume.spacing))
    thin = volume.array[:: steps[0], :: steps[1], :: steps[2]]
    source = Grid(thin.shape, volume.affine @ np.diag([*steps, 1.0]))
    whole = world_grid(source, MASK_SPACING)
    mask = head_mask(resample(thin, source, whole, outside=air), air, step=1)
    if not mask.any():
        return None
    margin = round(MARGIN / MASK_SPACING)
    box = tuple(slice(int(w.min()), int(w.max()) + 1) for w in np.nonzero(mask))
    i, j, k = (slice(s.start - margin, s.stop + margin) for s in box)
    return Head(volume, whole.crop((i, j, k)), np.pad(mask[box], margin), air)
