"""A tumour's borders in a head: how far its core reaches and where its oedema spreads."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mstkd.data.synthesis.anatomy import PARENCHYMA, Anatomy
from mstkd.data.synthesis.fields import Noise, averaged, lattice, looked_up, nodes, on_device, upsample
from mstkd.data.synthesis.placement import Placement
from mstkd.data.synthesis.tumour import KINDS, Tumour
from mstkd.regions import Tissue

STEP = 2
"""Growth is computed on every second voxel."""
FAR = 60.0
"""A distance in mm that no tumour reaches."""

# By what each mm is longer than in white matter, for oedema and for a core. What is not named stops both.
_OEDEMA = {
    Anatomy.WHITE: 1.0,
    Anatomy.PERIVENTRICULAR: 1.0,
    Anatomy.SPOT: 1.0,
    Anatomy.CORTEX: 3.0,
    Anatomy.DEEP: 2.0,
    Anatomy.CEREBELLAR_WHITE: 1.2,
    Anatomy.CEREBELLAR_CORTEX: 3.0,
    Anatomy.STEM: 1.5,
    Anatomy.NARROW_SULCUS: 5.0,
}
_CORE = dict.fromkeys(PARENCHYMA, 1.0) | {
    Anatomy.NARROW_SULCUS: 1.3,
    Anatomy.SULCUS: 2.0,
    Anatomy.CSF: 4.0,
    Anatomy.VENTRICLE_RIM: 4.0,
    Anatomy.VENTRICLE: 4.0,
    Anatomy.CHOROID: 3.0,
    Anatomy.VESSEL: 2.0,
}
_STOP = 12.0
HEART = 0.3
"""Share of a core's radius from which on it has to find its way around what holds it back."""
DETOUR = 1.45
"""How much longer than the straight way that way may be."""


def grow(tumour: Tumour, tissues: Tensor, placement: Placement, noise: Noise, rng: np.random.Generator) -> Tensor:
    """The tumour's levels ``(3, H, W, D)``, about mm within the border of: core, oedema, enhancement.

    The core is a distorted ellipsoid, without what lies behind the falx or another fissure.
    From there oedema spreads along white matter: its level is what is left of its reach where
    the cheapest way through the tissues arrives. Enhancement is told within the core.
    """
    coarse = nodes(placement.size, STEP)
    held, slow = averaged(torch.stack([_slowness(_CORE, tissues), _slowness(_OEDEMA, tissues)]), STEP)
    if tumour.shape is not None:
        return upsample(_of_shape(tumour, tumour.shape, placement, held, noise, rng), STEP, placement.size)
    wobble = noise.smooth(3, coarse, rng.uniform(7, 14)) * 0.6 + noise.smooth(3, coarse, rng.uniform(3, 5)) * 0.4
    radius = float(tumour.radii[0])
    reached = _reached(tumour, placement, tissues.device, rng)
    heart = reached < max(HEART, STEP * 3**0.5 / 2 / float(tumour.radii.min()))
    way = _spread(heart, STEP * held * torch.exp(0.25 * wobble[1]), DETOUR * radius)
    core = (1 - reached * (1 + rng.uniform(0.15, 0.4) * wobble[0])) * radius
    core = torch.minimum(core, DETOUR * (1 - HEART) * radius - way)
    arrival = _spread(core > 0, STEP * slow * torch.exp(0.4 * wobble[1]), tumour.oedema_mm)
    oedema = tumour.oedema_mm - torch.where(core > 0, -core, arrival)
    enhancing = _enhancing(KINDS[tumour.kind].enhancing, core, wobble[2], radius, rng)
    levels = upsample(torch.stack([core, oedema, enhancing]), STEP, placement.size)
    if not KINDS[tumour.kind].core[1]:
        levels[0] = -FAR
    return levels


def _slowness(table: dict[Anatomy, float], tissues: Tensor) -> Tensor:
    return looked_up([table.get(kind, _STOP) for kind in Anatomy], tissues.int())


def _of_shape(
    tumour: Tumour, shape: Tensor, placement: Placement, held: Tensor, noise: Noise, rng: np.random.Generator
) -> Tensor:
    """The levels of a real tumour's label map, turned and distorted, ``(3, h, w, d)``."""
    grid = lattice(placement.size, STEP, shape.device)
    offset = on_device(placement.to_output(tumour.centres[0]), shape.device).view(3, 1, 1, 1)
    points = torch.einsum("ij,jhwd->ihwd", on_device(tumour.turn, shape.device), grid - offset)
    points += rng.uniform(0.5, 2.5) * noise.smooth(3, nodes(placement.size, STEP), 6)
    half = on_device((np.array(shape.shape) - 1) / 2, shape.device).view(3, 1, 1, 1)
    values = torch.stack([(shape == tissue.value).float() for tissue in (Tissue.NETC, Tissue.SNFH, Tissue.ET)])
    values = functional.pad(values, (1,) * 6)[None]
    at = (points / (half + 1)).flip(0).movedim(0, -1)[None]
    netc, snfh, et = functional.grid_sample(values, at, align_corners=True)[0]
    levels = 4 * torch.stack([netc + et - 0.5, netc + snfh + et - 0.5, et - netc])
    levels[:2] -= held - 1
    return levels


def _reached(tumour: Tumour, placement: Placement, device: torch.device, rng: np.random.Generator) -> Tensor:
    """Distance from the nearest lesion's centre in its radii, ``(h, w, d)``; each is an ellipsoid."""
    grid = lattice(placement.size, STEP, device)
    nearest = torch.full(grid.shape[1:], FAR, device=device)
    for centre, radius in zip(placement.to_output(tumour.centres), tumour.radii, strict=True):
        turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        stretch = np.exp(rng.normal(0, 0.2, 3))
        stretch /= np.prod(stretch) ** (1 / 3)
        matrix = on_device((turn * stretch / radius).T, device)
        offset = on_device(centre, device).view(3, 1, 1, 1)
        nearest = torch.minimum(nearest, torch.einsum("ij,jhwd->ihwd", matrix, grid - offset).norm(dim=0))
    return nearest


def _spread(start: Tensor, cost: Tensor, reach: float) -> Tensor:
    """Cost of the cheapest way from ``start`` to each node, ``(h, w, d)``, as far as it is below ``reach``.

    Steps to the 6 and to the 26 neighbours take turns, so that a front in one tissue is
    nearly round.
    """
    time = torch.where(start, 0.0, FAR)[None, None]
    steps = int(1.3 * reach / STEP) + 1
    for step in range(steps):
        if step % 2:
            near = -functional.max_pool3d(-time, 3, 1, 1)
        else:
            lines = [functional.max_pool3d(-time, k, 1, [n // 2 for n in k]) for k in ((3, 1, 1), (1, 3, 1), (1, 1, 3))]
            near = -torch.maximum(torch.maximum(lines[0], lines[1]), lines[2])
        time = torch.minimum(time, near + cost)
    # Without the facets that steps along a grid leave.
    return functional.avg_pool3d(time.clamp(max=reach + 12), 3, 1, 1, count_include_pad=False)[0, 0]


def _enhancing(how: str, core: Tensor, wobble: Tensor, radius: float, rng: np.random.Generator) -> Tensor:
    if how == "rim":
        thickness = min(float(np.exp(rng.uniform(np.log(1.5), np.log(8)))), 0.8 * radius)
        return thickness * (1 + rng.uniform(0.3, 0.9) * wobble) - core
    if how == "nodules":
        return (wobble - rng.uniform(0.3, 1.0)) * 5
    return torch.full_like(core, FAR if how == "all" else -FAR)
