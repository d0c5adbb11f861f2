"""Multi-scale transformer knowledge distillation (section 2.2, equations 2 to 4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Reduce = Literal["heads", "layers"]


def evd_loss(teacher: Sequence[Tensor], student: Sequence[Tensor], reduce: Reduce = "heads") -> Tensor:
    """Extreme value distillation, the first sum of equation 4.

    ``sum over k and layers of mean((EV_k(teacher) - EV_k(student))^2)``, with the
    attention times N before equation 3: its entries are about 1/N, which would leave the
    term at 1e-9.

    Args:
        teacher: A_i of each tapped layer, ``(B, heads, N, N)``.
        student: The same of the student.
        reduce: What equation 2 reduces over: a layer's ``heads`` (the paper), or the
            tapped ``layers`` (the published code).
    """
    pairs = zip(extreme_values(teacher, reduce), extreme_values(student, reduce), strict=True)
    # Mean over the layers' elements times the number of layers is the sum of the layers' means.
    return torch.stack([len(teacher) * (t - s).square().mean() for t, s in pairs]).sum()


def extreme_values(attentions: Sequence[Tensor], reduce: Reduce) -> list[Tensor]:
    """EV_1, EV_2 and EV_3 of equation 3, each ``(B, layers, heads, N, N)``, of N A."""
    stacked = torch.stack(list(attentions), dim=1) * attentions[0].shape[-1]
    axis = {"heads": 2, "layers": 1}[reduce]
    extremes = (stacked.amax(axis, keepdim=True), stacked.amin(axis, keepdim=True), stacked.mean(axis, keepdim=True))
    return [extreme * stacked for extreme in extremes]


def mst_loss(teacher: Sequence[Tensor], student: Sequence[Tensor]) -> Tensor:
    """The second sum of equation 4: mean square of z_i differences, summed over the scales.

    Args:
        teacher: z_i of each tapped layer, ``(B, K, h, w, d)``.
        student: The same of the student.
    """
    return torch.stack([(t - s).square().mean() for t, s in zip(teacher, student, strict=True)]).sum()
