"""The moving average of the student's weights: what is validated and shipped."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

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
        # All tensors in a few launches, which a small network on a GPU waits for.
        get_ema_multi_avg_fn(decay)(list(self.network.parameters()), list(student.parameters()), None)

    def state(self) -> dict[str, Any]:
        return {"network": self.network.state_dict(), "updates": self._updates}

    def restore(self, state: dict[str, Any]) -> None:
        self.network.load_state_dict(state["network"])
        self._updates = state["updates"]
