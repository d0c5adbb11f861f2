"""How sure a mean is: the percentile bootstrap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import fmean

import numpy as np

from mstkd.evaluation.scores import DECIMALS


def interval(
    values: Sequence[float], *, seed: int = 0, draws: int = 10_000, level: float = 0.95
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean.

    Draws as many values as there are, with replacement, ``draws`` times; the interval holds
    the middle ``level`` of the means. One value gives an interval without width, which says
    nothing about other patients.

    Args:
        values: One per patient, since patients and not their rows are independent.

    Raises:
        ValueError: No value.
    """
    if not len(values):
        raise ValueError("an interval needs at least one value")
    given = np.asarray(values, dtype=np.float64)
    drawn = np.random.default_rng(seed).integers(given.size, size=(draws, given.size))
    outside = (1 - level) / 2
    low, high = np.quantile(given[drawn].mean(axis=1), [outside, 1 - outside])
    return float(low), float(high)


def mean_interval(values: Sequence[float]) -> tuple[float, float, float]:
    """The mean and the ends of its 95% interval, rounded as files hold them."""
    low, high = interval(values)
    return round(fmean(values), DECIMALS), round(low, DECIMALS), round(high, DECIMALS)


def patient_means(values: Iterable[tuple[str, float]], patients: Mapping[str, str]) -> list[float]:
    """The mean within each patient, since patients and not their scans are independent.

    Args:
        values: Pairs of a case and a value of it; a case may have several.
        patients: The patient of each case; a case that it lacks is a patient of its own.
    """
    own: dict[str, list[float]] = {}
    for case, value in values:
        own.setdefault(patients.get(case, case), []).append(value)
    return [fmean(found) for found in own.values()]
