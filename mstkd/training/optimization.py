"""A module with its optimiser on the devices of a run."""

from __future__ import annotations

from typing import Any, Generic, TypeVar, cast

import torch
from lightning_fabric import Fabric
from lightning_fabric.wrappers import _FabricOptimizer
from torch import Tensor, nn

from mstkd.training.config import Optimizer

Module = TypeVar("Module", bound=nn.Module)


class Trained(Generic[Module]):
    """Calls the module through the run's parallel strategy and precision, and moves its weights.

    Args:
        module: What is trained; kept in channels-last order, in which 3D convolutions are fastest.
        settings: Kind of optimiser and its limits.
    """

    def __init__(self, fabric: Fabric, module: Module, settings: Optimizer) -> None:
        # torch's stub lacks the overload with memory_format alone.
        self.module: Module = module.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[settings.name]
        self._fabric, self._limit = fabric, settings.gradient_limit
        self._call = fabric.setup_module(self.module)
        made = kind(self.module.parameters(), betas=settings.betas, weight_decay=settings.weight_decay)
        self.optimizer = cast(_FabricOptimizer, fabric.setup_optimizers(made))

    def __call__(self, *inputs: Tensor) -> Any:
        self.module.train()
        return self._call(*inputs)

    def step(self, rate: float) -> Tensor:
        """Clip the gradients, move the weights, forget the gradients.

        Returns:
            The norm of the gradients before clipping; when it is not finite nothing moves.
        """
        norm = nn.utils.clip_grad_norm_(self.module.parameters(), self._limit)
        if torch.isfinite(norm):
            for group in self.optimizer.param_groups:
                group["lr"] = rate
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return norm

    def state(self) -> dict[str, Any]:
        """Weights and the optimiser's moments."""
        return {"module": self.module.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a `state`, with the optimiser's settings of now."""
        self.module.load_state_dict(state["module"])
        settings = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state["optimizer"]["state"], "param_groups": settings})
