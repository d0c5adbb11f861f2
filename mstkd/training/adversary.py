"""The discriminator in training (equation 9); it and its optimiser live as long as the run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning_fabric import Fabric
from torch import Tensor

from mstkd.distillation.style import Discriminator, discriminator_loss
from mstkd.training.config import TrainingConfig
from mstkd.training.optimization import Trained


class Adversary:
    """Learns to tell the teacher's features from the student's."""

    def __init__(self, fabric: Fabric, config: TrainingConfig) -> None:
        assert config.distillation is not None
        assert config.distillation.gsme is not None
        self.fabric, self.rate = fabric, config.distillation.gsme.discriminator_learning_rate
        self.trained = Trained(fabric, Discriminator(config.architecture.channels[-1]), config.optimizer)

    @contextmanager
    def held(self) -> Iterator[Callable[[Tensor], Tensor]]:
        """The discriminator as a fixed judge: gradients pass through it and leave it as it is."""
        # In evaluation mode its spectral norms are not estimated anew either.
        module = self.trained.module.requires_grad_(False).eval()

        def judge(features: Tensor) -> Tensor:
            # Only D itself computes in the run's precision; the terms around it keep 32 bits.
            with self.fabric.autocast():
                logits: Tensor = module(features)
            return logits.float()

        try:
            yield judge
        finally:
            module.requires_grad_(True)

    def learn(self, teacher: Tensor, student: Tensor) -> Tensor:
        """One step on f_enc&t of both, ``(B, C, h, w, d)``; returns its loss."""
        of_teacher, of_student = self.trained(torch.cat([teacher, student]).detach()).chunk(2)
        loss = discriminator_loss(of_teacher, of_student)
        self.fabric.backward(loss)
        self.trained.step(self.rate)
        return loss.detach()

    def state(self) -> dict[str, Any]:
        return self.trained.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.trained.restore(state)
