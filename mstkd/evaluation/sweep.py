"""A model measured on a datalist, subset by subset."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from statistics import fmean

import numpy as np

from mstkd.data.datalist import SPLITS, Case, read_datalist
from mstkd.errors import InputError
from mstkd.evaluation.dice import region_dice
from mstkd.inference import choose_device, segment
from mstkd.modalities import COMBINATIONS, Modality, describe, ordered
from mstkd.models import Card, load_package, write_card
from mstkd.preprocessing import Grid, read_labels, resample_labels
from mstkd.regions import REGIONS

ALL = "all available"
Say = Callable[[str], None]


@dataclass(frozen=True)
class Score:
    """Dice of one region of one case with one subset of sequences."""

    case: str
    dataset: str
    sequences: str
    region: str
    dice: float


@dataclass(frozen=True)
class Mean:
    """Mean Dice of a region over the cases that have the sequences and know the region."""

    sequences: str
    region: str
    dice: float
    cases: int


def evaluate_package(
    model: Path, datalist: Path, output: Path, *, split: str, combinations: str, card: bool, device: str, say: Say
) -> None:
    """Measure a package on one split; write ``cases.csv`` and ``summary.csv``.

    Every figure comes from the whole pipeline, from files to the reference's own grid.

    Args:
        combinations: ``single`` for all available sequences and each one alone, ``all``
            for the 15 combinations as well.
        card: Also store the means as the model card's accuracy.

    Raises:
        InputError: An unknown name, or no case in the split.
    """
    if split not in SPLITS or combinations not in ("single", "all"):
        raise InputError("--split is train, validation or test, and --combinations is single or all.")
    package, where = load_package(model), choose_device(device)
    cases = [case for case in read_datalist(datalist) if case.split == split]
    if not cases:
        raise InputError(f"{datalist} has no case with the split '{split}'; choose another.")
    wanted = COMBINATIONS if combinations == "all" else [c for c in COMBINATIONS if len(c) == 1]
    if card:
        refuse_seen(package.card, cases, split)
    output.mkdir(parents=True, exist_ok=True)
    scores: list[Score] = []
    for case in cases:
        volumes = {m: case.read(m) for m in case.images}
        label = read_labels(case.label)
        truth = case.convention.decode(label.array, str(case.label))
        for name, subset in subsets(case, wanted):
            found = segment({m: volumes[m] for m in subset}, package, device=where)
            there = on_grid(truth, Grid(label.shape, label.affine), found.patient.reference_grid)
            for region, value in region_dice(found.tissues, there, case.convention.regions).items():
                scores.append(Score(case.id, case.dataset, name, region.value, value))
        say(case_line(case, scores))
    means = summary(scores, [ALL, *(describe(c) for c in wanted)])
    write_csv(output / "cases.csv", Score, scores)
    write_csv(output / "summary.csv", Mean, means)
    for mean in means:
        say(f"{mean.sequences:>24} {mean.region} {mean.dice:.3f} ({mean.cases} cases)")
    if card:
        accuracy = [{"sequences": m.sequences, "region": m.region, "dice": m.dice, "cases": m.cases} for m in means]
        write_card(model, {**package.card, "accuracy": accuracy})


def on_grid(truth: np.ndarray, grid: Grid, target: Grid) -> np.ndarray:
    """A reference label map on the grid of a result; untouched when it lies there already."""
    if grid.shape == target.shape and np.allclose(grid.affine, target.affine, atol=1e-3):
        return truth
    return resample_labels(truth, grid, target)


def refuse_seen(card: Card, cases: Sequence[Case], split: str) -> None:
    """Raise InputError unless the cases may speak for the model: the test split, none trained on."""
    training = card["training"]
    seen = {*training["validation"], *(p for data in training["data"] for p in data["patients"])}
    both = sorted(seen & {case.id for case in cases})
    if split != "test" or both:
        raise InputError(f"--card takes test cases that the model never saw{', not ' + both[0] if both else ''}.")


def subsets(case: Case, wanted: Iterable[Sequence[Modality]]) -> list[tuple[str, tuple[Modality, ...]]]:
    """All available sequences, then those wanted combinations that the case has."""
    available = [(ALL, ordered(case.images))]
    return available + [(describe(c), tuple(c)) for c in wanted if set(c) <= set(case.images)]


def summary(scores: Sequence[Score], names: Sequence[str]) -> list[Mean]:
    """Means per subset and region, in the given order of subsets."""
    rows = []
    for name in names:
        for region in REGIONS:
            values = [s.dice for s in scores if s.sequences == name and s.region == region.value]
            if values:
                rows.append(Mean(name, region.value, round(fmean(values), 4), len(values)))
    return rows


def case_line(case: Case, scores: Sequence[Score]) -> str:
    """One line on a finished case."""
    values = [f"{s.sequences} {s.region} {s.dice:.2f}" for s in scores if s.case == case.id and s.region == "WT"]
    return f"{case.id}: {'; '.join(values)}"


def write_csv(path: Path, kind: type[Score] | type[Mean], rows: Sequence[Score] | Sequence[Mean]) -> None:
    """Rows of a dataclass as a CSV file with its fields as header."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(field.name for field in fields(kind))
        writer.writerows([np.round(v, 4) if isinstance(v, float) else v for v in astuple(row)] for row in rows)
