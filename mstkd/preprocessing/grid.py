"""Grids in world space and resampling between them through their affines.

ITK resamples, but in index coordinates: both images have the identity as geometry and the
transform maps a target index to a source index. So any affine works, also a sheared one,
and ITK never inverts a direction matrix; its inversion prints "suspicious return value"
and returns garbage for some plain rotations about one axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import SimpleITK as sitk

from mstkd.preprocessing.lattice import shared_lattice

Array = np.ndarray


@dataclass(frozen=True)
class Grid:
    """Voxel centres in space: ``shape`` (3,) and ``affine`` (4, 4) to RAS+ mm."""

    shape: tuple[int, int, int]
    affine: Array

    def crop(self, box: tuple[slice, ...]) -> Grid:
        """The part of the grid inside a box of index ranges with explicit ends."""
        affine = self.affine.copy()
        start = np.array([s.start for s in box], dtype=float)
        affine[:3, 3] = self.affine[:3, :3] @ start + self.affine[:3, 3]
        i, j, k = (s.stop - s.start for s in box)
        return Grid((i, j, k), affine)


def bounding_box(mask: Array, margin: int = 0) -> tuple[slice, ...]:
    """The smallest box that holds a bool mask of any number of axes; all of it when the mask is empty.

    Args:
        margin: How many voxels wider on each side, where the image allows.
    """
    box = []
    for axis, size in enumerate(mask.shape):
        where = np.flatnonzero(mask.any(axis=tuple(a for a in range(mask.ndim) if a != axis)))
        first, last = (int(where[0]), int(where[-1])) if where.size else (0, size - 1)
        box.append(slice(max(0, first - margin), min(size, last + 1 + margin)))
    return tuple(box)


def widened(mask: Array, margin: float) -> Array:
    """A bool mask ``(H, W, D)`` grown by a ball; its radius, in voxels, is rounded to whole ones."""
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    grown: Array = sitk.GetArrayFromImage(sitk.BinaryDilate(image, [round(margin)] * 3, sitk.sitkBall))
    return grown > 0


def world_grid(grid: Grid, spacing: float = 1.0) -> Grid:
    """The smallest axis-aligned RAS+ grid with the given spacing (mm) that covers ``grid``.

    The cover reaches to the outer faces of the corner voxels.
    """
    ends = [(-0.5, n - 0.5) for n in grid.shape]
    corners = np.stack(np.meshgrid(*ends, indexing="ij"), axis=-1).reshape(-1, 3)
    world = corners @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    low, high = world.min(axis=0), world.max(axis=0)
    # The small tolerance keeps float noise in an affine from adding a voxel.
    count = np.maximum(1, np.ceil((high - low) / spacing - 1e-3)).astype(int)
    affine = np.diag([spacing, spacing, spacing, 1.0])
    affine[:3, 3] = (low + high) / 2 - (count - 1) / 2 * spacing
    i, j, k = (int(n) for n in count)
    return Grid((i, j, k), affine)


def resample(array: Array, source: Grid, target: Grid, outside: float = 0.0) -> Array:
    """Trilinear interpolation of ``(I, J, K)`` from one grid to another, as float32.

    Points outside the source's outer voxel faces become ``outside``; between the centre
    and the face of an outer voxel its value is held. Where the grids share their voxel
    centres the values are copied.
    """
    to_source = np.linalg.inv(source.affine) @ target.affine
    lattice = shared_lattice(to_source, target.shape, source.shape)
    if lattice is not None:
        return lattice.copy(array, target.shape, outside)
    transform = sitk.AffineTransform(3)
    transform.SetMatrix(to_source[:3, :3].ravel().tolist())
    transform.SetTranslation(to_source[:3, 3].tolist())
    image = sitk.GetImageFromArray(np.ascontiguousarray(array.astype(np.float32).transpose(2, 1, 0)))
    resampler = sitk.ResampleImageFilter()
    resampler.SetSize([int(n) for n in target.shape])
    resampler.SetTransform(transform)
    resampler.SetInterpolator(sitk.sitkLinear)
    resampler.SetDefaultPixelValue(outside)
    return np.ascontiguousarray(sitk.GetArrayFromImage(resampler.Execute(image)).transpose(2, 1, 0))


def resample_labels(labels: Array, source: Grid, target: Grid) -> Array:
    """A label map ``(I, J, K)`` on another grid, as uint8.

    Each label is interpolated as a 0/1 image and the largest share wins, which keeps
    thin and small objects better than nearest-neighbour look-up does.
    """
    out = np.zeros(target.shape, dtype=np.uint8)
    best = resample(labels == 0, source, target, outside=1.0)
    for value in (int(v) for v in np.unique(labels) if v):
        share = resample(labels == value, source, target)
        wins = share >= best
        out[wins] = value
        best = np.maximum(best, share)
    return out
