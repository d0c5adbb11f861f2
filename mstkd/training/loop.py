"""The loop that trains a student on random subsets of the sequences."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from torch.utils.data import DataLoader, Subset

from mstkd.data.cache import CachedCase
from mstkd.data.dataset import SampleStream
from mstkd.network import PRESETS, MSTKDNet
from mstkd.training.checkpoint import load_checkpoint, save_checkpoint
from mstkd.training.config import TrainingConfig
from mstkd.training.journal import Journal
from mstkd.training.loss import segmentation_loss
from mstkd.training.provenance import device_name, revision, versions

GRADIENT_LIMIT = 5.0
Validate = Callable[[MSTKDNet], dict[str, float]]


def learning_rate(step: int, config: TrainingConfig) -> float:
    """The rate at a step: half a cosine from each phase's to the next's, after a linear warm-up."""
    rates = [phase.learning_rate for phase in config.phases]
    ends = [*rates[1:], 0.01 * rates[-1]]
    first = 0
    rate = ends[-1]
    for phase, end in zip(config.phases, ends, strict=True):
        if step < first + phase.steps:
            share = (step - first) / phase.steps
            rate = end + (phase.learning_rate - end) * 0.5 * (1 + math.cos(math.pi * share))
            break
        first += phase.steps
    return rate * min(1.0, (step + 1) / max(1, config.warmup))


class Trainer:
    """One run in one folder: network, optimiser, averaged weights and where it stands.

    Args:
        config: What to do.
        cases: The training cases.
        run: Folder of journal and checkpoint.
        device: Where to compute; CUDA uses bfloat16.
        validate: Measures the averaged network; its figures go to the journal.
        resume: Go on from the run's checkpoint.
    """

    def __init__(
        self,
        config: TrainingConfig,
        cases: Sequence[CachedCase],
        run: Path,
        *,
        device: torch.device,
        validate: Validate,
        resume: bool = False,
    ) -> None:
        torch.manual_seed(config.seed)
        self.config, self.run, self.device, self.validate = config, run, device, validate
        network = MSTKDNet(PRESETS[config.preset])
        # torch's stub lacks the overload with memory_format alone.
        self.network = network.to(device).to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.optimizer = torch.optim.AdamW(self.network.parameters(), weight_decay=config.weight_decay)
        self.averaged = AveragedModel(self.network, multi_avg_fn=get_ema_multi_avg_fn(config.ema_decay))
        self.step = 0
        if resume:
            self._restore(load_checkpoint(run))
        self.stream = SampleStream(
            cases,
            weights=config.dataset_weights,
            patches=[(first * config.batch_size, size) for first, size in config.patches],
            length=config.steps * config.batch_size,
            seed=config.seed,
        )
        self.journal = Journal(run)

    def train(self, stop: Callable[[], bool]) -> bool:
        """Go on to the last step, or until ``stop`` says so; True when the run is complete.

        A checkpoint is written at each validation and at the end, also after a stop.
        """
        self.journal.write(
            "start",
            step=self.step,
            config=self.config.as_dict(),
            device=device_name(self.device),
            revision=revision(),
            versions=versions(),
        )
        for batch in self._batches():
            if stop():
                self._save()
                self.journal.write("stopped", step=self.step)
                return False
            self._train_step(batch)
            if self.step % self.config.validate_every == 0 and self.step < self.config.steps:
                self._checkpoint()
        self._checkpoint()
        self.journal.write("finished", step=self.step)
        return True

    def student(self) -> MSTKDNet:
        """The averaged network: what is validated and shipped."""
        averaged = self.averaged.module
        assert isinstance(averaged, MSTKDNet)
        return averaged

    def _batches(self) -> DataLoader[dict[str, Tensor]]:
        rest = range(self.step * self.config.batch_size, len(self.stream))
        return DataLoader(Subset(self.stream, rest), batch_size=self.config.batch_size, num_workers=self.config.workers)

    def _train_step(self, batch: dict[str, Tensor]) -> None:
        started = time.perf_counter()
        rate = learning_rate(self.step, self.config)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        batch = {name: tensor.to(self.device) for name, tensor in batch.items()}
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.device.type == "cuda"):
            logits = self.network(batch["image"], batch["mask"])
        loss = segmentation_loss(logits, batch["label"], batch["known"])
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.network.parameters(), GRADIENT_LIMIT)
        if torch.isfinite(norm):
            self.optimizer.step()
            self.averaged.update_parameters(self.network)
        self.step += 1
        self.journal.write(
            "step",
            step=self.step,
            loss=round(loss.item(), 5),
            learning_rate=rate,
            gradient_norm=round(norm.item(), 4),
            seconds=round(time.perf_counter() - started, 3),
        )

    def _checkpoint(self) -> None:
        self._save()
        self.journal.write("validation", step=self.step, dice=self.validate(self.student()))

    def _save(self) -> None:
        state: dict[str, Any] = {
            "step": self.step,
            "network": self.network.state_dict(),
            "averaged": self.averaged.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        save_checkpoint(self.run, state)

    def _restore(self, state: dict[str, Any]) -> None:
        self.step = state["step"]
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
