"""A run's curves and figures, gathered from its journal as it grows."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable
from statistics import median
from typing import Any

from mstkd.runs.journal import Event
from mstkd.runs.series import Series

SEGMENTATION = ("dice", "teacher_dice")
DISTILLATION = ("evd", "mst", "logit_mse", "logit_kl", "style", "adversarial", "discriminator")
TERMS = ("loss", *SEGMENTATION, *DISTILLATION)
"""Losses that a step may tell: the weighted sum, then its terms."""
LARGEST = 1e30
"""A figure beyond it is none, and could not be drawn."""
RECENT = 50
"""Steps of whose durations the median is told; a few slow ones then mean nothing."""


class Curves:
    """What a person watches of a run, in bounded memory.

    Args:
        cases_per_epoch: Training cases, for runs whose journal does not tell.

    Attributes:
        steps: In all; 0 before the run's start is read.
        learning_rate: Of the last step.
        memory_gb: The most that any step has seen.
        dice: Combination, region, then a value at each validation's step.
        scores: The mean of a validation, by which the best student is chosen.
        best: Of the last validation: ``{"score", "step"}``.
    """

    def __init__(self, cases_per_epoch: int | None = None) -> None:
        self.cases_per_epoch = cases_per_epoch
        self.restart()

    def restart(self) -> None:
        """Forget everything, for a journal that began anew."""
        self.step = self.steps = 0
        self.learning_rate: float | None = None
        self.memory_gb: float | None = None
        self.dice: dict[str, dict[str, list[tuple[int, float]]]] = {}
        self.scores: list[tuple[int, float]] = []
        self._bests: list[tuple[int, dict[str, Any]]] = []
        self._series: dict[str, Series] = {}
        self._recent: deque[float] = deque(maxlen=RECENT)
        self._validating = 0.0
        self._config: dict[str, Any] = {}

    def add(self, events: Iterable[Event]) -> None:
        """Take further events; one that lacks or garbles what it should tell is passed over."""
        takers = {"start": self._start, "step": self._step, "validation": self._validation}
        for event in events:
            step, take = event.get("step"), takers.get(event["event"])
            if take is not None and isinstance(step, int):
                take(step, event)

    @property
    def terms(self) -> dict[str, list[tuple[int, float]]]:
        """Each loss that the run has, over its steps: at most a thousand points."""
        return {name: self._series[name].points for name in TERMS if name in self._series}

    @property
    def best(self) -> dict[str, Any]:
        return self._bests[-1][1] if self._bests else {}

    @property
    def epoch(self) -> float | None:
        """Training cases seen so far over how many there are; None where that is not known."""
        size = _at(self._config, "sampling", "batch_size")
        return self.step * size / self.cases_per_epoch if size and self.cases_per_epoch else None

    @property
    def seconds_per_step(self) -> float | None:
        """Median of the last steps, with the time they waited for their samples."""
        return median(self._recent) if self._recent else None

    @property
    def seconds_left(self) -> float | None:
        """Steps left, by what the last ones took and the size of the patches to come, and validations left."""
        if self.seconds_per_step is None or not self.steps:
            return None
        every = _at(self._config, "validation", "every")
        validations = math.ceil(self.steps / every) - self.step // every if every else 0
        return self.seconds_per_step * self._steps_left() + self._validating * validations

    def _steps_left(self) -> float:
        """In steps of the present patch size."""
        first = now = left = 0
        for steps, voxels in _phases(self._config):
            after = first + steps
            if not now and self.step <= after:
                now = voxels
            left += voxels * max(0, after - max(first, self.step))
            first = after
        return left / now if now else float(max(0, self.steps - self.step))

    def _start(self, step: int, event: Event) -> None:
        """What came after the step at which a run goes on is made again."""
        self.step = step
        self.steps = _whole(event.get("steps"))
        self.cases_per_epoch = _whole(event.get("cases")) or self.cases_per_epoch
        self._config = event["config"] if isinstance(event.get("config"), dict) else {}
        self._recent.clear()
        for series in self._series.values():
            series.cut(step)
        for regions in self.dice.values():
            for region, points in regions.items():
                regions[region] = [point for point in points if point[0] <= step]
        self.scores = [point for point in self.scores if point[0] <= step]
        self._bests = [best for best in self._bests if best[0] <= step]

    def _step(self, step: int, event: Event) -> None:
        self.step = step
        for name in TERMS:
            value = _number(event.get(name))
            if value is not None:
                self._series.setdefault(name, Series()).add(step, value)
        seconds = _number(event.get("seconds"))
        if seconds is not None:
            self._recent.append(seconds + (_number(event.get("waited")) or 0.0))
        self.learning_rate = _number(event.get("learning_rate"))
        self.memory_gb = max(self.memory_gb or 0.0, _number(event.get("memory_gb")) or 0.0)

    def _validation(self, step: int, event: Event) -> None:
        dice = event.get("dice")
        for subset, regions in dice.items() if isinstance(dice, dict) else ():
            for region, value in regions.items() if isinstance(regions, dict) else ():
                if _number(value) is not None:
                    self.dice.setdefault(subset, {}).setdefault(region, []).append((step, float(value)))
        score, best = _number(event.get("score")), event.get("best")
        if score is not None:
            self.scores.append((step, score))
        if isinstance(best, dict):
            self._bests.append((step, best))
        self._validating = _number(event.get("seconds")) or 0.0


def _number(value: Any) -> float | None:
    """A finite number, else None."""
    numeric = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if numeric and abs(value) < LARGEST else None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _at(config: dict[str, Any], group: str, name: str) -> int:
    """A whole number above 0 of a configuration, else 0."""
    values = config.get(group)
    return _whole(values.get(name)) if isinstance(values, dict) else 0


def _phases(config: dict[str, Any]) -> list[tuple[int, int]]:
    """Steps and voxels of a patch, phase by phase; empty where the configuration does not tell."""
    try:
        return [(int(phase["steps"]), int(math.prod(phase["patch"]))) for phase in config["phases"]]
    except (TypeError, KeyError, ValueError, OverflowError):
        return []
