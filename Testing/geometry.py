"""Random affines and objects for property tests of geometry."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from mstkd.preprocessing import Grid


@st.composite
def oblique_grids(draw, shear: bool = False) -> Grid:
    """Grids of about 90 mm a side: rotated, flipped, axes permuted, spacing 0.8 to 6 mm, shifted."""
    spacing = np.array([draw(st.floats(0.8, 6.0)) if axis == 0 else draw(st.floats(0.8, 1.5)) for axis in range(3)])
    order = draw(st.permutations(range(3)))
    signs = np.array([draw(st.sampled_from([-1.0, 1.0])) for _ in range(3)])
    angles = [draw(st.floats(-40, 40)) for _ in range(3)]
    matrix = Rotation.from_euler("xyz", angles, degrees=True).as_matrix() @ np.eye(3)[:, list(order)] * signs
    if shear:
        matrix = matrix @ np.array([[1, draw(st.floats(-0.2, 0.2)), 0], [0, 1, draw(st.floats(-0.2, 0.2))], [0, 0, 1]])
    extent = np.array([draw(st.floats(80, 100)) for _ in range(3)])
    shape = np.maximum(5, np.round(extent / spacing)).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = matrix * spacing
    centre = np.array([draw(st.floats(-60, 60)) for _ in range(3)])
    affine[:3, 3] = centre - affine[:3, :3] @ ((shape - 1) / 2)
    return Grid(tuple(int(n) for n in shape), affine)


def world_points(grid: Grid) -> np.ndarray:
    """RAS coordinates of all voxel centres, ``(I, J, K, 3)``."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.shape), indexing="ij"), axis=-1)
    return index @ grid.affine[:3, :3].T + grid.affine[:3, 3]


def grid_centre(grid: Grid) -> np.ndarray:
    """RAS coordinates of the middle of a grid."""
    return grid.affine[:3, :3] @ ((np.array(grid.shape) - 1) / 2) + grid.affine[:3, 3]


def centred_on(grid: Grid, point: np.ndarray) -> Grid:
    """The grid, moved so that its middle lies at a point (RAS, mm)."""
    affine = grid.affine.copy()
    affine[:3, 3] += point - grid_centre(grid)
    return Grid(grid.shape, affine)


def ellipsoid(grid: Grid, centre: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Where a grid's voxel centres lie in an axis-aligned ellipsoid (mm), bool."""
    return (((world_points(grid) - centre) / radii) ** 2).sum(axis=-1) <= 1


def head(grid: Grid, seed: int = 0) -> np.ndarray:
    """A head-like image on a grid: bright ball with smooth structure fixed in world space, dark air."""
    points = world_points(grid)
    offset = points - grid_centre(grid)
    texture = (
        100
        + 20 * np.sin(points[..., 0] / 9)
        + 15 * np.cos(points[..., 1] / 7)
        + 10 * np.sin(points[..., 2] / 11 + seed)
    )
    return np.where((offset**2).sum(axis=-1) < 36**2, texture, 2.0).astype(np.float32)
