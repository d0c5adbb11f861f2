"""Seconds per step of a training that is under way."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import fmean, median

from mstkd.runs import Event

BLOCKS = 3
FEWEST = 2
"""Steps that are measured however long they take."""
BUDGET_S = 60.0
"""After which no more steps are measured."""


class Stopwatch:
    """Listens to a run's events and says when it has seen enough of its steps.

    Processes that prepare samples deliver them in bursts of as many as there are of them,
    so steps are averaged in blocks of that length, and the median block counts.

    Args:
        warm_up: Steps that are not counted.
        block: Steps in a block.
        fewest: Steps to measure, unless time runs out.
    """

    def __init__(self, warm_up: int, block: int, fewest: int) -> None:
        self._warm_up, self._block, self._wanted = warm_up, max(1, block), max(fewest, BLOCKS * max(1, block))
        self._ends: list[float] = []

    @property
    def most(self) -> int:
        """Steps after which it has seen enough in any case."""
        return self._warm_up + self._wanted

    def listen(self, event: Event) -> None:
        if event["event"] == "step":
            self._ends.append(time.perf_counter())

    def enough(self) -> bool:
        measured = len(self._ends) - self._warm_up
        if measured < FEWEST:
            return False
        return measured >= self._wanted or self._ends[-1] - self._ends[self._warm_up - 1] > BUDGET_S

    def seconds(self) -> float:
        """Of a step, from the end of one to the end of the next, so that waiting for samples counts."""
        ends = self._ends[self._warm_up - 1 :]
        steps = [after - before for before, after in pairwise(ends)]
        blocks = [steps[i : i + self._block] for i in range(0, len(steps), self._block)]
        return median(fmean(block) for block in blocks if len(block) == self._block or len(blocks) == 1)
