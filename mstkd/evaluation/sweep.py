"""A model measured on a datalist, combination by combination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from mstkd.data.datalist import SPLITS, Case, read_datalist
from mstkd.errors import InputError
from mstkd.evaluation.against import Difference, paired
from mstkd.evaluation.calibration import Calibration, ReliabilityBin, calibration_means, reliability
from mstkd.evaluation.csvfile import write_rows
from mstkd.evaluation.failures import failure_values, failures_picture, worst
from mstkd.evaluation.flagged import Flagged, flagged_means
from mstkd.evaluation.layout import to_markdown
from mstkd.evaluation.measured import Combination, Measured, measure_case
from mstkd.evaluation.page import to_html
from mstkd.evaluation.report import Evaluation
from mstkd.evaluation.report import report as page_of
from mstkd.evaluation.scores import Score, read_scores, write_scores
from mstkd.evaluation.summary import WITHOUT, Mean, accuracy, summarise
from mstkd.evaluation.trust import calibration_values, uncertainty_values
from mstkd.files import whole_file
from mstkd.inference import choose_device
from mstkd.inference.segment import Report
from mstkd.modalities import COMBINATIONS, describe
from mstkd.models import Card, ModelPackage, load_package, write_card
from mstkd.regions import REGIONS
from mstkd.results.draft import DraftFolder, disk_errors
from mstkd.store.card import ALL, FAILURES

CASES, AGAINST = "cases.csv", "against.csv"
Say = Callable[[str], None]


def evaluate_package(
    model: Path,
    datalist: Path,
    output: Path,
    *,
    split: str,
    combinations: str,
    card: bool,
    device: str,
    say: Say,
    against: Path | None = None,
    report: Report = lambda share, text: None,
) -> Evaluation:
    """Measure a package on one split; write the scores, their summary and the report.

    Every figure comes from the whole pipeline, from files to the reference label map's own
    grid. The files appear together at the end; docs/evaluation.md says what they hold.

    Args:
        combinations: ``all`` 15, or ``single`` sequences; all available ones come on top.
        card: Also enter the figures into the model's card.
        against: Folder of an earlier evaluation to compare with.
        report: Told before each combination of a case; may raise CancelledError, nothing is written then.

    Returns:
        What the report says; the scores are in ``cases.csv``.

    Raises:
        InputError: An unknown name, no case in the split, nothing to compare with.
    """
    if split not in SPLITS or combinations not in ("single", "all"):
        raise InputError("--split is train, validation or test, and --combinations is single or all.")
    package, where = load_package(model), choose_device(device)
    everyone = read_datalist(datalist)
    cases = [case for case in everyone if case.split == split]
    patients = {case.id: case.patient for case in everyone}
    if not cases:
        raise InputError(f"{datalist} has no case with the split '{split}'; choose another.")
    wanted = [c for c in COMBINATIONS if combinations == "all" or len(c) == 1]
    seen = seen_cases(package.card, cases, patients)
    if seen:
        say(
            f"Warning: {len(seen)} of {len(cases)} cases have the names of cases that this model was trained or "
            f"chosen on; {seen[0]} is the first."
        )
    if card and (split != "test" or seen):
        known = f", not {seen[0]}; if that is another patient, give it another id in {datalist}" if seen else ""
        raise InputError(f"--card takes test cases that the model never saw{known}.")
    if against is not None and against.resolve() == output.resolve():
        raise InputError(f"{output} cannot be compared with itself; give another folder with -o.")
    theirs = [] if against is None else read_related(against, cases)
    with DraftFolder(output) as folder:
        measured = measure_all(cases, package, wanted, where, say, report)
        evaluation = Evaluation(
            model=package.name,
            sha256=package.sha256,
            least_part_probability=package.least_part_probability,
            split=split,
            seen=len(seen),
            datasets=dict(Counter(case.dataset for case in cases)),
            means=summarise(measured.scores, patients),
            uncleaned=summarise(measured.uncleaned, patients, WITHOUT),
            calibration=calibration_means([one.row for one in measured.calibration], patients),
            reliability=reliability(measured.calibration),
            flagged=flagged_means(measured.flagged, patients),
            failures=measured.failures,
            against="" if against is None else against.resolve().name,
            differences=paired(measured.scores, theirs, patients),
        )
        with disk_errors(output):
            write_cases(folder.draft, measured)
            write_summary(folder.draft, evaluation)
            stale = {name for name in (AGAINST, FAILURES) if not (folder.draft / name).exists()}
            folder.publish()
            for name in stale:  # an earlier evaluation's would not belong to these scores
                (output / name).unlink(missing_ok=True)
    if card:
        enter_figures(model, package.card, evaluation)
    say(f"Written to {output}; begin with {output / 'report.html'}.")
    return evaluation


def measure_all(
    cases: Sequence[Case],
    package: ModelPackage,
    wanted: Sequence[Combination],
    device: torch.device,
    say: Say,
    report: Report,
) -> Measured:
    """Everything of every case, with the worst ones as failures."""
    measured = Measured()
    for number, case in enumerate(cases):

        def part(share: float, text: str, done: int = number) -> None:
            report((done + share) / len(cases), text)

        own = measure_case(case, package, wanted, device, part)
        measured.extend(own)
        measured.failures[:] = worst(measured.failures)  # pictures of all cases would fill the memory
        say(case_line(case, own.scores))
    return measured


def enter_figures(model: Path, card: Card, evaluation: Evaluation) -> None:
    """Write an evaluation's figures into the package's card, and its worst cases beside it."""
    with disk_errors(model):
        if evaluation.failures:
            with whole_file(model / FAILURES) as draft:
                draft.write_bytes(failures_picture(evaluation.failures).png)
        else:
            (model / FAILURES).unlink(missing_ok=True)
    figures = {
        "accuracy": accuracy(evaluation.means),
        "calibration": calibration_values(evaluation.calibration),
        "uncertainty": uncertainty_values(evaluation.flagged),
        "failures": failure_values(evaluation.failures),
    }
    write_card(model, card | figures)


def write_cases(folder: Path, measured: Measured) -> None:
    """Write what was measured, case by case."""
    write_scores(folder / CASES, measured.scores)
    write_scores(folder / "cases_without_cleanup.csv", measured.uncleaned)
    write_rows(folder / "calibration.csv", Calibration, [one.row for one in measured.calibration])
    write_rows(folder / "uncertainty.csv", Flagged, measured.flagged)


def write_summary(folder: Path, evaluation: Evaluation) -> None:
    """Write all that follows from it: means, the reliability curve, differences and the report with its pictures."""
    write_rows(folder / "summary.csv", Mean, [*evaluation.means, *evaluation.uncleaned])
    write_rows(folder / "reliability.csv", ReliabilityBin, evaluation.reliability)
    if evaluation.against:
        write_rows(folder / AGAINST, Difference, evaluation.differences)
    page = page_of(evaluation)
    for picture in page.pictures:
        (folder / picture.file).write_bytes(picture.png)
    (folder / "report.md").write_text(to_markdown(page), encoding="utf-8")
    (folder / "report.html").write_text(to_html(page), encoding="utf-8")


def seen_cases(card: Card, cases: Sequence[Case], patients: Mapping[str, str]) -> list[str]:
    """The cases that cannot speak for the model, because it was trained or chosen on their patients.

    Args:
        patients: The patient of each case of the datalist: another scan of one counts as seen.
    """
    seen = _seen_by(card["training"])
    known = seen | {patients[case] for case in seen & set(patients)}
    return sorted(case.id for case in cases if {case.id, case.patient} & known)


def _seen_by(training: Mapping[str, Any]) -> set[str]:
    """Cases of a model, of the one that it was fine-tuned from, and of a frozen teacher: that told it what they saw."""
    seen = {*training["validation"], *(case for data in training["data"] for case in data["patients"])}
    return seen.union(*(_seen_by(training[origin]) for origin in ("base", "teacher") if origin in training))


def read_related(folder: Path, cases: Sequence[Case]) -> list[Score]:
    """The scores of an earlier evaluation.

    Raises InputError when it has none of the cases, before the network runs in vain.
    """
    theirs = read_scores(folder / CASES)
    if not {score.case for score in theirs} & {case.id for case in cases}:
        raise InputError(f"{folder / CASES} has none of the cases to evaluate; compare evaluations of the same cases.")
    return theirs


def case_line(case: Case, scores: Sequence[Score]) -> str:
    """One line on a finished case: Dice with all sequences, and the mean over what was measured."""
    parts = []
    for region in REGIONS:
        own = [score for score in scores if score.region == region.value]
        if own:
            best = next(score.dice for score in own if score.modalities == ALL)
            parts.append(f"{region.value} {best:.1f} (mean {fmean(s.dice for s in own if s.modalities != ALL):.1f})")
    return f"{case.id}: Dice with {describe(case.images)}: {', '.join(parts)}"
