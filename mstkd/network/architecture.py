"""Sizes of the network and the two presets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

Count: TypeAlias = Annotated[int, Field(ge=1)]
Channels: TypeAlias = Annotated[int, Field(ge=8, multiple_of=8)]


@dataclass(frozen=True)
class Architecture:
    """The sizes that define one MST-KDNet; stored in a model's card."""

    stem_stride: Annotated[
        int,
        Field(ge=1, le=2, description="1: full resolution in the first stage, as in the paper; 2: half resolution."),
    ]
    channels: Annotated[
        tuple[Channels, ...],
        Field(
            description="Feature maps per encoder stage, finest first: 4 stages with stem_stride 1, 3 with 2, so that "
            "the last one has an eighth of the resolution."
        ),
    ]
    blocks: Annotated[tuple[Count, ...], Field(description="Residual blocks per encoder stage.")]
    hidden: Annotated[Count, Field(description="Width K of the transformer's tokens.")]
    heads: Annotated[Count, Field(description="Number n of attention heads.")]
    layers: Annotated[Count, Field(description="Number of transformer layers.")]
    taps: Annotated[
        tuple[Count, ...],
        Field(
            description="Layers, counted from 1, whose tokens z_i and attention A_i are the scales; the last is one."
        ),
    ]
    feed_forward: Annotated[Count, Field(description="Width of each layer's feed-forward part.")]
    scale_channels: Annotated[
        tuple[Channels, Channels],
        Field(description="Feature maps of the two steps that decode each z_i to an eighth of the resolution."),
    ]

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
