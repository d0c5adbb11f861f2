"""The moving average of the student's weights: what is validated and shipped."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn

from mstkd.network import MSTKDNet


class MovingAverage:
    """``w <- d w + (1 - d) w_student`` after each step, with ``d = min(decay, (1 + n) / (10 + n))``.

    The smaller first decays let go of the initial weights within a short run. With decay
    0 it is the student itself.
    """

    def __init__(self, network: MSTKDNet, decay: float) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False)
        self._decay, self._updates = decay, 0

    @torch.no_grad()
    def update(self, student: nn.Module) -> None:
        """Move towards the student."""
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        self._updates += 1
        pairs = zip(self.network.parameters(), student.parameters(), strict=True)
        for mean, now in pairs:
            mean.lerp_(now.detach(), 1 - decay)

    def state(self) -> dict[str, Any]:
        return {"network": self.network.state_dict(), "updates": self._updates}

    def restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self._updates = state["updates"]
