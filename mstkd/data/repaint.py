"""A painted core in a real tumour, as augmentation: cysts, necroses and enhancement that few patients have.

Deep fluid is as dark in FLAIR and T1, and as bright in T2, as the fluid around the brain; an
enhancing rim shows in T1Gd alone. The shape is drawn, within the real tumour.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from mstkd.data.augmentation import Random, Size
from mstkd.data.synthesis.fields import Noise, on_device
from mstkd.modalities import CHANNELS, Modality
from mstkd.regions import Tissue

FLUID_QUANTILE = 0.02
"""Of a brain's grey values; what is beyond is fluid."""
EVERY = 4
"""Every so manieth voxel along each axis counts for the quantile."""
LEAST = 1000
"""Voxels of tumour below which nothing is painted."""
SIZE = (0.03, 0.7)
"""Volume of the painted core, in shares of the tumour's."""
FLUID_SHARE = {Modality.FLAIR: (0.0, 1.0), Modality.T1: (0.5, 1.0), Modality.T1GD: (0.6, 1.0), Modality.T2: (0.4, 1.0)}
"""How far the inside moves towards fluid."""
RIM_MM, EDGE_MM = (2.0, 6.0), (0.4, 1.2)
"""How thick an enhancing rim is, and over how much it and the core fade into what is beside them."""
ENHANCED = (1.5, 4.0)
"""Grey values of enhancement in deviations above the brain's mean; in BraTS patients the median is 1.2 to 3.6."""
KINDS = {"ring": 0.5, "cyst": 0.3, "solid": 0.2}
"""How often a core that may enhance is fluid with an enhancing rim, fluid alone, or enhances wholly."""


def repaint(
    image: Tensor, labels: Tensor, channels: Sequence[int], rng: Random, *, known: bool, enhancing: bool
) -> tuple[Tensor, Tensor]:
    """The image and labels with a painted core in the tumour; as they are where there is next to no tumour.

    Args:
        image: ``(C, H, W, D)`` float32, z-scored, 0 outside the brain.
        labels: ``(H, W, D)`` uint8 of our classes.
        channels: Which sequence each channel of the image is.
        known: Whether the reference knows the core and its enhancement; otherwise the labels stay.
        enhancing: Whether the core may enhance, which a student without T1Gd would learn in vain.
    """
    tumour = labels != Tissue.BACKGROUND
    places = tumour.nonzero()
    if len(places) < LEAST:
        return image, labels
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values()))) if enhancing else "cyst"
    level = _level(places[int(rng.integers(len(places)))], len(places), tumour, rng)
    thickness = np.inf if kind == "solid" else rng.uniform(*RIM_MM) if kind == "ring" else 0.0
    soft = rng.uniform(*EDGE_MM)
    if thickness:  # else a thin rim would not be as bright as it is labelled
        soft = min(soft, thickness / 5)
    inside = F.avg_pool3d(tumour[None].float(), 3, 1, 1, count_include_pad=False)[0]
    core = torch.sigmoid(level / soft) * inside
    fluid = torch.sigmoid((level - thickness) / soft) * inside
    bright, strength = rng.uniform(*ENHANCED), rng.uniform(0.85, 1.0)
    wetness = {modality: rng.uniform(*FLUID_SHARE[modality]) for modality in CHANNELS}
    painted = []
    for one, channel in zip(image, channels, strict=True):
        modality = CHANNELS[channel]
        wet = torch.lerp(one, _fluid(one, modality), fluid * wetness[modality])
        if modality is Modality.T1GD:
            wet = torch.lerp(wet, torch.full_like(wet, bright), strength * (core - fluid))
        painted.append(wet * (one != 0))
    if known:
        within = (level > 0) & tumour
        labels = torch.where(within, Tissue.NETC.value, labels)
        labels = torch.where(within & (level <= thickness), Tissue.ET.value, labels).to(torch.uint8)
    return torch.stack(painted), labels


def _level(centre: Tensor, volume: int, tumour: Tensor, rng: Random) -> Tensor:
    """How deep in the core each voxel lies in mm, negative outside: an uneven ellipsoid, ``(H, W, D)``."""
    radius = (3 * volume * rng.uniform(*SIZE) / (4 * np.pi)) ** (1 / 3)
    stretch = on_device(rng.uniform(0.75, 1.3, 3), tumour.device)
    size: Size = (tumour.shape[0], tumour.shape[1], tumour.shape[2])
    axes = [(torch.arange(n, device=tumour.device) - c) * s for n, c, s in zip(size, centre, stretch, strict=True)]
    i, j, k = (axis.square() for axis in axes)
    distance = (i[:, None, None] + j[:, None] + k).sqrt()
    noise = Noise(int(rng.integers(2**62)), tumour.device)
    return radius * (1 + 0.25 * noise.smooth(1, size, max(6.0, radius))[0]) - distance


def _fluid(image: Tensor, modality: Modality) -> Tensor:
    """The grey value of fluid in one sequence's part of a brain, ``()``."""
    values = image[::EVERY, ::EVERY, ::EVERY]
    values = values[values != 0]
    if not len(values):  # the sequence does not reach here
        return values.new_zeros(())
    return torch.quantile(values, 1 - FLUID_QUANTILE if modality is Modality.T2 else FLUID_QUANTILE)
