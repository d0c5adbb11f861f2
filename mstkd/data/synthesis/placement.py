"""Where a drawn patient lies in its head: position, orientation, deformation and mass effect."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial.transform import Rotation
from torch import Tensor
from torch.nn import functional

from mstkd.data.synthesis.fields import Noise, Size, lattice, nodes, on_device, upsample
from mstkd.data.synthesis.heads import HULL_STEPS, HULL_ZERO, Head

Array = np.ndarray
STEP = 4
"""The deformation is made on every fourth voxel."""
ON_TUMOUR = 0.8
"""Share of the crops that are placed so that the tumour's centre lies in them."""
ROTATION, SCALE, SHEAR = np.deg2rad(15), 0.15, 0.05
ELASTIC_MM, ELASTIC_SCALE_MM = 2.0, 30.0
FIXED_MM = 12.0
"""Depth below the brain's surface from which on tissue gives way to a mass."""


@dataclass(frozen=True)
class Placement:
    """Output voxel ``p`` shows the head at ``matrix @ (p - (size - 1) / 2) + centre``, before it is deformed."""

    matrix: Array
    centre: Array
    size: Size

    def to_output(self, points: Array) -> Array:
        """Points ``(..., 3)`` in the head's voxels to output voxels."""
        return (points - self.centre) @ np.linalg.inv(self.matrix).T + (np.array(self.size) - 1) / 2


@dataclass(frozen=True)
class Mass:
    """What pushes tissue away: ``pushed`` of a ball's volume is new, the rest was tissue that it replaced.

    Attributes:
        centre: In the head's voxels, ``(3,)``.
        radius: In mm.
    """

    centre: Array
    radius: float
    pushed: float


def place(head: Head, size: Size, target: Array, rng: np.random.Generator) -> Placement:
    """A random affine, and a crop that mostly holds ``target`` (in the head's voxels)."""
    matrix = _affine(rng)
    extent = np.array(head.tissues.shape)
    centre = rng.uniform(0, extent)
    if rng.random() < ON_TUMOUR:
        centre = target - matrix @ (rng.uniform(-0.3, 0.3, 3) * size)
    half = np.minimum(np.array(size), extent) / 2
    return Placement(matrix, np.clip(centre, half, extent - half), size)


def _affine(rng: np.random.Generator) -> Array:
    turn = Rotation.from_euler("XYZ", rng.normal(0, ROTATION / 2, 3).clip(-ROTATION, ROTATION)).as_matrix()
    shear = np.eye(3) + rng.uniform(-SHEAR, SHEAR, (3, 3)) * (1 - np.eye(3))
    scale = rng.uniform(1 - SCALE, 1 + SCALE) * rng.uniform(0.95, 1.05, 3)
    scale[0] *= rng.choice((-1, 1))
    return np.asarray(turn @ shear / scale)


def deformed(
    head: Head, placement: Placement, masses: Sequence[Mass], noise: Noise, rng: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Tissues ``(H, W, D)`` uint8 and depth below the brain's surface in mm, float32, as the output shows them."""
    coarse = _points(head, placement, masses, noise, rng)
    points = upsample(coarse, STEP, placement.size)
    tissues = functional.grid_sample(
        head.tissues[None, None].float(), _grid(points, head.tissues.shape), mode="nearest", align_corners=True
    )
    return tissues[0, 0].to(torch.uint8), upsample(_depth(head, coarse)[None], STEP, placement.size)[0]


def _points(head: Head, placement: Placement, masses: Sequence[Mass], noise: Noise, rng: np.random.Generator) -> Tensor:
    """What part of the head every node of the output shows, ``(3, h, w, d)`` in the head's voxels."""
    device = head.tissues.device
    grid = lattice(placement.size, STEP, device)
    grid -= on_device((np.array(placement.size) - 1) / 2, device).view(3, 1, 1, 1)
    points = torch.einsum("ij,jhwd->ihwd", on_device(placement.matrix, device), grid)
    points += on_device(placement.centre, device).view(3, 1, 1, 1)
    points += rng.uniform(0, ELASTIC_MM) * noise.smooth(3, nodes(placement.size, STEP), ELASTIC_SCALE_MM / STEP)
    yields = (_depth(head, points) / FIXED_MM).clamp(0, 1) if masses else None
    for mass in masses:
        from_centre = points - on_device(mass.centre, device).view(3, 1, 1, 1)
        distance = (from_centre.norm(dim=0) / mass.radius).clamp(min=1)
        # The volume that the ball adds is missing around it: r_source^3 = r^3 - pushed R^3.
        nearer = (1 - mass.pushed / distance**3) ** (1 / 3) - 1
        points = points + from_centre * nearer * yields
    return points


def _depth(head: Head, points: Tensor) -> Tensor:
    grid = _grid(points, head.hull.shape)
    hull = functional.grid_sample(head.hull[None, None].float(), grid, padding_mode="border", align_corners=True)
    return (hull[0, 0] - HULL_ZERO) / HULL_STEPS


def _grid(points: Tensor, extent: Sequence[int]) -> Tensor:
    """Voxel coordinates ``(3, h, w, d)`` as `grid_sample` wants them."""
    last = on_device(np.array(extent) - 1.0, points.device).view(3, 1, 1, 1)
    return (2 * points / last - 1).flip(0).movedim(0, -1)[None]
