"""Convolution blocks shared by encoder, transformer and decoder.

Group norm with 8 groups everywhere: batch norm with batch size 1 is not reproducible.
"""

from __future__ import annotations

import torch
from monai.networks.blocks.segresnet_block import ResBlock
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

NORM = ("GROUP", {"num_groups": 8})


class Residual(nn.Sequential):
    """``count`` pre-activation residual blocks: twice (norm, ReLU, 3x3x3 convolution), plus input.

    With ``recompute`` set, training keeps only the input and computes the rest again in
    the backward pass.
    """

    def __init__(self, channels: int, count: int) -> None:
        super().__init__(*(ResBlock(spatial_dims=3, in_channels=channels, norm=NORM) for _ in range(count)))
        self.recompute = False

    def forward(self, x: Tensor) -> Tensor:
        if self.recompute and torch.is_grad_enabled():
            again: Tensor = checkpoint(super().forward, x, use_reentrant=False)
            return again
        # torch does not annotate it.
        out: Tensor = super().forward(x)  # type: ignore[no-untyped-call]
        return out


def conv_norm_relu(in_channels: int, out_channels: int) -> nn.Sequential:
    """3x3x3 convolution, group norm, ReLU."""
    return nn.Sequential(
        nn.Conv3d(in_channels, out_channels, kernel_size=3, padding=1, bias=False),
        nn.GroupNorm(8, out_channels),
        nn.ReLU(inplace=True),
    )
