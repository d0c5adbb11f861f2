"""Resampling where nothing needs to be interpolated: grids that share their voxel centres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

Array = np.ndarray
TOLERANCE = 1e-3
"""Voxels by which centres may differ: interpolation would change less than noise does."""


@dataclass(frozen=True)
class SharedLattice:
    """How a target's indices count through the source's.

    Attributes:
        axes: The source axis along each target axis.
        flipped: Whether they count in opposite directions.
        start: The source index of the target's first voxel, per target axis, counted
            in the target's direction; may lie outside the source.
    """

    axes: tuple[int, ...]
    flipped: tuple[bool, ...]
    start: tuple[int, ...]

    def copy(self, array: Array, shape: tuple[int, ...], outside: float) -> Array:
        """The voxels of ``array`` on the target, ``shape``, as float32; ``outside`` where there are none."""
        turned = np.flip(array.transpose(self.axes), tuple(t for t in range(3) if self.flipped[t]))
        out = np.full(shape, outside, dtype=np.float32)
        there, here = [], []
        for start, count, size in zip(self.start, shape, turned.shape, strict=True):
            first, last = max(0, -start), min(count, size - start)
            there.append(slice(first, max(first, last)))
            here.append(slice(first + start, max(first, last) + start))
        out[tuple(there)] = turned[tuple(here)]
        return out


def shared_lattice(to_source: Array, target: tuple[int, ...], source: tuple[int, ...]) -> SharedLattice | None:
    """The lattice that two grids share, or None.

    Args:
        to_source: ``(4, 4)``, target index to source index.
        target: Shape of the target.
        source: Shape of the source.
    """
    steps = np.rint(to_source[:3, :3]).astype(int)
    if not (np.abs(steps).sum(axis=0) == 1).all() or not (np.abs(steps).sum(axis=1) == 1).all():
        return None
    start = np.rint(to_source[:3, 3]).astype(int)
    # The deviation is affine in the index, so it is largest at a corner.
    corners = np.stack(np.meshgrid(*[(0, n - 1) for n in target], indexing="ij"), axis=-1).reshape(-1, 3)
    deviation = corners @ (to_source[:3, :3] - steps).T + to_source[:3, 3] - start
    if np.abs(deviation).max() > TOLERANCE:
        return None
    axes = tuple(int(np.flatnonzero(steps[:, t])[0]) for t in range(3))
    flipped = tuple(bool(steps[axes[t], t] < 0) for t in range(3))
    first = tuple(
        int(source[axis] - 1 - start[axis] if turned else start[axis])
        for axis, turned in zip(axes, flipped, strict=True)
    )
    return SharedLattice(axes, flipped, first)
