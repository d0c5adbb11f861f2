"""Who trains, who validates and who is held out: by patient, balanced over sets and institutions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mstkd.data.datalist import Case
from mstkd.data.examine import Examined
from mstkd.errors import InputError
from mstkd.regions import CONVENTIONS


@dataclass(frozen=True)
class Fractions:
    """Shares of the patients; the rest trains.

    Raises:
        InputError: A share below 0, or no patient left to train on.
    """

    validation: float
    test: float

    def __post_init__(self) -> None:
        if min(self.validation, self.test) < 0 or self.validation + self.test >= 1:
            raise InputError(
                f"--validation {self.validation:g} and --test {self.test:g} leave nothing to train on; give shares "
                "of 1 that together stay below 1."
            )


def divide(cases: Iterable[Examined], fractions: Fractions, seed: int) -> list[Case]:
    """The usable cases with a side of the split each; those that a list has put somewhere stay there."""
    usable = [case for case in cases if case.usable]
    given = {case.entry.patient: case.entry.split for case in usable if case.entry.split}
    strata: dict[str, Hashable] = {}
    for case in usable:
        entry = case.entry
        if entry.patient not in given:
            strata.setdefault(entry.patient, (entry.dataset, entry.partition))
    sides = {**split_patients(strata, fractions, seed), **given}
    return [_case(case, sides[case.entry.patient]) for case in usable]


def _case(examined: Examined, split: str) -> Case:
    entry = examined.entry
    assert entry.label is not None  # a usable case has one,
    assert examined.convention is not None  # and its labels can be read
    return Case(
        id=entry.id,
        dataset=entry.dataset,
        images=entry.images,
        label=entry.label,
        convention=CONVENTIONS[examined.convention],
        split=split,
        channels=entry.channels,
        patient=entry.patient,
        partition=entry.partition,
    )


def split_patients(strata: Mapping[str, Hashable], fractions: Fractions, seed: int) -> dict[str, str]:
    """``train``, ``validation`` or ``test`` for each patient.

    The shares are met to the nearest patient. Every stratum gives its share, as far as whole
    patients allow. The answer depends on the patients, their strata and the seed alone.

    Args:
        strata: What each patient is balanced over, e.g. data set and institution.
    """
    rng = np.random.default_rng(seed)
    queue = _shuffled(strata, rng)
    sides = dict.fromkeys(queue, "train")
    for side, share in (("test", fractions.test), ("validation", fractions.validation)):
        free = [patient for patient in queue if sides[patient] == "train"]
        for patient in _evenly(free, round(share * len(queue))):
            sides[patient] = side
    return sides


def fold_patients(strata: Mapping[str, Hashable], folds: int, seed: int) -> dict[str, int]:
    """The fold of each patient, 1 to ``folds``, for cross-validation.

    Folds differ by one patient at most, in all and within every stratum. The answer depends on the
    patients, their strata and the seed alone.

    Args:
        strata: What each patient is balanced over, e.g. the data set.

    Raises:
        InputError: Fewer than two folds, or fewer patients than folds.
    """
    if not 2 <= folds <= len(strata):
        raise InputError(
            f"{len(strata)} patients cannot be divided into {folds} folds; give --folds 2 to their number."
        )
    queue = _shuffled(strata, np.random.default_rng(seed))
    return {patient: 1 + place % folds for place, patient in enumerate(queue)}


def _shuffled(strata: Mapping[str, Hashable], rng: np.random.Generator) -> list[str]:
    """All patients, stratum after stratum, in random order within and among them."""
    groups: defaultdict[Hashable, list[str]] = defaultdict(list)
    for patient in sorted(strata):
        groups[strata[patient]].append(patient)
    return [patient for i in rng.permutation(len(groups)) for patient in _permuted(list(groups.values())[i], rng)]


def _permuted(patients: Sequence[str], rng: np.random.Generator) -> list[str]:
    return [patients[i] for i in rng.permutation(len(patients))]


def _evenly(patients: Sequence[str], count: int) -> list[str]:
    """``count`` of the patients at even distances, so that each stratum is met by its length."""
    n = len(patients)
    return [patient for i, patient in enumerate(patients) if i * count // n != (i + 1) * count // n]
