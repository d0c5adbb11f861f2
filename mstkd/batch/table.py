"""The results of many studies as one table."""

from __future__ import annotations

import csv
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from mstkd.batch.outcome import Outcome
from mstkd.errors import InputError, why
from mstkd.files import whole_file

TABLE = "results.csv"
_TEXT: dict[str, Any] = {"newline": "", "encoding": "utf-8-sig", "errors": "backslashreplace"}
"""Names of folders may be no Unicode."""
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
    """One row for each outcome, in their order, then the rows that the table has of other studies.

    So a run that is stopped early, or one of other studies, cuts nothing off. Volumes in mL,
    diameters in mm; cells of a failed study are empty. CSV in UTF-8 with the mark by which
    Excel knows it; the file appears whole.

    Raises:
        InputError: The file cannot be written, for instance while a spreadsheet program has it open.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        rows: list[list[Any]] = [[_harmless(cell) for cell in _row(outcome)] for outcome in outcomes]
        rows += _others(path, {row[0] for row in rows})
        with whole_file(path) as draft, draft.open("w", **_TEXT) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(HEADER)
            writer.writerows(rows)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({why(error)}); close it where it is open, or free space."
        ) from error


def _others(path: Path, studies: Collection[object]) -> list[list[str]]:
    """The rows of other studies in an earlier table; one with other columns has none."""
    try:
        with path.open(**_TEXT) as file:
            header, *rows = csv.reader(file)
    except (FileNotFoundError, ValueError, csv.Error):
        return []
    return [row for row in rows if tuple(header) == HEADER and row and row[0] not in studies]


def _row(outcome: Outcome) -> list[Any]:
    summary = outcome.summary
    if summary is None:
        return [outcome.study, outcome.status, outcome.message, *[""] * (len(HEADER) - 3)]
    measured = summary.get("measurements", {})
    return [
        outcome.study,
        "done",  # now or before, which the message tells
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
