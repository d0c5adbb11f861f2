"""How a report shows Dice and HD95: unit, direction, colours."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mstkd.evaluation.hausdorff import PENALTY_MM
from mstkd.evaluation.layout import Cell
from mstkd.store.card import FEWEST

COLOURED = f"Coloured where the interval excludes 0 and at least {FEWEST} patients count."
BETTER, WORSE = "#cfe8d5", "#f9d9c4"


@dataclass(frozen=True)
class Metric:
    """One of the two figures that means, published figures and differences all carry.

    Attributes:
        field: Its attribute; the ends of its interval are ``<field>_low`` and ``<field>_high``.
        sign: 1 when higher is better, -1 when lower is.
        goodness: A value's place between 0 (worst) and 1 (best).
        hue: Of its colours, in degrees.
    """

    name: str
    unit: str
    field: str
    sign: int
    goodness: Callable[[float], float]
    hue: int

    @property
    def direction(self) -> str:
        return "higher is better" if self.sign > 0 else "lower is better"

    def of(self, row: Any) -> float:
        """The value in a mean, a published figure, an average or a difference."""
        return float(getattr(row, self.field))

    def ends(self, row: Any) -> tuple[float, float]:
        """The ends of its interval."""
        return float(getattr(row, f"{self.field}_low")), float(getattr(row, f"{self.field}_high"))

    def between(self, row: Any, form: str = ".1f") -> str:
        """Its interval for people; of few patients it would say too little, so there is none."""
        low, high = self.ends(row)
        return "" if row.patients < FEWEST else f"{low:{form}} to {high:{form}}"

    def colour(self, value: float) -> str:
        """The better the darker, always light enough for dark text."""
        return f"hsl({self.hue} 60% {97 - 37 * self.goodness(value):.0f}%)"

    def change_colour(self, row: Any) -> str:
        """Green for a difference surely better, orange for one surely worse, else none, as for few patients."""
        if row.patients < FEWEST:
            return ""
        low, high = sorted(self.sign * end for end in self.ends(row))
        return BETTER if low > 0 else WORSE if high < 0 else ""

    def cell(self, row: Any | None) -> Cell:
        """A mean with its interval; empty without one."""
        if row is None:
            return Cell()
        return Cell(f"{self.of(row):.1f}", self.between(row), self.colour(self.of(row)))

    def change_cell(self, row: Any | None) -> Cell:
        """A difference with its interval; empty without one."""
        if row is None:
            return Cell()
        return Cell(f"{self.of(row):+.1f}", self.between(row, "+.1f"), self.change_colour(row))


DICE = Metric("Dice", "%", "dice", 1, lambda percent: percent / 100, 210)
# Logarithmic, because 3 mm and 9 mm differ for a reader as 30 mm and 90 mm do.
HD95 = Metric("HD95", "mm", "hd95", -1, lambda mm: 1 - math.log1p(mm) / math.log1p(PENALTY_MM), 170)
METRICS = (DICE, HD95)
