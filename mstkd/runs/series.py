"""A quantity over the steps of a run, in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass

MOST_POINTS = 1000
"""That a curve has; a screen shows no more."""


@dataclass
class _Bin:
    first: int
    last: int
    total: float
    count: int

    def take(self, other: _Bin) -> None:
        self.last = other.last
        self.total += other.total
        self.count += other.count


class Series:
    """Means over bins of consecutive steps; when there are too many bins, each two neighbours become one."""

    def __init__(self) -> None:
        self._bins: list[_Bin] = []
        self._width = 1

    def add(self, step: int, value: float) -> None:
        """Take the value of a further step."""
        if self._bins and self._bins[-1].count < self._width:
            self._bins[-1].take(_Bin(step, step, value, 1))
            return
        if len(self._bins) == MOST_POINTS:
            self._merge()
        self._bins.append(_Bin(step, step, value, 1))

    def cut(self, step: int) -> None:
        """Forget what came after a step; a bin across it keeps its mean for the steps before."""
        self._bins = [part for part in self._bins if part.first <= step]
        if self._bins and self._bins[-1].last > step:
            last = self._bins[-1]
            mean, last.last = last.total / last.count, step
            last.count = max(1, min(last.count, step - last.first + 1))
            last.total = mean * last.count

    @property
    def points(self) -> list[tuple[int, float]]:
        """The last step of each bin, and its mean."""
        return [(part.last, part.total / part.count) for part in self._bins]

    def _merge(self) -> None:
        for left, right in zip(self._bins[::2], self._bins[1::2], strict=True):
            left.take(right)
        self._bins = self._bins[::2]
        self._width *= 2
