"""From a data set's folder to a datalist: checked, divided by patient, written when nothing is undecided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mstkd.data.check import Progress, Report, check
from mstkd.data.datalist import Case, write_datalist
from mstkd.data.report import summarise, summarise_split
from mstkd.data.split import Fractions, divide
from mstkd.errors import InputError


@dataclass(frozen=True)
class Prepared:
    """What a folder holds and how it is divided.

    Attributes:
        summary: The report as plain values; with the sides of the split where it was written.
        cases: The usable ones, each with its side of the split.
        refusal: Why there is nothing to go on with, in one sentence; None when there is.
    """

    report: Report
    summary: dict[str, Any]
    cases: list[Case]
    refusal: str | None


def prepare(
    source: Path, choices: Sequence[str], fractions: Fractions, seed: int, output: Path | None, progress: Progress
) -> Prepared:
    """Check a data set; write its datalist to ``output``, if that is wanted and every label is explained.

    Raises:
        InputError: No layout is recognised, a choice is unknown, or ``output`` lies nowhere.
    """
    if output is not None and not (output.absolute().parent.is_dir() and not output.is_dir()):
        raise InputError(f"{output} cannot be written; give a file in a folder that exists.")
    report = check(source, choices, progress)
    summary = summarise(report)
    refused = _refusal(source, summary, writing=output is not None)
    cases = divide(report.cases, fractions, seed)
    if output is not None and refused is None:
        write_datalist(output, cases)
        summary |= {"written": str(output), "split": summarise_split(cases), "seed": seed}
    return Prepared(report, summary, cases, refused)


def _refusal(source: Path, summary: dict[str, Any], *, writing: bool) -> str | None:
    questions = len(summary["questions"])
    if questions and (writing or not summary["usable_cases"]):
        which = "one data set" if questions == 1 else f"{questions} data sets"
        return f"the label convention of {which} is undecided, so nothing is written; say it with --labels as told."
    if not summary["usable_cases"]:
        return f"{source} holds no usable case, for the problems told; correct them or give another folder."
    return None
