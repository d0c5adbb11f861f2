"""MST-KDNet: encoder, multi-scale transformer and decoder with the taps of the distillation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch.nn.functional as F
from monai.networks.blocks import SubpixelUpsample
from torch import Tensor, cat, nn

from mstkd.network.architecture import Architecture
from mstkd.network.blocks import Residual
from mstkd.network.transformer import MultiScaleTransformer

CLASSES = 4
"""Background, NETC, SNFH, ET under one softmax."""


@dataclass(frozen=True)
class Taps:
    """Everything the distillation compares between teacher and student.

    Attributes:
        logits: ``(B, 4, H, W, D)``.
        scales: z_i, each ``(B, K, h, w, d)`` on the token grid (equation 4).
        attentions: A_i, each ``(B, heads, N, N)`` (equations 2 and 3).
        f_enc: ``(B, C, H/8, W/8, D/8)``, max-pooled penultimate stage, projected to C.
        f_t: same shape, the transformer's output.
        f_dec: ``(B, C', H/8, W/8, D/8)``, the decoder's first convolution (equation 10).
        f_fused: f_enc&t, ``(B, C, H/8, W/8, D/8)``: the decoder's and discriminator's
            input (equation 9).
        levels: The decoder's maps below the head's, finest first, for deep supervision.
    """

    logits: Tensor
    scales: list[Tensor]
    attentions: list[Tensor]
    f_enc: Tensor
    f_t: Tensor
    f_dec: Tensor
    f_fused: Tensor
    levels: list[Tensor]

    def each(self, change: Callable[[Tensor], Tensor]) -> Taps:
        """The taps with every tensor changed."""
        changed: dict[str, Any] = {
            name: [change(tensor) for tensor in value] if isinstance(value, list) else change(value)
            for name, value in vars(self).items()
        }
        return Taps(**changed)

    def detached(self) -> Taps:
        """The same values, through which no gradient flows."""
        return self.each(Tensor.detach)


class Encoder(nn.Module):
    """A convolution, then stages of residual blocks joined by stride-2 convolutions.

    The modality mask enters as a learned embedding added to the first feature map, so
    that an absent sequence (a zero channel) differs from dark tissue.
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        channels = architecture.channels
        self.stem = nn.Conv3d(4, channels[0], kernel_size=3, stride=architecture.stem_stride, padding=1)
        self.mask_embedding = nn.Linear(4, channels[0])
        self.stages = nn.ModuleList(Residual(c, n) for c, n in zip(channels, architecture.blocks, strict=True))
        self.downs = nn.ModuleList(nn.Conv3d(a, b, kernel_size=3, stride=2, padding=1) for a, b in pairwise(channels))

    def forward(self, x: Tensor, mask: Tensor) -> list[Tensor]:
        """One feature map per stage, finest first."""
        x = self.stem(x) + self.mask_embedding(mask.to(x.dtype))[..., None, None, None]
        features = [self.stages[0](x)]
        for down, stage in zip(self.downs, self.stages[1:], strict=True):
            features.append(stage(down(features[-1])))
        return features


class Decoder(nn.Module):
    """Per level: 1x1x1 convolution, upsampling x2, addition of the skip, residual block."""

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        channels = architecture.channels[::-1]
        self.reduce = nn.ModuleList(nn.Conv3d(a, b, kernel_size=1) for a, b in pairwise(channels))
        self.blocks = nn.ModuleList(Residual(c, 1) for c in channels[1:])
        self.head = head(channels[-1], architecture.stem_stride)

    def forward(self, fused: Tensor, skips: list[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
        """f_enc&t and the encoder's maps (coarsest first) to logits, f_dec and the coarser levels' maps."""
        x = first = self.reduce[0](fused)
        levels: list[Tensor] = []
        for level, (skip, block) in enumerate(zip(skips, self.blocks, strict=True)):
            if level:
                levels.insert(0, x)
                x = self.reduce[level](x)
            x = block(F.interpolate(x, scale_factor=2, mode="trilinear", align_corners=False) + skip)
        return self.head(x), first, levels


def head(channels: int, stem_stride: int) -> nn.Module:
    """Class logits at full resolution; a half-resolution decoder ends in a sub-pixel convolution."""
    if stem_stride == 1:
        return nn.Conv3d(channels, CLASSES, kernel_size=1)
    upsample: nn.Module = SubpixelUpsample(
        spatial_dims=3, in_channels=channels, out_channels=CLASSES, scale_factor=stem_stride
    )
    return upsample


class MSTKDNet(nn.Module):
    """Segments from any non-empty subset of the four sequences.

    Example:
        >>> network = MSTKDNet(PRESETS["compact"])
        >>> logits = network(images, mask)  # (B, 4, H, W, D), (B, 4) -> (B, 4, H, W, D)
    """

    def __init__(self, architecture: Architecture) -> None:
        super().__init__()
        penultimate, last = architecture.channels[-2:]
        self.architecture = architecture
        self.encoder = Encoder(architecture)
        self.transformer = MultiScaleTransformer(architecture)
        self.project_enc = nn.Conv3d(penultimate, last, kernel_size=1)
        self.fuse = nn.Conv3d(3 * last, last, kernel_size=1)
        self.decoder = Decoder(architecture)

    @property
    def enhancement_without(self) -> tuple[str, ...]:
        """Short names of the sequences that a second look at the enhancement leaves out: none here."""
        return ()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Logits ``(B, 4, H, W, D)``; no attention map is built.

        Args:
            x: ``(B, 4, H, W, D)``, channels FLAIR, T1, T1Gd, T2; absent ones zero.
                H, W and D are multiples of 8.
            mask: ``(B, 4)``, true or 1 where a sequence exists.

        Raises:
            ValueError: When a size is not a multiple of 8.
        """
        return self._run(x, mask, with_attention=False).logits

    def recompute_fine_maps(self) -> None:
        """Train with less memory and more time: the two finest levels' maps are not kept.

        They take almost all of the memory; the coarser ones would save little.
        """
        for block in (*self.encoder.stages[:2], *self.decoder.blocks[-2:]):
            assert isinstance(block, Residual)
            block.recompute = True

    def forward_with_taps(self, x: Tensor, mask: Tensor) -> Taps:
        """The same logits with every tensor the distillation needs."""
        return self._run(x, mask, with_attention=True)

    def _run(self, x: Tensor, mask: Tensor, with_attention: bool) -> Taps:
        if any(n % 8 for n in x.shape[2:]):
            raise ValueError(f"each size of {tuple(x.shape[2:])} must be a multiple of 8")
        features = self.encoder(x, mask)
        f_t, scales, attentions = self.transformer(features[-1], with_attention)
        f_enc = self.project_enc(F.max_pool3d(features[-2], kernel_size=2))
        f_fused = self.fuse(cat([f_enc, f_t, features[-1]], dim=1))
        logits, f_dec, levels = self.decoder(f_fused, features[-2::-1])
        return Taps(logits, scales, attentions, f_enc, f_t, f_dec, f_fused, levels)
