"""The arms of an ablation side by side, each against the control arm."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from mstkd.data.datalist import Case
from mstkd.evaluation.against import OVERALL, Difference, paired
from mstkd.evaluation.bootstrap import mean_interval, patient_means
from mstkd.evaluation.csvfile import write_rows
from mstkd.evaluation.layout import Cell, Report, Table, to_markdown
from mstkd.evaluation.metric import COLOURED, METRICS, Metric
from mstkd.evaluation.page import to_html
from mstkd.evaluation.published import Figure, published_ablation, published_dataset
from mstkd.evaluation.scores import Score
from mstkd.regions import REGIONS
from mstkd.results.draft import DraftFolder, disk_errors
from mstkd.results.summary import NOTICE
from mstkd.store.card import ALL, FEWEST

PUBLISHED_NAMES = {
    "full": "MST-KDNet",
    "without-ms-tkd": "w/o MS-TKD",
    "without-gsme": "w/o GSME",
    "without-slkd": "w/o SLKD",
}
"""What the paper's table 4 calls an arm."""


@dataclass(frozen=True)
class ArmMean:
    """One region of one arm over all combinations: first the mean within a patient, then over patients.

    Attributes:
        dice: In percent, with the ends of its 95% bootstrap interval over patients.
        hd95: In mm, likewise.
        hours: Of the arm's steps and samples.
    """

    arm: str
    region: str
    patients: int
    dice: float
    dice_low: float
    dice_high: float
    hd95: float
    hd95_low: float
    hd95_high: float
    steps: int
    hours: float


@dataclass(frozen=True)
class Arm:
    """What an arm spent and scored."""

    name: str
    steps: int
    hours: float
    scores: Sequence[Score]


def write_ablation(folder: Path, arms: Sequence[Arm], control: str, full: str, cases: Sequence[Case]) -> Report:
    """Write ``ablation.csv``, ``ablation.md`` and ``ablation.html``.

    Args:
        arms: All of them, measured on the same cases.
        control: Name of the arm without distillation.
        full: Name of the arm with all of it.
        cases: The test cases.

    Raises:
        InputError: The folder cannot be written.
    """
    patients = {case.id: case.patient for case in cases}
    page = ablation_report(arms, control, full, Counter(case.dataset for case in cases), patients)
    with DraftFolder(folder) as out, disk_errors(folder):
        write_rows(out.draft / "ablation.csv", ArmMean, [mean for arm in arms for mean in arm_means(arm, patients)])
        (out.draft / "ablation.md").write_text(to_markdown(page), encoding="utf-8")
        (out.draft / "ablation.html").write_text(to_html(page), encoding="utf-8")
        out.publish()
    return page


def arm_means(arm: Arm, patients: Mapping[str, str]) -> list[ArmMean]:
    """The means of each region that the cases know."""
    means = []
    for region in REGIONS:
        scores = [score for score in arm.scores if score.region == region.value and score.modalities != ALL]
        if scores:
            dice = patient_means(((score.case, score.dice) for score in scores), patients)
            hd95 = patient_means(((score.case, score.hd95) for score in scores), patients)
            spent = (arm.steps, round(arm.hours, 3))
            means.append(ArmMean(arm.name, region.value, len(dice), *mean_interval(dice), *mean_interval(hd95), *spent))
    return means


def ablation_report(
    arms: Sequence[Arm], control: str, full: str, datasets: Mapping[str, int], patients: Mapping[str, str]
) -> Report:
    """The table of arms, their differences to the control arm, and what follows in words.

    Args:
        datasets: Number of test cases per data set.
        patients: The patient of each case.
    """
    dataset = published_dataset(datasets)
    published = published_ablation().get(dataset, {}) if dataset else {}
    by_name = {arm.name: arm for arm in arms}
    differences = {
        arm.name: [d for d in paired(arm.scores, by_name[control].scores, patients) if d.modalities == OVERALL]
        for arm in arms
        if arm.name != control
    }
    sets = ", ".join(f"{name} ({cases})" for name, cases in sorted(datasets.items()))
    facts = [
        NOTICE,
        f"Cases: {sum(datasets.values())}, none used in training; {sets}.",
        "A figure is the mean over patients of a patient's mean over all combinations of its sequences, with the 95 % "
        f"bootstrap interval over patients where there are at least {FEWEST}.",
        *verdicts(differences[full]),
        f"Paper: table 4 of MST-KDNet on {dataset}, on its own test cases."
        if published
        else f"Paper: there is no table 4 for {' with '.join(sorted(datasets))}.",
    ]
    means = {(mean.arm, mean.region): mean for arm in arms for mean in arm_means(arm, patients)}
    tables = [_arms_table(arms, means, published, metric) for metric in METRICS]
    tables += [_differences_table(differences, control, metric) for metric in METRICS]
    return Report("Ablation", facts, tables)


def verdicts(full: Sequence[Difference]) -> list[str]:
    """One sentence per region on whether the full method beats the control arm; the interval decides."""
    sentences = []
    for d in full:
        if d.patients < FEWEST:
            sentences.append(f"{d.region}: too few patients ({d.patients}) to tell the method from the control arm.")
            continue
        low, high = d.dice_low, d.dice_high
        word = "better than" if low > 0 else "worse than" if high < 0 else "not distinguishable from"
        sentences.append(
            f"{d.region}: the full method is {word} the control arm at this budget: {d.dice:+.1f} Dice points "
            f"({low:+.1f} to {high:+.1f}, {d.patients} patients)."
        )
    return sentences


def _arms_table(
    arms: Sequence[Arm],
    means: Mapping[tuple[str, str], ArmMean],
    published: Mapping[tuple[str, str], Figure],
    metric: Metric,
) -> Table:
    paper = [f"{region.value} (paper)" for region in REGIONS if published]
    rows = []
    for arm in arms:
        cells = [Cell(arm.name), Cell(str(arm.steps)), Cell(f"{arm.hours:.2f}")]
        cells += [metric.cell(means.get((arm.name, region.value))) for region in REGIONS]
        if published:
            figures = [published.get((PUBLISHED_NAMES.get(arm.name, ""), region.value)) for region in REGIONS]
            cells += [Cell() if figure is None else Cell(f"{metric.of(figure):.1f}") for figure in figures]
        rows.append(cells)
    header = ["Arm", "Steps", "Hours", *(f"{region.value}" for region in REGIONS), *paper]
    return Table(f"{metric.name} in {metric.unit}", f"{metric.direction.capitalize()}.", header, rows)


def _differences_table(differences: Mapping[str, Sequence[Difference]], control: str, metric: Metric) -> Table:
    rows = []
    for name, own in differences.items():
        found = {d.region: d for d in own}
        rows.append([Cell(name), *(metric.change_cell(found.get(region.value)) for region in REGIONS)])
    note = f"Paired within patients; {metric.direction}. {COLOURED}"
    header = ["Arm", *(region.value for region in REGIONS)]
    return Table(f"{metric.name} minus the {control} arm's, in {metric.unit}", note, header, rows)
