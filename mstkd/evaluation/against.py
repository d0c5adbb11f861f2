"""Two evaluations compared on the patients that both have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mstkd.evaluation.bootstrap import mean_interval, patient_means
from mstkd.evaluation.scores import Score, present
from mstkd.regions import REGIONS
from mstkd.store.card import ALL

OVERALL = "all combinations"
Pair = tuple[Score, Score]


@dataclass(frozen=True)
class Difference:
    """Ours minus theirs for one region: a better model has more Dice and less HD95.

    Attributes:
        modalities: A combination, ``all combinations`` or ``all available``.
        patients: How many have a pair.
        dice: Mean over patients in percentage points, with the ends of its 95% bootstrap
            interval over patients.
        hd95: Mean in mm, likewise.
    """

    modalities: str
    region: str
    patients: int
    dice: float
    dice_low: float
    dice_high: float
    hd95: float
    hd95_low: float
    hd95_high: float


def paired(ours: Sequence[Score], theirs: Sequence[Score], patients: Mapping[str, str]) -> list[Difference]:
    """Differences per combination and region, over all combinations, and with all sequences.

    A pair is the same case, combination and region in both; what only one has does not
    count. ``all combinations`` first averages within a patient, so that a patient with more
    sequences weighs no more. Empty when there is no pair.

    Args:
        patients: The patient of each case.
    """
    other = {score.key: score for score in theirs}
    pairs = [(score, other[score.key]) for score in ours if score.key in other]
    names = present(score for score, _ in pairs)
    groups = {**{name: [name] for name in names}, OVERALL: names, ALL: [ALL]}
    return [
        _difference(title, region.value, chosen, patients)
        for title, group in groups.items()
        for region in REGIONS
        if (chosen := [p for p in pairs if p[0].modalities in group and p[0].region == region.value])
    ]


def _difference(modalities: str, region: str, pairs: Sequence[Pair], patients: Mapping[str, str]) -> Difference:
    dice = patient_means(((a.case, a.dice - b.dice) for a, b in pairs), patients)
    hd95 = patient_means(((a.case, a.hd95 - b.hd95) for a, b in pairs), patients)
    return Difference(modalities, region, len(dice), *mean_interval(dice), *mean_interval(hd95))
