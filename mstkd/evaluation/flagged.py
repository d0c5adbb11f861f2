"""Whether the uncertainty map points at the errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mstkd.evaluation.bootstrap import mean_interval, patient_means
from mstkd.evaluation.scores import DECIMALS, present
from mstkd.regions import REGIONS, Region, region_mask
from mstkd.store.card import ALL

Array = np.ndarray
TENTH = 0.1
"""The share of the brain that counts as flagged; a map that knows nothing holds as much of the errors."""


@dataclass(frozen=True)
class Flagged:
    """The wrong voxels of one case with one combination of sequences.

    Attributes:
        wrong: How many there are.
        share: In percent, how many of them the most uncertain tenth of the brain holds.
    """

    case: str
    modalities: str
    wrong: int
    share: float


@dataclass(frozen=True)
class FlaggedMean:
    """The mean over cases in percent, with the ends of its 95% bootstrap interval over patients."""

    modalities: str
    cases: int
    patients: int
    share: float
    share_low: float
    share_high: float


def wrong_voxels(found: Array, truth: Array, known: Iterable[Region]) -> Array:
    """Where two label maps differ in a region that the reference knows, bool.

    With all three regions known that is where the tissue is wrong.
    """
    own = [region for region in REGIONS if region in known]
    return np.logical_or.reduce([region_mask(found, region) != region_mask(truth, region) for region in own])


def flagged_share(uncertainty: Array, wrong: Array, field: Array) -> float:
    """The share of the wrong voxels that lie in the most uncertain tenth of the field, 0 to 1.

    Of equally uncertain voxels at the tenth's edge as many count as there is room for, each
    with the same share, so that a constant map gives 0.1. A wrong voxel outside the field is
    in no tenth.

    Args:
        uncertainty: ``(I, J, K)`` uint8.
        wrong: ``(I, J, K)`` bool.
        field: ``(I, J, K)`` bool, where a result may lie.

    Raises:
        ValueError: Nothing is wrong.
    """
    total = int(wrong.sum())
    if not total:
        raise ValueError("nothing is wrong, so no share of it is flagged")
    most_first = slice(None, None, -1)
    voxels = np.bincount(uncertainty[field], minlength=256)[most_first]
    errors = np.bincount(uncertainty[field & wrong], minlength=256)[most_first]
    before = np.cumsum(voxels) - voxels
    taken = np.clip(TENTH * voxels.sum() - before, 0, voxels) / np.maximum(voxels, 1)
    return float((errors * taken).sum() / total)


def flagged(case: str, modalities: str, uncertainty: Array, wrong: Array, field: Array) -> list[Flagged]:
    """The row of one case; none when nothing is wrong. Arguments as of `flagged_share`."""
    if not wrong.any():
        return []
    share = round(100 * flagged_share(uncertainty, wrong, field), DECIMALS)
    return [Flagged(case, modalities, int(wrong.sum()), share)]


def flagged_means(rows: Sequence[Flagged], patients: Mapping[str, str]) -> list[FlaggedMean]:
    """Means per combination: the paper's order, then all available sequences."""
    means = []
    for name in (*present(rows), ALL):
        own = [row for row in rows if row.modalities == name]
        if own:
            shares = patient_means(((row.case, row.share) for row in own), patients)
            means.append(FlaggedMean(name, len(own), len(shares), *mean_interval(shares)))
    return means
