"""Smooth random fields and blurring, on any device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Array = np.ndarray
Size = tuple[int, int, int]
SPREAD = 3.2
"""What brings a field of `smooth` to a standard deviation of about 1."""


class Noise:
    """Normal random numbers on a device, all of them from one seed."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.generator = torch.Generator(device).manual_seed(seed)
        self.device = device

    def white(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device)

    def smooth(self, channels: int, size: Size, scale: float) -> Tensor:
        """``(channels, *size)`` whose hills are about ``scale`` voxels wide, standard deviation about 1."""
        nodes = [max(2, round(n / scale) + 1) for n in size]
        coarse = self.white(1, channels, *(n + 2 for n in nodes))
        fine = functional.interpolate(coarse, scale_factor=2, mode="trilinear")
        fine = functional.avg_pool3d(fine, 3, 1)[..., 1:-1, 1:-1, 1:-1]
        return SPREAD / 2 * functional.interpolate(fine, size, mode="trilinear")[0]


def upsample(coarse: Tensor, step: int, size: Size) -> Tensor:
    """``(C, h, w, d)`` with a node every ``step`` voxels from voxel 0 on, at every voxel: ``(C, *size)``."""
    whole = [step * (n - 1) + 1 for n in coarse.shape[1:]]
    fine = functional.interpolate(coarse[None], whole, mode="trilinear", align_corners=True)[0]
    return fine[:, : size[0], : size[1], : size[2]]


def nodes(size: Size, step: int) -> Size:
    """How many nodes, one every ``step`` voxels from voxel 0 on, reach over ``size``."""
    i, j, k = (-(-(n - 1) // step) + 1 for n in size)
    return i, j, k


def averaged(fine: Tensor, step: int) -> Tensor:
    """``(C, H, W, D)`` at the nodes that `upsample` takes, each the mean of what lies around it."""
    coarse = nodes((fine.shape[1], fine.shape[2], fine.shape[3]), step)
    margins = [m for n, c in zip(fine.shape[:0:-1], coarse[::-1], strict=True) for m in (0, step * (c - 1) + 1 - n)]
    whole = functional.pad(fine[None], margins, mode="replicate")
    return functional.avg_pool3d(whole, step + 1, step, step // 2, count_include_pad=False)[0]


def blur(image: Tensor, sigma: Array, shift: Array) -> Tensor:
    """Each channel of ``(C, H, W, D)`` with its own Gaussian, whose centre may lie between voxels.

    Args:
        sigma: ``(C,)`` in voxels, at most 1.
        shift: ``(C, 3)`` in voxels, at most 0.7.
    """
    offsets = np.arange(-2, 3)
    channels = len(image)
    for axis in range(3):
        weights = np.exp(-0.5 * ((offsets - shift[:, axis, None]) / np.maximum(sigma[:, None], 0.25)) ** 2)
        weights /= weights.sum(axis=1, keepdims=True)
        kernel = torch.from_numpy(weights.astype(np.float32)).to(image.device)
        padding = [0] * 6
        padding[2 * (2 - axis)] = padding[2 * (2 - axis) + 1] = 2
        padded = functional.pad(image[None], padding, mode="replicate")[0]
        parts = [padded.narrow(axis + 1, k, image.shape[axis + 1]) for k in range(len(offsets))]
        out = parts[0] * kernel[:, 0].view(channels, 1, 1, 1)
        for k, part in enumerate(parts[1:], start=1):
            out.addcmul_(part, kernel[:, k].view(channels, 1, 1, 1))
        image = out
    return image


def looked_up(table: Sequence[float] | Array, tissues: Tensor) -> Tensor:
    """The table's value of each voxel's tissue, float32."""
    values = torch.from_numpy(np.asarray(table, dtype=np.float32)).to(tissues.device)
    return values[tissues]
