"""Random gliomas: what they consist of, where they start and how large they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mstkd.data.synthesis.heads import Head
from mstkd.data.synthesis.placement import Mass
from mstkd.regions import Tissue

Array = np.ndarray
VOLUME_ML = (1.0, 150.0)
IN_WHITE = 0.8
"""Share of the tumours that start in white matter."""
REAL_SHAPES = 0.5
"""Share of the tumours that take a real one's shape where one is given."""


@dataclass(frozen=True)
class Kind:
    """A glioma's build.

    Attributes:
        weight: How often it is drawn.
        core: Range of the core's share of the volume.
        enhancing: ``rim``, ``nodules``, ``all`` or ``none`` of the core enhances.
    """

    weight: float
    core: tuple[float, float]
    enhancing: str


KINDS = {
    "ring": Kind(0.38, (0.15, 0.6), "rim"),
    "low grade": Kind(0.27, (0.45, 1.0), "none"),
    "diffuse": Kind(0.1, (0.0, 0.0), "none"),
    "solid": Kind(0.12, (0.05, 0.4), "all"),
    "nodular": Kind(0.13, (0.3, 0.8), "nodules"),
}


SEED = 0.25
"""What a tumour without a core starts from, as a share of its volume."""
ENHANCING = {"rim": 0.5, "nodules": 0.2, "all": 0.95, "none": 0.0}
"""What about enhances of such a core."""


@dataclass(frozen=True)
class Tumour:
    """A glioma before it is drawn.

    Attributes:
        kind: A key of `KINDS`; of a real shape it only says what its core looks like.
        centres: Of its lesions in the head's voxels, ``(N, 3)``; the first is the largest.
        radii: Of their cores in mm (where there is no core: of the seed of the oedema), ``(N,)``.
        oedema_mm: How far oedema reaches beyond, in white matter.
        volumes: Expected mL of NETC, SNFH, ET, ``(3,)``.
        shape: The label map of a real tumour, ``(h, w, d)``, which it takes; or None.
        turn: From output voxels around its centre to the shape's voxels, ``(3, 3)``.
    """

    kind: str
    centres: Array
    radii: Array
    oedema_mm: float
    volumes: Tensor
    shape: Tensor | None
    turn: Array


def plan(head: Head, shape: Tensor | None, rng: np.random.Generator) -> Tumour:
    """Draw what a tumour is like and where it starts."""
    start = rng.choice(head.white if rng.random() < IN_WHITE else head.grey).astype(float)
    if shape is not None and rng.random() < REAL_SHAPES:
        return _real(start, shape, rng)
    weights = np.array([kind.weight for kind in KINDS.values()])
    name = str(rng.choice(list(KINDS), p=weights / weights.sum()))
    kind = KINDS[name]
    volume = float(VOLUME_ML[0] * (VOLUME_ML[1] / VOLUME_ML[0]) ** rng.beta(1.6, 1.0))
    share = rng.uniform(*kind.core)
    radius, whole = _radius((share or SEED) * volume), _radius(volume)
    centres, radii = [start], [radius]
    for _ in range(int(rng.choice(3, p=(0.85, 0.1, 0.05)))):
        centres.append(start + _direction(rng) * whole * rng.uniform(0.8, 1.6))
        radii.append(max(3.0, radius * rng.uniform(0.25, 0.6)))
    enhancing = ENHANCING[kind.enhancing]
    volumes = volume * torch.tensor([share * (1 - enhancing), 1 - share, share * enhancing])
    reach = 2.0 * (whole - radius) + 0.5
    return Tumour(name, np.array(centres), np.array(radii), reach, volumes, None, np.eye(3))


def _real(start: Array, shape: Tensor, rng: np.random.Generator) -> Tumour:
    scale = rng.uniform(0.75, 1.25)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    counts = torch.stack([(shape == tissue.value).sum() for tissue in (Tissue.NETC, Tissue.SNFH, Tissue.ET)])
    # A tumour fills about 0.4 of its box, and its core about a third of that.
    radius = scale * _radius(0.15 * float(np.prod(shape.shape)) / 1000)
    kind = str(rng.choice(("ring", "low grade")))
    return Tumour(kind, start[None], np.array([radius]), radius, counts * scale**3 / 1000, shape, turn / scale)


def _direction(rng: np.random.Generator) -> Array:
    vector = rng.normal(size=3)
    return vector / np.linalg.norm(vector)


def _radius(ml: float) -> float:
    """Of a ball of this volume, in mm."""
    return float((3000 * ml / (4 * np.pi)) ** (1 / 3))


def masses(tumour: Tumour, rng: np.random.Generator) -> list[Mass]:
    """How its lesions push the tissue around them."""
    return [
        Mass(centre, max(radius, 4.0), rng.uniform(0.0, 0.8))
        for centre, radius in zip(tumour.centres, tumour.radii, strict=True)
    ]
