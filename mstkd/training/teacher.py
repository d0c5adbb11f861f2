"""Who the student learns from: a teacher trained beside it, a finished one, or its own average."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import torch
from lightning_fabric import Fabric
from torch import Tensor

from mstkd.errors import InputError
from mstkd.models import load_package
from mstkd.network import MSTKDNet, Taps
from mstkd.training.config import TrainingConfig
from mstkd.training.optimization import Trained
from mstkd.training.student import Batch, Trainee, segmentation, taps_of


@dataclass(frozen=True)
class Lesson:
    """What a teacher has to say on a batch.

    Attributes:
        taps: On all available sequences.
        loss: Its own segmentation loss, if it is trained.
        pending: What is still to be propagated backward together with the student's loss.
    """

    taps: Taps
    loss: Tensor | None = None
    pending: Tensor | None = None


class Teacher(Protocol):
    """One who sees all sequences."""

    def observe(self, batch: Batch) -> Lesson:
        """Look at a batch with all its sequences."""

    def step(self, rate: float) -> Tensor:
        """Move its weights, if it is trained; returns the norm of its gradients."""

    def state(self) -> dict[str, Any]:
        """What a checkpoint needs."""

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint."""


class JointTeacher:
    """Trained at the same time as the student, on the same patches with all their sequences.

    Unless its gradients are wanted, it is propagated backward before the student looks, so
    that its feature maps are freed first: the same gradients in half the memory.
    """

    def __init__(self, fabric: Fabric, config: TrainingConfig, base: MSTKDNet | None) -> None:
        assert config.teacher is not None
        assert config.distillation is not None
        self.fabric, self.weight = fabric, config.teacher.dice_weight
        self.together = config.distillation.teacher_gradients
        trainee = Trainee(
            config.architecture, config.deep_supervision, recompute=config.activation_checkpointing, base=base
        )
        self.trainee = Trained(fabric, trainee, config.optimizer)

    def observe(self, batch: Batch) -> Lesson:
        out = self.trainee(batch["image"], batch["available"].float())
        loss = segmentation(out, batch, self.trainee.module.level_weights)
        if self.together:
            return Lesson(taps_of(out), loss.detach(), self.weight * loss)
        self.fabric.backward(self.weight * loss)
        return Lesson(taps_of(out).detached(), loss.detach())

    def step(self, rate: float) -> Tensor:
        return self.trainee.step(rate)

    def state(self) -> dict[str, Any]:
        return self.trainee.state()

    def restore(self, state: dict[str, Any]) -> None:
        self.trainee.restore(state)


class StillTeacher:
    """A network that is not trained here: a finished teacher, or the student's moving average.

    Args:
        network: It; used in evaluation mode.
        sha256: Of a finished teacher's weights, so that a resumed run has the same teacher.
    """

    def __init__(self, fabric: Fabric, network: MSTKDNet, sha256: str = "") -> None:
        self.fabric, self.network, self.sha256 = fabric, network, sha256

    @torch.no_grad()
    def observe(self, batch: Batch) -> Lesson:
        self.network.eval()
        available = batch["available"].float()
        with self.fabric.autocast():
            taps = self.network.forward_with_taps(batch["image"] * available[:, :, None, None, None], available)
        return Lesson(taps.each(Tensor.float))

    def step(self, rate: float) -> Tensor:
        """Nothing moves here."""
        return torch.zeros(())

    def state(self) -> dict[str, Any]:
        """Who it is: a finished teacher lies in its package, the average in the checkpoint already."""
        return {"sha256": self.sha256}

    def restore(self, state: dict[str, Any]) -> None:
        if state["sha256"] != self.sha256:
            raise InputError("the run was taught by another teacher than its package now holds; put that one back.")


def make_teacher(
    fabric: Fabric, config: TrainingConfig, average: MSTKDNet, base: MSTKDNet | None = None
) -> Teacher | None:
    """The teacher that the configuration asks for; None for the control arm.

    Args:
        average: The student's moving average, for a teacher of that kind.
        base: A network whose weights a joint teacher starts from.

    Raises:
        InputError: The package is refused, or is of another architecture than the terms need.
    """
    if config.teacher is None or config.distillation is None:
        return None
    if config.teacher.kind == "joint":
        return JointTeacher(fabric, config, base)
    if config.teacher.kind == "ema":
        return StillTeacher(fabric, average)
    assert config.teacher.package is not None
    package = load_package(config.teacher.package)
    network = package.network
    needs_same = config.distillation.ms_tkd is not None or config.distillation.gsme is not None
    if needs_same and network.architecture != config.architecture:
        raise InputError(
            f"{config.teacher.package} is of another architecture than the student, so their feature maps cannot be "
            "compared; set distillation.ms_tkd and distillation.gsme to null, or choose a teacher of the same one."
        )
    return StillTeacher(fabric, network.to(fabric.device).requires_grad_(False), package.sha256)
