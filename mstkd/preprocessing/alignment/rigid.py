"""Rigid motions of a head."""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

from mstkd.preprocessing.alignment.head import transform
from mstkd.preprocessing.grid import Array


def rigid(rotation_deg: Array, shift_mm: Array, centre: Array) -> Array:
    """A rotation vector (degrees) about a centre, then a shift, as ``(4, 4)``."""
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_rotvec(rotation_deg, degrees=True).as_matrix()
    motion[:3, 3] = centre - motion[:3, :3] @ centre + shift_mm
    return motion


def rotation_degrees(motion: Array) -> float:
    """The angle of a rigid motion's rotation."""
    return float(np.degrees(Rotation.from_matrix(motion[:3, :3]).magnitude()))


def mean_displacement(motion: Array, points: Array) -> float:
    """How far a motion moves points on average, in mm."""
    return float(np.linalg.norm(transform(motion, points) - points, axis=1).mean())


def mirror(centre: Array) -> Array:
    """The reflection of left and right at a centre, as ``(4, 4)``; the one improper motion here."""
    motion = np.diag([-1.0, 1.0, 1.0, 1.0])
    motion[0, 3] = 2 * centre[0]
    return motion
