"""Smooth random fields and blurring, on any device."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

Array = np.ndarray
Size = tuple[int, int, int]
FINELY = 8
"""Scale in voxels from which on creases between nodes would be seen."""
SPREAD = {2: 3.45, 4: 2.9}
"""What brings a field to a standard deviation of about 1, by how finely it is made before it is smoothed."""


class Noise:
    """Normal random numbers on a device, all of them from one seed."""

    def __init__(self, seed: int, device: torch.device) -> None:
        self.generator = torch.Generator(device).manual_seed(seed)
        self.device = device

    def white(self, *shape: int) -> Tensor:
        return torch.randn(shape, generator=self.generator, device=self.device)

    def smooth(self, channels: int, size: Size, scale: float) -> Tensor:
        """``(channels, *size)`` whose hills are about ``scale`` voxels wide, standard deviation about 1."""
        # Interpolated in two stages with a mean between them: linear interpolation alone shows its nodes as creases.
        coarse = self.white(1, channels, *(max(2, round(n / scale) + 1) + 2 for n in size))
        finer = 4 if scale >= FINELY else 2
        fine = functional.interpolate(coarse, scale_factor=finer, mode="trilinear")
        fine = functional.avg_pool3d(fine, finer + 1, 1)
        inner = slice(finer // 2, -(finer // 2))
        return SPREAD[finer] * functional.interpolate(fine[..., inner, inner, inner], size, mode="trilinear")[0]


def on_device(values: Array, device: torch.device) -> Tensor:
    """NumPy's numbers as float32 on a device; nothing is waited for."""
    return torch.from_numpy(np.asarray(values, dtype=np.float32)).to(device)


def lattice(size: Size, step: int, device: torch.device) -> Tensor:
    """Voxel coordinates of the `nodes` that reach over ``size``, ``(3, h, w, d)``."""
    axes = [step * torch.arange(n, device=device, dtype=torch.float32) for n in nodes(size, step)]
    return torch.stack(torch.meshgrid(*axes, indexing="ij"))


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

    Beyond the border the outermost voxels go on.

    Args:
        sigma: ``(C,)`` in voxels, at most 1.
        shift: ``(C, 3)`` in voxels, at most 0.7.
    """
    offsets = np.arange(-2, 3)
    for axis in range(3):
        weights = np.exp(-0.5 * ((offsets - shift[:, axis, None]) / np.maximum(sigma[:, None], 0.25)) ** 2)
        weights /= weights.sum(axis=1, keepdims=True)
        kernel = on_device(weights, image.device).view(-1, len(offsets), 1, 1, 1)
        image = _convolved(image, kernel, axis + 1)
    return image


def _convolved(image: Tensor, kernel: Tensor, axis: int) -> Tensor:
    count, reach = image.shape[axis], kernel.shape[1] // 2
    out = image * kernel[:, reach]
    for offset in range(-reach, reach + 1):
        weight = kernel[:, reach + offset]
        if offset > 0:
            out.narrow(axis, 0, count - offset).addcmul_(image.narrow(axis, offset, count - offset), weight)
            out.narrow(axis, count - offset, offset).addcmul_(image.narrow(axis, count - 1, 1), weight)
        elif offset < 0:
            out.narrow(axis, -offset, count + offset).addcmul_(image.narrow(axis, 0, count + offset), weight)
            out.narrow(axis, 0, -offset).addcmul_(image.narrow(axis, 0, 1), weight)
    return out


def looked_up(table: Sequence[float] | Array, tissues: Tensor) -> Tensor:
    """The table's value of each voxel's tissue, float32.

    Args:
        table: ``(T,)``, or ``(C, T)`` for a result ``(C, H, W, D)``.
        tissues: ``(H, W, D)`` int32.
    """
    values = on_device(np.asarray(table), tissues.device)
    return values.index_select(-1, tissues.flatten()).view(*values.shape[:-1], *tissues.shape)
