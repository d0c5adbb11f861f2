"""The multi-scale transformer on the H/8 map (section 2.1, equation 1)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mstkd.network.architecture import Architecture
from mstkd.network.blocks import conv_norm_relu

PATCH = 4
POSITION_GRID = (5, 6, 4)
"""Token grid of the paper's 160 x 192 x 128 input, on which positions are learned."""


class SelfAttention(nn.Module):
    """Multi-head self-attention, equation 1: ``A = softmax(q k^T / sqrt(K_h))``."""

    def __init__(self, hidden: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(hidden, 3 * hidden)
        self.out = nn.Linear(hidden, hidden)

    def forward(self, z: Tensor, with_attention: bool = False) -> tuple[Tensor, Tensor | None]:
        """Tokens ``(B, N, K)`` to tokens, and A ``(B, heads, N, N)`` when asked for."""
        batch, count, hidden = z.shape
        q, k, v = self.qkv(z).reshape(batch, count, 3, self.heads, hidden // self.heads).permute(2, 0, 3, 1, 4)
        attention = None
        if with_attention:
            attention = torch.softmax(q @ k.transpose(-2, -1) * (hidden // self.heads) ** -0.5, dim=-1)
            mixed = attention @ v
        else:
            mixed = F.scaled_dot_product_attention(q, k, v)
        return self.out(mixed.transpose(1, 2).reshape(batch, count, hidden)), attention


class Layer(nn.Module):
    """Pre-norm transformer layer: attention and feed-forward, each with a residual."""

    def __init__(self, hidden: int, heads: int, feed_forward: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(hidden)
        self.attention = SelfAttention(hidden, heads)
        self.norm_mlp = nn.LayerNorm(hidden)
        self.mlp = nn.Sequential(nn.Linear(hidden, feed_forward), nn.GELU(), nn.Linear(feed_forward, hidden))

    def forward(self, z: Tensor, with_attention: bool = False) -> tuple[Tensor, Tensor | None]:
        mixed, attention = self.attention(self.norm_attention(z), with_attention)
        z = z + mixed
        return z + self.mlp(self.norm_mlp(z)), attention


class ScaleDecoder(nn.Sequential):
    """One z_i ``(B, K, h, w, d)`` up to the H/8 grid by two transposed convolutions."""

    def __init__(self, hidden: int, steps: tuple[int, int], out_channels: int) -> None:
        first, second = steps
        super().__init__(
            nn.ConvTranspose3d(hidden, hidden, kernel_size=2, stride=2),
            conv_norm_relu(hidden, first),
            nn.ConvTranspose3d(first, second, kernel_size=2, stride=2),
            conv_norm_relu(second, second),
            nn.Conv3d(second, out_channels, kernel_size=1),
        )


class MultiScaleTransformer(nn.Module):
    """Tokens of 4x4x4 patches of the H/8 map; tapped layers are decoded and summed with it.

    The map is zero-padded to a multiple of the patch and cropped again, so any grid works.
    Learned positions are interpolated from 5 x 6 x 4.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        channels, hidden = architecture.channels[-1], architecture.hidden
        self.taps = architecture.taps
        self.embed = nn.Conv3d(channels, hidden, kernel_size=PATCH, stride=PATCH)
        self.position = nn.Parameter(torch.empty(1, hidden, *POSITION_GRID))
        nn.init.trunc_normal_(self.position, std=0.02)
        self.layers = nn.ModuleList(
            Layer(hidden, architecture.heads, architecture.feed_forward) for _ in range(architecture.layers)
        )
        self.decoders = nn.ModuleList(
            ScaleDecoder(hidden, architecture.scale_channels, channels) for _ in architecture.taps
        )

    def forward(self, features: Tensor, with_attention: bool = False) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """H/8 map ``(B, C, H/8, W/8, D/8)`` to f_t of the same shape, the z_i and the A_i.

        The z_i are ``(B, K, h, w, d)`` on the token grid. The A_i ``(B, heads, N, N)``
        are computed only with ``with_attention``; otherwise that list is empty.
        """
        size = features.shape[2:]
        margin = [(-n) % PATCH for n in size]
        padded = F.pad(features, [0, margin[2], 0, margin[1], 0, margin[0]])
        tokens = self.embed(padded)
        grid = tokens.shape[2:]
        position: Tensor = self.position
        if tuple(grid) != POSITION_GRID:
            position = F.interpolate(position, size=grid, mode="trilinear", align_corners=False)
        z = (tokens + position).flatten(2).transpose(1, 2)
        scales: list[Tensor] = []
        attentions: list[Tensor] = []
        for number, layer in enumerate(self.layers, start=1):
            tapped = number in self.taps
            z, attention = layer(z, with_attention and tapped)
            if tapped:
                scales.append(z.transpose(1, 2).unflatten(2, grid))
            if attention is not None:
                attentions.append(attention)
        out = features
        for decoder, scale in zip(self.decoders, scales, strict=True):
            out = out + decoder(scale)[..., : size[0], : size[1], : size[2]]
        return out, scales, attentions
