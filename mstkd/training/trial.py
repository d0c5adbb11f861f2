"""Some steps and a validation of a training, timed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
from lightning_fabric import Fabric

from mstkd.data.cache import CachedCase
from mstkd.data.dataset import SampleStream
from mstkd.data.synthesis import Head
from mstkd.modalities import CHANNELS
from mstkd.training.checkpoint import save_best
from mstkd.training.config import TrainingConfig
from mstkd.training.journal import Journal
from mstkd.training.loop import Trainer, sample_plan, sample_workers
from mstkd.training.stopwatch import Stopwatch
from mstkd.training.validation import validation_dice

NEVER = 10**9
PASSES = 2
"""Of the network over a whole head; the last one counts."""


class Trial:
    """A trainer that goes on with one patch after the other.

    Attributes:
        save_seconds: For the last checkpoint.
        workers_gb: The most that the processes that prepare samples had.
    """

    def __init__(
        self, config: TrainingConfig, ready: list[CachedCase], heads: Sequence[Head], folder: Path, fabric: Fabric
    ) -> None:
        self.device, self.save_seconds, self.workers_gb = fabric.device, 0.0, 0.0
        self._config, self._ready, self._heads = config, ready, heads
        self._folder, self._fabric = folder, fabric
        self._watch = self._new_watch()
        self._trainer = Trainer(
            probed(config, config.phases[0].patch, 1),
            ready,
            folder,
            fabric=fabric,
            validate=lambda network, stop: {},  # not due
            journal=Journal(folder, (lambda event: self._watch.listen(event),)),
            heads=heads,
        )

    def step_seconds(self, patch: tuple[int, int, int]) -> float:
        """Of a step with that patch; it ends with a checkpoint."""
        trainer = self._trainer
        watch = self._watch = self._new_watch()
        trainer.config = probed(self._config, patch, trainer.step + watch.most + 1)
        trainer.stream = SampleStream(self._ready, sample_plan(trainer.config), self._heads, self.device)
        ended = 0.0

        def enough() -> bool:
            nonlocal ended
            if not watch.enough():
                return False
            self.workers_gb = max(self.workers_gb, children_gb())
            ended = time.perf_counter()
            return True

        trainer.train(enough, pause=lambda: False)
        self.save_seconds = time.perf_counter() - ended
        return watch.seconds()

    def pass_seconds(self) -> float:
        """Of the network over a whole head in a validation; its weights are saved as the best ones are."""
        network, case = self._trainer.average.network, self._ready[-1]
        subset = tuple(m for m, there in zip(CHANNELS, case.mask, strict=True) if there)
        for _ in range(PASSES):
            started = time.perf_counter()
            validation_dice(network, [case], [subset], self._fabric, lambda: False)
            seconds = time.perf_counter() - started
        save_best(self._folder, network.state_dict())
        return seconds

    def _new_watch(self) -> Stopwatch:
        return Stopwatch(
            warm_up=5 if self.device.type == "cuda" else 1, block=sample_workers(self._config, self.device)
        )


def probed(config: TrainingConfig, patch: tuple[int, int, int], steps: int) -> TrainingConfig:
    """The configuration with that many steps of one patch as most are, without checkpoint, validation or a base."""
    phase = next(phase for phase in config.phases if phase.patch == patch).model_copy(update={"steps": steps})
    validation = config.validation.model_copy(update={"every": NEVER})
    sampling = config.sampling.model_copy(update={"full_set_ramp": 0})
    changes: dict[str, Any] = {"phases": (phase,), "validation": validation, "sampling": sampling}
    return config.model_copy(update=changes | {"checkpoint_every": NEVER, "start_from": None})


def children_gb() -> float:
    """Memory that this process's children do not share with it."""
    used = 0
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            used += child.memory_full_info().uss
    return used / 1e9
