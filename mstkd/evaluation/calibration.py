"""Whether probabilities mean what they say: the expected calibration error and the reliability curve."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mstkd.evaluation.bootstrap import mean_interval, patient_means
from mstkd.evaluation.scores import DECIMALS, present
from mstkd.regions import REGIONS, Region, region_mask
from mstkd.store.card import ALL

Array = np.ndarray
BINS = 15
"""Of equal width, as in Guo et al., On Calibration of Modern Neural Networks, ICML 2017."""
FAINT = 0.01
NEAR_MM = 5.0
"""How far from a faint probability or the reference a voxel still counts: the rest of a brain is trivially certain."""


@dataclass(frozen=True)
class Binned:
    """One region of one case with one combination of sequences, its voxels in bins of their probability.

    Attributes:
        sums: ``(3, BINS)``: voxels, their summed probability, and how many the reference has.
    """

    case: str
    modalities: str
    region: str
    sums: Array

    @property
    def row(self) -> Calibration:
        """As ``calibration.csv`` has it."""
        ece = round(100 * calibration_error(self.sums), DECIMALS)
        return Calibration(self.case, self.modalities, self.region, int(self.sums[0].sum()), ece)


@dataclass(frozen=True)
class Calibration:
    """The expected calibration error of one region of one case, in percent, and over how many voxels."""

    case: str
    modalities: str
    region: str
    voxels: int
    ece: float


@dataclass(frozen=True)
class CalibrationMean:
    """The mean over cases in percent, with the ends of its 95% bootstrap interval over patients."""

    modalities: str
    region: str
    cases: int
    patients: int
    ece: float
    ece_low: float
    ece_high: float


@dataclass(frozen=True)
class ReliabilityBin:
    """Voxels of all cases whose probability lies in ``[low, high)``.

    Attributes:
        probability: Their mean, 0 to 1.
        observed: The share of them that the reference has, 0 to 1.
    """

    modalities: str
    region: str
    low: float
    high: float
    voxels: int
    probability: float
    observed: float


def bin_regions(
    case: str,
    modalities: str,
    probabilities: Array,
    truth: Array,
    known: Iterable[Region],
    field: Array,
    spacing: Array,
) -> list[Binned]:
    """The regions that the reference knows, each over the voxels of ``near`` inside the field.

    A region without such voxels, neither found nor there, has no calibration and is left out.

    Args:
        probabilities: Of WT, TC and ET, ``(3, I, J, K)``.
        truth: The reference's label map ``(I, J, K)`` of our classes.
        field: ``(I, J, K)`` bool, where a result may lie.
        spacing: Edges of a voxel in mm, ``(3,)``.
    """
    found = []
    for region, probability in zip(REGIONS, probabilities, strict=True):
        if region in known:
            reference = region_mask(truth, region)
            counted = near(probability, reference, spacing) & field
            if counted.any():
                found.append(Binned(case, modalities, region.value, binned(probability[counted], reference[counted])))
    return found


def near(probability: Array, reference: Array, spacing: Array) -> Array:
    """Voxels up to 5 mm, along each axis, from a probability above 0.01 or from the reference; bool."""
    some = (probability > FAINT) | reference
    reach = 2 * np.rint(NEAR_MM / np.asarray(spacing)).astype(int) + 1
    return ndimage.maximum_filter(some, size=tuple(reach.tolist()), mode="constant")


def binned(probability: Array, reference: Array) -> Array:
    """Voxels, summed probability and summed reference per bin, ``(3, BINS)``.

    Args:
        probability: ``(N,)``, 0 to 1.
        reference: ``(N,)`` bool.
    """
    p = np.clip(probability.astype(np.float64), 0, 1)
    bins = np.minimum((p * BINS).astype(int), BINS - 1)
    return np.stack([np.bincount(bins, weights, BINS) for weights in (None, p, reference)]).astype(np.float64)


def calibration_error(sums: Array) -> float:
    """ECE ``= sum_b n_b / N * |mean probability in b - share of the reference in b|``, 0 to 1."""
    voxels, probable, there = sums
    return float(np.abs(probable - there).sum() / voxels.sum())


def calibration_means(rows: Sequence[Calibration], patients: Mapping[str, str]) -> list[CalibrationMean]:
    """Means per combination and region: the paper's order, then all available sequences."""
    means = []
    for name, region in itertools.product((*present(rows), ALL), REGIONS):
        own = [row for row in rows if row.modalities == name and row.region == region.value]
        if own:
            errors = patient_means(((row.case, row.ece) for row in own), patients)
            means.append(CalibrationMean(name, region.value, len(own), len(errors), *mean_interval(errors)))
    return means


def reliability(measured: Sequence[Binned]) -> list[ReliabilityBin]:
    """The curve of each combination and region over all cases; every voxel counts alike, empty bins are left out."""
    sums: dict[tuple[str, str], Array] = {}
    for one in measured:
        key = one.modalities, one.region
        sums[key] = sums.get(key, 0) + one.sums
    return [
        ReliabilityBin(
            *key,
            round(index / BINS, DECIMALS),
            round((index + 1) / BINS, DECIMALS),
            int(voxels),
            round(probable / voxels, DECIMALS),
            round(there / voxels, DECIMALS),
        )
        for key, total in sums.items()
        for index, (voxels, probable, there) in enumerate(total.T.tolist())
        if voxels
    ]
