"""Random subsets of sequences, crops, warps and intensities, on whatever device the arrays lie.

Numbers are drawn from NumPy's generator, which is the same everywhere; only noise comes from
the device's own, seeded from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy.spatial.transform import Rotation
from torch import Tensor

from mstkd.data.synthesis.fields import Noise
from mstkd.modalities import CHANNELS, Modality, modality_mask

Array = np.ndarray
Size = tuple[int, int, int]
Random = np.random.Generator

ROTATION = (0.25, 0.25, 0.35)
"""Largest rotation about each axis, radians."""
SCALE, SHEAR = 0.15, 0.05
MEAN_OVER_DEVIATION = 4.0
"""Of a brain's intensities, about: where zero signal lies in a z-scored image, below its mean."""


def random_subset(
    present: Iterable[bool], rng: Random, full: float, weights: Mapping[tuple[Modality, ...], float]
) -> Array:
    """A randomly drawn non-empty subset of the channels that exist, ``(4,)`` bool.

    Args:
        full: Probability with which all of them are taken instead.
        weights: How often subsets (in channel order) are drawn, relative to 1, as often as each that is not named.
    """
    there = [modality for modality, exists in zip(CHANNELS, present, strict=True) if exists]
    subsets = [tuple(m for bit, m in enumerate(there) if code >> bit & 1) for code in range(1, 2 ** len(there))]
    share = np.array([weights.get(subset, 1.0) for subset in subsets])
    drawn = int(rng.choice(len(subsets), p=share / share.sum()))
    if rng.random() < full:
        drawn = -1  # the last one has all of them
    return np.array(modality_mask(subsets[drawn]))


def crop(array: Tensor, start: Array, size: Size) -> Tensor:
    """``(..., H, W, D)`` from ``start`` on, ``size`` large; zero where it reaches beyond the array."""
    box: list[slice] = []
    margins: list[tuple[int, int]] = []
    for first, want, have in zip(start.tolist(), size, array.shape[-3:], strict=True):
        low, high = min(max(0, first), have), min(max(0, first + want), have)
        box.append(slice(low, high))
        margins.append((low - first, want - (high - low) - (low - first)) if high > low else (0, want))
    height, width, depth = box
    return F.pad(array[..., height, width, depth], [margin for pair in reversed(margins) for margin in pair])


def random_transform(rng: Random, *, strong: bool) -> Array:
    """A left-right flip half of the time and a rotation, ``(3, 3)``; ``strong`` also scales and shears."""
    turn = Rotation.from_euler("XYZ", rng.uniform(-1, 1, 3) * ROTATION).as_matrix()
    transform = turn @ np.diag([rng.choice([-1.0, 1.0]), 1, 1])
    if strong:
        shear = np.eye(3) + rng.uniform(-SHEAR, SHEAR, (3, 3)) * (1 - np.eye(3))
        transform = transform @ shear @ np.diag(1 + rng.uniform(-SCALE, SCALE, 3))
    return transform


def warp(array: Tensor, transform: Array, size: Size, mode: str) -> Tensor:
    """``(C, H, W, D)`` resampled about its centre to ``(C, *size)``, float32; zero from beyond the array.

    Output voxel x shows input voxel ``transform (x - centre of output) + centre of input``.

    Args:
        transform: ``(3, 3)``.
        mode: ``bilinear`` (linear in 3D) or ``nearest``.
    """
    half_in, half_out = (np.array(array.shape[1:]) - 1) / 2, (np.array(size) - 1) / 2
    theta = (transform * half_out) / half_in[:, None]
    # grid_sample names the last axis first.
    flipped = torch.from_numpy(np.ascontiguousarray(theta[::-1, ::-1])).to(array.device, torch.float32)
    grid = F.affine_grid(F.pad(flipped, (0, 1))[None], [1, 1, *size], align_corners=True)
    return F.grid_sample(array[None].float(), grid, mode=mode, align_corners=True)[0]


def distort(image: Tensor, channels: Sequence[int], rng: Random, bias: float) -> Tensor:
    """Brightness, contrast, gamma, bias field, coarse sampling and noise, each in some of the sequences.

    What a sequence becomes does not depend on which others there are.

    Args:
        image: ``(C, H, W, D)``, z-scored; what is 0 stays 0.
        channels: Which sequence each channel of the image is.
        bias: Largest standard deviation of a bias field's logarithm.
    """
    inside = image != 0
    chosen, count = list(channels), len(CHANNELS)

    def some(probability: float, low: float, high: float, otherwise: float) -> Tensor:
        drawn = np.where(rng.random(count) < probability, rng.uniform(low, high, count), otherwise)[chosen]
        return torch.from_numpy(drawn[:, None, None, None]).to(image)

    image = image * some(0.5, 0.75, 1.25, 1) + some(0.5, -0.25, 0.25, 0)
    if rng.random() < 0.3:
        image = _gamma(image, some(0.6, 0.7, 1.5, 1))
    if rng.random() < 0.3:
        nodes = rng.normal(0, rng.uniform(0, bias), (count, 3, 3, 3))[chosen]
        image = (image + MEAN_OVER_DEVIATION) * _field(nodes, image).exp() - MEAN_OVER_DEVIATION
    zooms = [_zoom(rng) if rng.random() < 0.3 else None for _ in range(count)]
    if any(zooms[c] is not None for c in chosen):
        image = torch.stack([_coarser(one, zooms[c]) for one, c in zip(image, chosen, strict=True)])
    if rng.random() < 0.4:
        seed = int(rng.integers(2**62))
        noise = [Noise(seed + c, image.device).white(*image.shape[1:]) for c in chosen]
        image = image + some(0.7, 0, 0.25, 0) * torch.stack(noise)
    return image * inside


def _gamma(image: Tensor, gamma: Tensor) -> Tensor:
    """``((v - min) / range)^gamma`` per channel, with mean and deviation as before."""
    low, high = image.amin((1, 2, 3), keepdim=True), image.amax((1, 2, 3), keepdim=True)
    bent = ((image - low) / (high - low).clamp_min(1e-6)) ** gamma
    deviation, mean = torch.std_mean(image, (1, 2, 3), keepdim=True)
    now, middle = torch.std_mean(bent, (1, 2, 3), keepdim=True)
    return (bent - middle) / now.clamp_min(1e-6) * deviation + mean


def _field(nodes: Array, image: Tensor) -> Tensor:
    """``(C, 3, 3, 3)`` spread smoothly over the image, ``(C, H, W, D)``."""
    size = image.shape[1:]
    return F.interpolate(torch.from_numpy(nodes)[None].to(image), size=size, mode="trilinear", align_corners=True)[0]


def _zoom(rng: Random) -> Array:
    """How finely each axis is still sampled, ``(3,)`` of at most 1: thick slices or larger voxels."""
    zoom = np.ones(3)
    if rng.random() < 0.5:
        zoom[rng.integers(3)] = 1 / rng.uniform(2, 6)
    else:
        zoom[:] = rng.uniform(0.5, 1)
    return zoom


def _coarser(image: Tensor, zoom: Array | None) -> Tensor:
    """``(H, W, D)`` as if it had been measured with larger voxels; as it is without a zoom."""
    if zoom is None:
        return image
    size = [max(1, round(n * z)) for n, z in zip(image.shape, zoom, strict=True)]
    small = F.interpolate(image[None, None], size=size, mode="area")
    return F.interpolate(small, size=image.shape, mode="trilinear", align_corners=False)[0, 0]
