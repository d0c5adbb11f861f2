"""Random crops, subsets of sequences and MONAI's spatial and intensity transforms."""

from __future__ import annotations

import numpy as np
import torch
from monai.transforms import (
    Compose,
    RandAdjustContrast,
    RandAffined,
    RandBiasField,
    RandFlipd,
    RandGaussianNoise,
    RandGaussianSmooth,
    RandScaleIntensity,
    RandShiftIntensity,
    RandSimulateLowResolution,
)

from mstkd.modalities import CHANNELS

Array = np.ndarray
Size = tuple[int, int, int]
TUMOUR_CENTRED = 0.67
"""Share of crops centred on a tumour voxel."""


def spatial_transform(size: Size, *, elastic: bool) -> Compose:
    """Flips and rotations of image and labels, cut to ``size``; ``elastic`` also scales and shears."""
    keys = ("image", "label")
    return Compose(
        [
            RandFlipd(keys, prob=0.5, spatial_axis=0),
            RandAffined(
                keys,
                prob=1.0,
                spatial_size=size,
                rotate_range=(0.25, 0.25, 0.35),
                scale_range=(0.15, 0.15, 0.15) if elastic else None,
                shear_range=(0.05,) * 6 if elastic else None,
                mode=("bilinear", "nearest"),
                padding_mode="zeros",
            ),
        ]
    )


def intensity_transform() -> Compose:
    """Brightness, contrast, gamma, bias field, noise, blur and coarse sampling."""
    return Compose(
        [
            RandScaleIntensity(factors=0.25, prob=0.5, channel_wise=True),
            RandShiftIntensity(offsets=0.25, prob=0.5, channel_wise=True),
            RandAdjustContrast(prob=0.3, gamma=(0.7, 1.5), retain_stats=True),
            RandBiasField(degree=2, coeff_range=(-0.25, 0.25), prob=0.2),
            RandGaussianSmooth(prob=0.2, sigma_x=(0.4, 1.0), sigma_y=(0.4, 1.0), sigma_z=(0.4, 1.6)),
            RandSimulateLowResolution(prob=0.15, zoom_range=(0.5, 1.0)),
            RandGaussianNoise(prob=0.3, mean=0.0, std=0.15),
        ]
    )


def random_subset(present: tuple[bool, ...], rng: np.random.Generator, full: float = 0.0) -> Array:
    """A uniformly drawn non-empty subset of the channels that exist, ``(4,)`` bool.

    Args:
        full: Probability with which all of them are taken instead.
    """
    channels = [c for c in range(len(CHANNELS)) if present[c]]
    whole = 2 ** len(channels) - 1
    code = int(rng.integers(1, whole + 1))
    if rng.random() < full:
        code = whole
    subset = np.zeros(len(CHANNELS), dtype=bool)
    subset[[c for bit, c in enumerate(channels) if code >> bit & 1]] = True
    return subset


def random_box(labels: Array, size: Size, rng: np.random.Generator) -> tuple[slice, ...]:
    """Where to cut: mostly around a tumour voxel, else anywhere; inside the image where it fits."""
    centre = [rng.integers(0, n) for n in labels.shape]
    if rng.random() < TUMOUR_CENTRED:
        coarse = np.argwhere(labels[::2, ::2, ::2])
        if len(coarse):
            centre = list(2 * coarse[rng.integers(len(coarse))])
    box = []
    for middle, want, have in zip(centre, size, labels.shape, strict=True):
        shift = int(rng.integers(-want // 4, want // 4 + 1))
        start = min(max(0, int(middle) + shift - want // 2), max(0, have - want))
        box.append(slice(start, min(have, start + want)))
    return tuple(box)


def crop(array: Array, box: tuple[slice, ...], size: Size) -> torch.Tensor:
    """``(C, H, W, D)`` cut to the box and zero-padded evenly to ``size``, float32."""
    part = np.asarray(array[(slice(None), *box)], dtype=np.float32)
    margins = [(0, 0)] + [
        ((want - have) // 2, want - have - (want - have) // 2) for want, have in zip(size, part.shape[1:], strict=True)
    ]
    return torch.from_numpy(np.pad(part, margins))
