"""Sizes of the network and the two presets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Architecture:
    """The sizes that define one MST-KDNet; stored in a model's card.

    Args:
        stem_stride: 1 keeps full resolution in the first stage, as in the paper;
            2 starts at half resolution.
        channels: Feature maps per encoder stage, finest first. The last stage lies
            at H/8, so there are 4 stages with ``stem_stride`` 1 and 3 with 2.
        blocks: Residual blocks per encoder stage.
        hidden: Width K of the transformer's tokens.
        heads: Number n of attention heads.
        layers: Number of transformer layers.
        taps: Layers (counted from 1) whose tokens z_i and attention A_i are the scales.
        feed_forward: Width of each layer's feed-forward part.
        scale_channels: Feature maps of the two upsampling steps that decode each z_i
            to the H/8 grid.
    """

    stem_stride: int
    channels: tuple[int, ...]
    blocks: tuple[int, ...]
    hidden: int
    heads: int
    layers: int
    taps: tuple[int, ...]
    feed_forward: int
    scale_channels: tuple[int, int]

    def __post_init__(self) -> None:
        depth = {1: 4, 2: 3}.get(self.stem_stride)
        if depth is None or len(self.channels) != depth or len(self.blocks) != depth:
            raise ValueError("stem_stride 1 needs 4 encoder stages, stem_stride 2 needs 3")
        if self.hidden % self.heads:
            raise ValueError(f"hidden ({self.hidden}) is not a multiple of heads ({self.heads})")
        if not self.taps or min(self.taps) < 1 or max(self.taps) != self.layers:
            # What lies behind the last tap would reach no output.
            raise ValueError(f"taps {self.taps} are not among layers 1 to {self.layers}, the last of them included")
        if any(c % 8 for c in self.channels) or any(c % 8 for c in self.scale_channels):
            raise ValueError("all channel counts are multiples of 8, for group norm with 8 groups")


PRESETS: dict[str, Architecture] = {
    "paper": Architecture(
        stem_stride=1,
        channels=(16, 32, 64, 128),
        blocks=(1, 2, 2, 4),
        hidden=768,
        heads=12,
        layers=12,
        taps=(3, 6, 9, 12),
        feed_forward=2048,
        scale_channels=(512, 256),
    ),
    "compact": Architecture(
        stem_stride=2,
        channels=(16, 48, 128),
        blocks=(1, 2, 2),
        hidden=128,
        heads=4,
        layers=8,
        taps=(2, 4, 6, 8),
        feed_forward=256,
        scale_channels=(64, 64),
    ),
}
"""``paper``: the published sizes. ``compact``: half-resolution stem, for CPUs and small GPUs."""
