"""Convolution blocks shared by encoder, transformer and decoder.

Group norm with 8 groups everywhere: batch norm with batch size 1 is not reproducible.
"""

from __future__ import annotations

from monai.networks.blocks.segresnet_block import ResBlock
from torch import nn

NORM = ("GROUP", {"num_groups": 8})


def residual(channels: int, count: int) -> nn.Sequential:
    """``count`` pre-activation residual blocks: twice (norm, ReLU, 3x3x3 convolution), plus input."""
    return nn.Sequential(*(ResBlock(spatial_dims=3, in_channels=channels, norm=NORM) for _ in range(count)))


def conv_norm_relu(in_channels: int, out_channels: int) -> nn.Sequential:
    """3x3x3 convolution, group norm, ReLU."""
    return nn.Sequential(
        nn.Conv3d(in_channels, out_channels, kernel_size=3, padding=1, bias=False),
        nn.GroupNorm(8, out_channels),
        nn.ReLU(inplace=True),
    )
