"""The loop that distils a teacher's knowledge into a student that sees random subsets."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import torch
from lightning_fabric import Fabric

from mstkd.data.cache import CachedCase
from mstkd.data.dataset import SamplePlan, SampleStream, Stage
from mstkd.data.synthesis import Head
from mstkd.distillation import Objective, Terms
from mstkd.distillation.objective import outside_first_step_range
from mstkd.errors import InputError
from mstkd.network import MSTKDNet
from mstkd.training.adversary import Adversary
from mstkd.training.average import MovingAverage
from mstkd.training.batches import batches
from mstkd.training.checkpoint import kept, load_checkpoint, save_best, save_checkpoint
from mstkd.training.config import NAMED, TrainingConfig
from mstkd.training.devices import peak_gb, total, used_precision
from mstkd.training.fine_tuning import load_base
from mstkd.training.journal import Journal
from mstkd.training.malloc import keep_freed_memory
from mstkd.training.optimization import Trained
from mstkd.training.provenance import device_name, revision, versions
from mstkd.training.randomness import random_states, seed_all, set_random_states
from mstkd.training.schedule import learning_rate
from mstkd.training.student import Batch, Trainee, segmentation, taps_of
from mstkd.training.teacher import Teacher, make_teacher
from mstkd.training.validation import Figures, score

Asked = Callable[[], bool]
"""Whether someone asked for it, now."""
Validate = Callable[[MSTKDNet, Asked], Figures | None]
"""Measures a student; None when it was stopped."""
PAUSE_S = 0.5
"""Between two looks of a paused run."""


class Trainer:
    """One run in one folder: student, teacher, discriminator, their optimisers and where they stand.

    Args:
        config: What to do.
        cases: The training cases.
        heads: From which synthetic patients are drawn.
        run: Folder of journal and checkpoint.
        fabric: Devices, precision and processes.
        validate: Measures the student; its figures go to the journal.
        resume: Go on from the run's checkpoint.
        journal: Where events go.

    Raises:
        InputError: The batch cannot be shared among the processes, the teacher is
            refused, or the checkpoint does not fit the configuration.
    """

    def __init__(
        self,
        config: TrainingConfig,
        cases: Sequence[CachedCase],
        run: Path,
        *,
        fabric: Fabric,
        validate: Validate,
        journal: Journal,
        heads: Sequence[Head] = (),
        resume: bool = False,
    ) -> None:
        check_shares(config, fabric.world_size)
        if fabric.device.type == "cpu" and not config.sampling.workers:  # a worker would begin with all that is kept
            keep_freed_memory()
        seed_all(config.seed)
        self.config, self.run, self.fabric, self.validate, self.journal = config, run, fabric, validate, journal
        package = None if resume else load_base(config)
        base = package.network if package is not None else None
        trainee = Trainee(
            config.architecture, config.deep_supervision, recompute=config.activation_checkpointing, base=base
        )
        self.student = Trained(fabric, trainee, config.optimizer)
        self.average = MovingAverage(self.student.module.network, config.ema_decay)
        self.teacher: Teacher | None = make_teacher(fabric, config, self.average.network, base)
        self.objective = Objective(config.distillation) if config.distillation is not None else None
        adversarial = config.distillation is not None and config.distillation.adversarial
        self.adversary = Adversary(fabric, config) if adversarial else None
        self.step = self.validated = 0
        self.best: dict[str, float] = {}
        if resume:
            self._restore(load_checkpoint(run))
        self.stream = SampleStream(cases, sample_plan(config), heads, fabric.device)

    def train(self, stop: Asked, pause: Asked) -> bool:
        """Go on to the last step, or until ``stop`` says so in any process; True when the run is complete.

        A checkpoint is written at its interval, at each validation, before a pause, and at
        the end, also after a stop. A pause lasts while ``pause`` says so in any process.

        Raises:
            InputError: A loss that is no number; the last checkpoint stays as it is.
        """
        self._log(
            "start",
            step=self.step,
            steps=self.config.steps,
            config=self.config.as_dict(),
            device=device_name(self.fabric.device, self.fabric.world_size),
            precision=used_precision(self.fabric.device, self.config.precision),
            processes=self.fabric.world_size,
            cases=len(self.stream.cases),
            revision=revision(),
            versions=versions(),
        )
        # What a run that was ended in the middle of a validation still owes.
        if not self._validate_if_due(stop):
            return False
        asked = time.perf_counter()
        for batch in self._batches():
            waited = time.perf_counter() - asked
            if not self._may_go_on(stop, pause):
                self._save()
                self._log("stopped", step=self.step)
                return False
            self._train_step(batch, waited)
            if self.step % self.config.checkpoint_every == 0 or self._validation_due():
                self._save()
            if not self._validate_if_due(stop):
                return False
            asked = time.perf_counter()
        self._log("finished", step=self.step)
        return True

    def _batches(self) -> Any:
        sampling = self.config.sampling
        return batches(
            self.stream,
            first=self.step,
            last=self.config.steps,
            size=sampling.batch_size,
            rank=self.fabric.global_rank,
            processes=self.fabric.world_size,
            workers=sample_workers(self.config, self.fabric.device),
            restarted=lambda reason: self._log("workers", step=self.step, restarted=reason),
        )

    def _train_step(self, batch: Batch, waited: float) -> None:
        started = time.perf_counter()
        batch = {name: tensor.to(self.fabric.device) for name, tensor in batch.items()}
        rate = learning_rate(self.step, self.config)
        losses: Terms = {}
        lesson = self.teacher.observe(batch) if self.teacher is not None else None
        out = self.student(batch["image"], batch["mask"].float())
        losses["dice"] = segmentation(out, batch, self.student.module.level_weights)
        loss = self.config.dice_weight * losses["dice"]
        if lesson is not None and self.objective is not None:
            student = taps_of(out)
            if self.adversary is None:
                terms = self.objective.terms(lesson.taps, student, None)
            else:
                with self.adversary.held() as discriminate:
                    terms = self.objective.terms(lesson.taps, student, discriminate)
            loss = loss + self.objective.weighted(terms, self.step)
            losses |= terms
            if lesson.loss is not None:
                losses["teacher_dice"] = lesson.loss
            if lesson.pending is not None:
                loss = loss + lesson.pending
        losses["loss"] = loss
        self.fabric.backward(loss)
        if lesson is not None and self.adversary is not None:
            losses["discriminator"] = self.adversary.learn(lesson.taps.f_fused, out["f_fused"])
        values = self._mean(losses)
        norm = self.student.step(rate)
        norms = [norm] if self.teacher is None else [norm, self.teacher.step(rate)]
        if not all(math.isfinite(value) for value in (*values.values(), *map(float, norms))):
            self._refuse(values)
        self.average.update(self.student.module.network)
        if self.step == 0 and self.objective is not None:
            self._log_first_terms(values)
        self.step += 1
        self._log(
            "step",
            step=self.step,
            **{name: float(f"{value:.8g}") for name, value in values.items()},
            learning_rate=rate,
            gradient_norm=round(norm.item(), 4),
            images=self.step * self.config.sampling.batch_size,
            seconds=round(time.perf_counter() - started, 3),
            waited=round(waited, 3),
            memory_gb=round(peak_gb(self.fabric.device), 2),
        )

    def _refuse(self, values: dict[str, float]) -> NoReturn:
        self._log("not_finite", step=self.step, losses={name: str(value) for name, value in values.items()})
        number = sum(first <= self.step for first, _ in self.config.starts) - 1
        rate = self.config.phases[number].learning_rate / 2
        raise InputError(
            f"{self.run}: the loss or a gradient was no finite number at step {self.step + 1}, and {kept(self.run)}; "
            f"resume with a lower rate: --set phases.{number}.learning_rate={rate:.1e}."
        )

    def _log_first_terms(self, values: dict[str, float]) -> None:
        assert self.objective is not None
        weights = self.objective.weights()
        weighted = {name: float(f"{weights[name] * values[name]:.4g}") for name in self.objective.active()}
        self._log("first_terms", step=0, weighted=weighted, outside=outside_first_step_range(weighted))

    def _mean(self, losses: Terms) -> dict[str, float]:
        """The losses over all processes, as plain numbers."""
        stacked = torch.stack([loss.detach().float() for loss in losses.values()])
        return dict(zip(losses, (total(self.fabric, stacked) / self.fabric.world_size).tolist(), strict=True))

    def _may_go_on(self, stop: Asked, pause: Asked) -> bool:
        """Wait while a pause is asked for; False once a stop is."""
        stopping, pausing = self._anyone(stop(), pause())
        if pausing and not stopping:
            self._save()
            self._log("paused", step=self.step)
            while pausing and not stopping:
                time.sleep(PAUSE_S)
                stopping, pausing = self._anyone(stop(), pause())
            if not stopping:
                self._log("resumed", step=self.step)
        return not stopping

    def _anyone(self, *asked: bool) -> list[bool]:
        """What any process was asked, so that all do the same at the same step."""
        asking = torch.tensor(asked, dtype=torch.float32, device=self.fabric.device)
        return (total(self.fabric, asking) > 0).tolist()

    def _validation_due(self) -> bool:
        due = self.step % self.config.validation.every == 0 or self.step == self.config.steps
        return due and self.step > self.validated

    def _validate_if_due(self, stop: Asked) -> bool:
        """Validate and save, where it is time; False when it was stopped, and is owed to the resumed run."""
        if not self._validation_due():
            return True
        started = time.perf_counter()
        figures = self.validate(self.average.network, stop)
        if figures is None:
            self._log("stopped", step=self.step)
            return False
        self.validated = self.step
        if figures:
            self._keep_if_best(figures, started)
        self._save()
        return True

    def _keep_if_best(self, figures: Figures, started: float) -> None:
        mean = score(figures)
        if mean > self.best.get("score", -1.0):
            self.best = {"score": mean, "step": self.step}
            if self.fabric.is_global_zero:
                save_best(self.run, self.average.network.state_dict())
        seconds = round(time.perf_counter() - started, 1)
        self._log("validation", step=self.step, dice=figures, score=round(mean, 4), best=self.best, seconds=seconds)

    def _log(self, event: str, **values: Any) -> None:
        if self.fabric.is_global_zero:
            self.journal.write(event, **values)

    def state(self) -> dict[str, Any]:
        """Everything to go on exactly, as a checkpoint holds it."""
        state: dict[str, Any] = {
            "step": self.step,
            "student": self.student.state(),
            "average": self.average.state(),
            "validated": self.validated,
            "best": self.best,
            "combinations": self.config.validation.combinations,
            "random": random_states(self.fabric.device),
        }
        if self.teacher is not None:
            state["teacher"] = self.teacher.state()
        if self.adversary is not None:
            state["adversary"] = self.adversary.state()
        return state

    def _save(self) -> None:
        if self.fabric.is_global_zero:
            save_checkpoint(self.run, self.state())
        self.fabric.barrier()

    def _restore(self, state: dict[str, Any]) -> None:
        try:
            self.student.restore(state["student"])
            self.average.restore(state["average"])
            if self.teacher is not None:
                self.teacher.restore(state["teacher"])
            if self.adversary is not None:
                self.adversary.restore(state["adversary"])
        except (KeyError, RuntimeError, ValueError) as error:
            raise InputError(
                f"{self.run} was trained with another network, teacher or optimiser than its configuration says; "
                "undo that change or start a new run."
            ) from error
        if state["step"] > self.config.steps:
            raise InputError(f"{self.run} has made {state['step']} steps already; give its phases no fewer in all.")
        set_random_states(state["random"], self.fabric.device)
        self.step = state["step"]
        # Means over other combinations cannot be compared: the next validation begins anew.
        if state.get("combinations", self.config.validation.combinations) == self.config.validation.combinations:
            self.validated, self.best = state["validated"], state["best"]


def check_shares(config: TrainingConfig, processes: int) -> None:
    """Raise InputError when the processes cannot share a batch equally."""
    if config.sampling.batch_size % processes:
        raise InputError(
            f"sampling.batch_size {config.sampling.batch_size} cannot be shared equally by {processes} processes; "
            "choose a multiple of them."
        )


def sample_workers(config: TrainingConfig, device: torch.device) -> int:
    """Processes that prepare samples; none beside a GPU, which makes its own."""
    return config.sampling.workers if device.type == "cpu" else 0


def sample_plan(config: TrainingConfig) -> SamplePlan:
    """What the run's samples are like; numbers of steps become numbers of samples."""
    sampling = config.sampling
    return SamplePlan(
        weights=sampling.dataset_weights,
        stages=[
            (
                first * sampling.batch_size,
                Stage(phase.patch, phase.synthetic, phase.transplanted, phase.tumour_free, phase.repainted),
            )
            for first, phase in config.starts
        ],
        augmentation=sampling.augmentation,
        bias_field=sampling.bias_field,
        subset_weights={NAMED[name]: weight for name, weight in sampling.subset_weights.items()},
        full_set_ramp=sampling.full_set_ramp * sampling.batch_size,
        all_sequences=config.teacher is not None,
        length=config.steps * sampling.batch_size,
        seed=config.seed,
    )
