"""A network in training: its taps, deep supervision and segmentation loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from mstkd.network import Architecture, MSTKDNet, Taps
from mstkd.network.mst_kdnet import CLASSES
from mstkd.training.loss import segmentation_loss

Batch = Mapping[str, Tensor]


class Trainee(nn.Module):
    """A network with heads for deep supervision, which are not shipped.

    Args:
        architecture: Its sizes.
        deep_supervision: Weights of the coarser levels' losses, finest first.
        recompute: Save memory by computing fine maps again in the backward pass.
        base: A network whose weights to start from instead of random ones.
    """

    def __init__(
        self,
        architecture: Architecture,
        deep_supervision: Sequence[float],
        *,
        recompute: bool,
        base: MSTKDNet | None = None,
    ) -> None:
        super().__init__()
        self.network = MSTKDNet(architecture)
        if base is not None:
            self.network.load_state_dict(dict(base.named_parameters()))
        if recompute:
            self.network.recompute_fine_maps()
        self.level_weights = tuple(deep_supervision)
        levels = architecture.channels[1 : 1 + len(self.level_weights)]
        self.heads = nn.ModuleList(nn.Conv3d(channels, CLASSES, kernel_size=1) for channels in levels)

    def forward(self, image: Tensor, mask: Tensor) -> dict[str, Any]:
        """The fields of `Taps` and ``level_logits``; a plain dict, which every parallel strategy can handle."""
        taps = self.network.forward_with_taps(image * mask[:, :, None, None, None], mask)
        logits = [head(level) for head, level in zip(self.heads, taps.levels, strict=False)]
        return {**vars(taps), "level_logits": logits}


def network_weights(trainee: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights of the network alone, from a `Trainee`'s."""
    prefix = "network."
    return {name.removeprefix(prefix): w for name, w in trainee.items() if name.startswith(prefix)}


def segmentation(out: Mapping[str, Any], batch: Batch, level_weights: Sequence[float]) -> Tensor:
    """The segmentation loss, and that of the coarser levels, each on every 2nd, 4th, ... voxel of the labels.

    With weights w_i it is ``(L_0 + sum of w_i L_i) / (1 + sum of w_i)``.
    """
    losses = [segmentation_loss(out["logits"], batch["label"], batch["known"])]
    for logits in out["level_logits"]:
        step = batch["label"].shape[1] // logits.shape[2]
        losses.append(segmentation_loss(logits, batch["label"][:, ::step, ::step, ::step], batch["known"]))
    weights = torch.tensor([1.0, *level_weights], device=losses[0].device)
    return (torch.stack(losses) * weights).sum() / weights.sum()


def taps_of(out: Mapping[str, Any]) -> Taps:
    """What the distillation compares, from a `Trainee`'s output."""
    return Taps(**{name: value for name, value in out.items() if name != "level_logits"})
