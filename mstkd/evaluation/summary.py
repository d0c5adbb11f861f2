"""Means over the cases, with their intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from mstkd.evaluation.bootstrap import mean_interval, patient_means
from mstkd.evaluation.scores import DECIMALS, NAMES, Score, present
from mstkd.regions import REGIONS, Region
from mstkd.store.card import ALL, counts_of

WITH, WITHOUT = "with", "without"


@dataclass(frozen=True)
class Mean:
    """One region with one combination, over the cases that have the sequences and know the region.

    Attributes:
        cleanup: ``with`` or ``without`` the clean-up of results.
        dice: Mean in percent, with the ends of its 95% bootstrap interval over patients.
        hd95: Mean in mm, likewise.
        missed: In how many cases.
        invented: In how many cases.
    """

    modalities: str
    region: str
    cleanup: str
    cases: int
    patients: int
    dice: float
    dice_low: float
    dice_high: float
    hd95: float
    hd95_low: float
    hd95_high: float
    missed: int
    invented: int


@dataclass(frozen=True)
class Average:
    """The plain mean of a region's means over the combinations that were measured.

    Every combination counts alike, as in the paper; ``missed`` and ``invented`` are sums.
    """

    region: str
    combinations: int
    dice: float
    hd95: float
    missed: int
    invented: int


def summarise(scores: Sequence[Score], patients: Mapping[str, str], cleanup: str = WITH) -> list[Mean]:
    """Means per combination and region: the paper's order, then all available sequences.

    Args:
        patients: The patient of each case, whose cases are averaged first.
    """
    return [
        _mean(chosen, patients, cleanup)
        for name in (*present(scores), ALL)
        for region in REGIONS
        if (chosen := [s for s in scores if s.modalities == name and s.region == region.value])
    ]


def average(means: Sequence[Mean], region: Region) -> Average | None:
    """A region's average over the combinations present; None when there is none."""
    rows = [mean for mean in means if mean.region == region.value and mean.modalities in NAMES]
    if not rows:
        return None
    return Average(
        region.value,
        len(rows),
        round(fmean(row.dice for row in rows), DECIMALS),
        round(fmean(row.hd95 for row in rows), DECIMALS),
        sum(row.missed for row in rows),
        sum(row.invented for row in rows),
    )


def accuracy(means: Sequence[Mean]) -> list[dict[str, Any]]:
    """The means as a model card's ``accuracy``: there Dice is 0 to 1."""
    return [
        {
            "sequences": mean.modalities,
            "region": mean.region,
            "dice": round(mean.dice / 100, DECIMALS),
            "dice_interval": [round(mean.dice_low / 100, DECIMALS), round(mean.dice_high / 100, DECIMALS)],
            "hd95_mm": round(mean.hd95, 2),
            "missed": mean.missed,
            "invented": mean.invented,
            **counts_of(mean.cases, mean.patients),
        }
        for mean in means
    ]


def _mean(scores: Sequence[Score], patients: Mapping[str, str], cleanup: str) -> Mean:
    first = scores[0]
    return Mean(
        first.modalities,
        first.region,
        cleanup,
        len(scores),
        len({patients.get(score.case, score.case) for score in scores}),
        *mean_interval(patient_means(((score.case, score.dice) for score in scores), patients)),
        *mean_interval(patient_means(((score.case, score.hd95) for score in scores), patients)),
        sum(score.missed for score in scores),
        sum(score.invented for score in scores),
    )
