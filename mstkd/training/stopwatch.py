"""Seconds per step of a training that is under way."""

from __future__ import annotations

import time
from itertools import pairwise
from statistics import fmean, median

from mstkd.runs import Event

BLOCKS = 3
FEWEST = 2
"""Steps that are measured however long they take."""
MOST = 40
"""Steps that are measured however short they are."""
LEAST_S, BUDGET_S = 10.0, 60.0
"""Short steps are measured for so long, so that a moment's disturbance does not count; long ones for no longer."""


class Stopwatch:
    """Listens to a run's events and says when it has seen enough of its steps.

    Processes that prepare samples deliver them in bursts of as many as there are of them,
    so steps are averaged in blocks of that length, and the median block counts.

    Args:
        warm_up: Steps that are not counted.
        block: Steps in a block.
    """

    def __init__(self, warm_up: int, block: int) -> None:
        self._warm_up, self._block = warm_up, max(1, block)
        self._ends: list[float] = []

    @property
    def most(self) -> int:
        """Steps after which it has seen enough in any case."""
        return self._warm_up + max(MOST, BLOCKS * self._block)

    def listen(self, event: Event) -> None:
        if event["event"] == "step":
            self._ends.append(time.perf_counter())

    def enough(self) -> bool:
        measured = len(self._ends) - self._warm_up
        if measured < FEWEST:
            return False
        seconds = self._ends[-1] - self._ends[self._warm_up - 1]
        whole = measured >= BLOCKS * self._block and seconds >= LEAST_S
        return whole or seconds > BUDGET_S or len(self._ends) >= self.most

    def seconds(self) -> float:
        """Of a step, from the end of one to the end of the next, so that waiting for samples counts."""
        ends = self._ends[self._warm_up - 1 :]
        steps = [after - before for before, after in pairwise(ends)]
        blocks = [steps[i : i + self._block] for i in range(0, len(steps), self._block)]
        return median(fmean(block) for block in blocks if len(block) == self._block or len(blocks) == 1)
