"""The results of many studies as one table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mstkd.batch.outcome import Outcome
from mstkd.errors import InputError
from mstkd.files import whole_file

TABLE = "results.csv"
_REGIONS, _MEASURES = ("WT", "TC", "ET"), ("ml", "longest_mm", "perpendicular_mm")
HEADER = (
    "study",
    "status",
    "message",
    "sequences",
    "missing",
    *(f"{region}_{measure}" for region in _REGIONS for measure in _MEASURES),
    "warnings",
    "model",
    "seconds",
    "result",
)


def write_table(path: Path, outcomes: Sequence[Outcome]) -> None:
    """One row for each outcome, in their order, as CSV in UTF-8; the file appears whole.

    Volumes in mL, diameters in mm; cells of a failed study are empty.

    Raises:
        InputError: The file cannot be written, for instance while a spreadsheet program has it open.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows([_harmless(cell) for cell in _row(outcome)] for outcome in outcomes)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(f"{path} cannot be written ({reason}); close it where it is open, or free space.") from error


def _row(outcome: Outcome) -> list[Any]:
    summary = outcome.summary
    if summary is None:
        return [outcome.study, outcome.status, outcome.message, *[""] * (len(HEADER) - 3)]
    measured = summary.get("measurements", {})
    return [
        outcome.study,
        outcome.status,
        outcome.message,
        ", ".join(summary["sequences"]),
        ", ".join(summary["missing"]),
        *(measured.get(region, {}).get(measure, "") for region in _REGIONS for measure in _MEASURES),
        " ".join(summary["warnings"]),
        summary["model"]["name"],
        summary["seconds"]["total"],
        outcome.folder,
    ]


def _harmless(cell: object) -> object:
    """Text that a spreadsheet would run as a formula is marked as text; numbers stay numbers."""
    if isinstance(cell, int | float):
        return cell
    text = " ".join(str(cell).splitlines())
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text
