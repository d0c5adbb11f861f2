"""From an ideal image to one as a scanner and a reconstruction leave it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from mstkd.data.synthesis.fields import Noise, blur, on_device
from mstkd.modalities import CHANNELS

Array = np.ndarray
C = len(CHANNELS)
BIAS_SCALE_MM = 70.0


@dataclass(frozen=True)
class Acquisition:
    """How an examination was done; one entry per sequence.

    Attributes:
        bias: Standard deviation of the logarithm of the receiving coils' sensitivity, ``(4,)``.
        sigma: Of the blur in mm, ``(4,)``.
        shift: Of the sequence against the others in mm, ``(4, 3)``.
        grain: Standard deviation of the noise that is blurred with the image, as a share of
            the brain's deviation, ``(4,)``.
        noise: Of the noise that is not, ``(4,)``.
        thickness: Of the slices in mm, ``(4,)``; 1 is none.
        axis: Across which they lie.
        ghost: Channel, axis, shift in parts of the image, strength of a motion ghost; or None.
        levels: Grey values that are stored, or None for as many as there are.
    """

    bias: Array
    sigma: Array
    shift: Array
    grain: Array
    noise: Array
    thickness: tuple[int, ...]
    axis: int
    ghost: tuple[int, int, float, float] | None
    levels: int | None


def draw_acquisition(rng: np.random.Generator) -> Acquisition:
    """Draw how an examination is done."""
    thick = rng.random() < 0.4
    chance = rng.uniform(0.3, 1.0)
    moved = rng.random() < 0.3
    ghost = None
    if rng.random() < 0.1:
        ghost = (int(rng.integers(C)), int(rng.integers(2)), 1 / int(rng.integers(2, 5)), rng.uniform(0.02, 0.12))
    return Acquisition(
        bias=rng.uniform(0, 0.12, C),
        sigma=rng.uniform(0.4, 0.9, C),
        shift=rng.uniform(-0.5, 0.5, (C, 3)) * moved,
        grain=np.exp(rng.uniform(np.log(0.02), np.log(0.2), C)),
        noise=np.exp(rng.uniform(np.log(0.01), np.log(0.2), C)),
        thickness=tuple(int(rng.integers(2, 7)) if thick and rng.random() < chance else 1 for _ in range(C)),
        axis=int(rng.choice(3, p=(0.1, 0.1, 0.8))),
        ghost=ghost,
        levels=255 if rng.random() < 0.1 else None,
    )


def acquire(
    image: Tensor, brain: Tensor, plan: Acquisition, deviation: Tensor, highest: Tensor, noise: Noise
) -> Tensor:
    """The image ``(4, H, W, D)`` as it is acquired; what is given is overwritten.

    Args:
        brain: Where it is, ``(H, W, D)`` bool.
        deviation: ``(4,)``, the brain's.
        highest: ``(4,)``, the brightest value that is stored where there are few levels.
    """
    size = (image.shape[1], image.shape[2], image.shape[3])
    per_channel = (C, 1, 1, 1)
    bias = noise.smooth(C, size, BIAS_SCALE_MM) * on_device(plan.bias, image.device).view(per_channel)
    # A gain that the whole brain shares is what z-scoring takes away.
    image *= (bias - (bias * brain).sum(dim=(1, 2, 3), keepdim=True) / brain.sum().clamp(min=1)).exp_()
    grain = on_device(plan.grain * _kept(plan.sigma), image.device) * deviation
    image.addcmul_(noise.white(*image.shape), grain.view(per_channel))
    image = blur(image, plan.sigma, plan.shift)
    receiver = noise.white(*image.shape).mul_((on_device(plan.noise, image.device) * deviation).view(per_channel))
    image = torch.hypot(image + receiver, receiver.roll(7, 1))  # the imaginary part is as random, and cheaper so
    for channel, thickness in enumerate(plan.thickness):
        if thickness > 1:
            image[channel] = _sliced(image[channel], thickness, plan.axis)
    if plan.ghost is not None:
        channel, axis, part, strength = plan.ghost
        image[channel] += strength * image[channel].roll(round(part * size[axis]), axis)
    if plan.levels is not None:
        step = (highest / plan.levels).view(per_channel)
        image = (image / step).round() * step
    return image


def _kept(sigma: Array) -> Array:
    """By what noise has to be stronger before a blur in 3D to be as strong after it."""
    return np.maximum(1.0, (2 * np.sqrt(np.pi) * sigma) ** 1.5)


def _sliced(image: Tensor, thickness: int, axis: int) -> Tensor:
    """Averaged over slices and interpolated back, ``(H, W, D)``."""
    count = image.shape[axis]
    along = image.movedim(axis, -1)
    rows = functional.pad(along.reshape(1, -1, count), (0, -count % thickness), mode="replicate")
    slices = functional.avg_pool1d(rows, thickness)
    fine = functional.interpolate(slices, scale_factor=float(thickness), mode="linear")[0, :, :count]
    return fine.reshape(along.shape).movedim(-1, axis)
