"""The candidates of a cross-validation side by side, each against the first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mstkd.evaluation.bootstrap import mean_interval, patient_means
from mstkd.evaluation.csvfile import write_rows
from mstkd.evaluation.layout import Cell, Report, Table, to_markdown
from mstkd.evaluation.metric import COLOURED, DICE
from mstkd.evaluation.page import to_html
from mstkd.regions import REGIONS
from mstkd.results.draft import DraftFolder, disk_errors
from mstkd.results.summary import NOTICE
from mstkd.store.card import FEWEST

CHANGE = replace(DICE, field="difference")


@dataclass(frozen=True)
class OutOfFold:
    """One region of one case, segmented by a student that was not trained on its patient.

    Attributes:
        fold: In which the patient is.
        modalities: The combination given, e.g. ``FLAIR+T1Gd``.
        region: ``WT``, ``TC`` or ``ET``.
        dice: In percent.
    """

    candidate: str
    fold: int
    dataset: str
    patient: str
    case: str
    modalities: str
    region: str
    dice: float

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a score unique within a candidate."""
        return self.case, self.modalities, self.region


@dataclass(frozen=True)
class Candidate:
    """What a candidate is, spent and scored.

    Attributes:
        changes: Its settings that differ from the first one's, as ``--set`` takes them.
        steps: Of each fold.
        hours: Of the steps and samples of all folds.
    """

    name: str
    changes: str
    steps: int
    hours: float
    scores: Sequence[OutOfFold]


@dataclass(frozen=True)
class CandidateMean:
    """One region of one candidate: first the mean within a patient over its combinations, then over patients.

    Attributes:
        dice: In percent, with the ends of its 95% bootstrap interval over patients.
        difference: To the first candidate on the same patients, in percentage points, likewise.
    """

    candidate: str
    region: str
    patients: int
    dice: float
    dice_low: float
    dice_high: float
    difference: float
    difference_low: float
    difference_high: float
    steps: int
    hours: float


def write_choice(folder: Path, candidates: Sequence[Candidate], folds: int) -> Report:
    """Write ``choice.csv``, ``choice.md``, ``choice.html``, and ``choice_cases.csv`` with what they follow from.

    Args:
        candidates: The one that all others are compared with first; all measured on the same cases.
        folds: How many there are.

    Raises:
        InputError: The folder cannot be written.
    """
    page = choice_report(candidates, folds)
    means = [mean for candidate in candidates for mean in candidate_means(candidate, candidates[0])]
    with DraftFolder(folder) as out, disk_errors(folder):
        write_rows(out.draft / "choice_cases.csv", OutOfFold, [row for c in candidates for row in c.scores])
        write_rows(out.draft / "choice.csv", CandidateMean, means)
        (out.draft / "choice.md").write_text(to_markdown(page), encoding="utf-8")
        (out.draft / "choice.html").write_text(to_html(page), encoding="utf-8")
        out.publish()
    return page


def candidate_means(candidate: Candidate, base: Candidate) -> list[CandidateMean]:
    """The means of each region that the cases know, and their paired differences to the base."""
    theirs = {score.key: score.dice for score in base.scores}
    means = []
    for region in REGIONS:
        scores = [score for score in candidate.scores if score.region == region.value]
        if scores:
            dice = patient_means(((score.patient, score.dice) for score in scores), {})
            change = patient_means(((score.patient, score.dice - theirs[score.key]) for score in scores), {})
            figures = (len(dice), *mean_interval(dice), *mean_interval(change))
            means.append(
                CandidateMean(candidate.name, region.value, *figures, candidate.steps, round(candidate.hours, 3))
            )
    return means


def choice_report(candidates: Sequence[Candidate], folds: int) -> Report:
    """The table of candidates, their differences to the first, and how to read them."""
    base, *others = candidates
    patients = {score.patient: score.dataset for score in base.scores}
    sets = ", ".join(f"{name} ({list(patients.values()).count(name)})" for name in sorted(set(patients.values())))
    facts = [
        NOTICE,
        f"Patients: {len(patients)} of the splits train and validation in {folds} folds; {sets}. Test cases were not "
        "read.",
        "A figure is the mean over patients of a patient's mean over the combinations measured, on the 1 mm working "
        "grid, by the last student of the folds without that patient; with the 95 % bootstrap interval over patients "
        f"where there are at least {FEWEST}.",
        "There is one run per candidate and fold: the intervals hold nothing of how another seed would turn out. The "
        "more candidates there are, the more the best of them owes to chance; measure the chosen one on the test "
        "cases, once.",
    ]
    return Report("Cross-validation", facts, [_means_table(candidates), _differences_table(others, base)])


def _means_table(candidates: Sequence[Candidate]) -> Table:
    rows = []
    for candidate in candidates:
        means = {mean.region: mean for mean in candidate_means(candidate, candidates[0])}
        about = [candidate.name, candidate.changes or "-", str(candidate.steps), f"{candidate.hours:.2f}"]
        rows.append([*map(Cell, about), *(DICE.cell(means.get(region.value)) for region in REGIONS)])
    header = ["Candidate", "Changes", "Steps", "Hours", *(region.value for region in REGIONS)]
    return Table("Dice in %", "Higher is better. Steps of each fold, hours of all.", header, rows)


def _differences_table(others: Sequence[Candidate], base: Candidate) -> Table:
    rows = []
    for candidate in others:
        means = {mean.region: mean for mean in candidate_means(candidate, base)}
        rows.append([Cell(candidate.name), *(CHANGE.change_cell(means.get(region.value)) for region in REGIONS)])
    title = f"Dice minus that of {base.name}, in percentage points"
    note = f"Paired within patients; {DICE.direction}. {COLOURED}"
    return Table(title, note, ["Candidate", *(region.value for region in REGIONS)], rows)
