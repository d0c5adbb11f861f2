"""From a run to a measured model: the package, its figures beside the paper's, the report."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mstkd.data.datalist import read_datalist
from mstkd.errors import InputError
from mstkd.evaluation.metric import DICE
from mstkd.evaluation.published import AVERAGE, Figure, published_dataset, published_tables
from mstkd.evaluation.report import report as page_of
from mstkd.evaluation.scores import NAMES
from mstkd.evaluation.summary import Mean, average
from mstkd.evaluation.sweep import evaluate_package
from mstkd.inference.segment import Report
from mstkd.regions import REGIONS
from mstkd.results.draft import DraftFolder, disk_errors
from mstkd.runs.layout import DATALIST
from mstkd.store.card import CARD, FEWEST
from mstkd.training.export import Description, package_run
from mstkd.training.run import config_of
from mstkd.words import counted

MODEL, EVALUATION = "model", "evaluation"
CURVES, PAGE = f"{MODEL}/curves.png", f"{EVALUATION}/report.html"
FIGURES = f"{EVALUATION}/figures.json"
"""What `finish_run` returns, to be shown again later."""
PACKAGED = 0.02
"""Share of the work, on the progress bar, when the package is written."""


@dataclass(frozen=True)
class Row:
    """One region with one combination of sequences; figures in percent and mm, no interval of few patients."""

    sequences: str
    region: str
    cases: int
    dice: float
    dice_low: float | None
    dice_high: float | None
    hd95: float
    paper_dice: float | None
    paper_hd95: float | None


def finish_run(
    run: Path, description: Description, output: Path, *, split: str, device: str, report: Report
) -> dict[str, Any]:
    """Package a run's student and measure it; ``output/model`` and ``output/evaluation`` appear at the end.

    Test cases enter the figures into the model's card; validation cases, which chose the
    model, do not.

    Args:
        report: Told of each case and combination; may raise CancelledError, nothing is changed then.

    Returns:
        ``rows`` and ``facts``, as plain values.

    Raises:
        InputError: There is no case to measure, the run cannot be packaged, or ``output``
            holds other things of those names.
    """
    config_of(run)
    datasets = _datasets(run, split)
    _refuse_strangers(output)
    report(0.0, "Packaging the model")
    with DraftFolder(output) as folder:
        package_run(run, folder.draft / MODEL, description)
        evaluation = evaluate_package(
            folder.draft / MODEL,
            run / DATALIST,
            folder.draft / EVALUATION,
            split=split,
            combinations="all",
            card=split == "test",
            device=device,
            say=lambda text: None,
            report=lambda share, text: report(PACKAGED + (1 - PACKAGED) * share, text),
        )
        published = published_tables().get(published_dataset(datasets) or "", {})
        facts = [*page_of(evaluation).facts, *_no_card(split), *_averages(evaluation.means, published)]
        found = {"rows": [asdict(row) for row in rows(evaluation.means, published)], "facts": facts}
        with disk_errors(output):
            (folder.draft / FIGURES).write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
            for name in (MODEL, EVALUATION):
                if (output / name).exists():
                    shutil.rmtree(output / name)
                (folder.draft / name).rename(output / name)
    return found


def rows(means: list[Mean], published: dict[tuple[str, str], Figure]) -> list[Row]:
    """The combinations measured, in the paper's order, beside the paper's figures where there are some."""
    found = []
    for mean in means:
        if mean.modalities in NAMES:
            paper = published.get((mean.modalities, mean.region))
            low, high = DICE.ends(mean) if mean.patients >= FEWEST else (None, None)
            figures = (mean.dice, low, high, mean.hd95)
            theirs = (paper.dice, paper.hd95) if paper else (None, None)
            found.append(Row(mean.modalities, mean.region, mean.cases, *figures, *theirs))
    return found


def _datasets(run: Path, split: str) -> set[str]:
    """The data sets of the cases to measure."""
    cases = read_datalist(run / DATALIST)
    found = {case.dataset for case in cases if case.split == split}
    if not found:
        others = any(case.split == "validation" for case in cases) and split == "test"
        remedy = "measure it on the validation cases, or " if others else ""
        raise InputError(
            f"{run / DATALIST} has no case with the split '{split}' to measure the model on; {remedy}train with some "
            "cases held out."
        )
    return found


def _refuse_strangers(output: Path) -> None:
    for folder, own in ((output / MODEL, CARD), (output / EVALUATION, "report.html")):
        if folder.exists() and not (folder / own).is_file():
            raise InputError(f"{folder} holds something else than a result of a run; choose another folder.")


def _no_card(split: str) -> list[str]:
    if split == "test":
        return []
    return ["These cases chose the model during training, so its card got no accuracy from them."]


def _averages(means: list[Mean], published: dict[tuple[str, str], Figure]) -> list[str]:
    """A sentence for each region."""
    sentences = []
    for region in REGIONS:
        ours, theirs = average(means, region), published.get((AVERAGE, region.value))
        if ours is not None:
            beside = f" (paper: {theirs.dice:.1f} %, {theirs.hd95:.1f} mm)" if theirs else ""
            sentences.append(
                f"{region.value}: mean Dice {ours.dice:.1f} %, HD95 {ours.hd95:.1f} mm over "
                f"{counted(ours.combinations, 'combination')} of sequences{beside}."
            )
    return sentences
