"""The Dice of all combinations of sequences beside the paper's, as rows of text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import qt

from MSTKDLib.Dialogs import asRichText
from MSTKDLib.Translation import _

from .Tables import fitHeight

REGIONS = ("WT", "TC", "ET")


class Cell(NamedTuple):
    """What stands in a cell, and what its tool tip says."""

    text: str = "-"
    help: str = ""


def headers(rows: Sequence[dict[str, Any]]) -> list[str]:
    """The columns: the paper's only where it has figures for these data."""
    beside = [_("paper")] if _hasPaper(rows) else []
    return [_("Given"), *(header for region in REGIONS for header in (region, *beside))]


def cells(rows: Sequence[dict[str, Any]]) -> list[list[Cell]]:
    """One line for each combination, in the order of the rows."""
    found = {(row["sequences"], row["region"]): row for row in rows}
    lines = []
    for name in dict.fromkeys(row["sequences"] for row in rows):
        line = [Cell(name)]
        for region in REGIONS:
            row = found.get((name, region))
            line.append(_ours(row) if row else Cell())
            if _hasPaper(rows):
                line.append(_papers(row) if row else Cell())
        lines.append(line)
    return lines


def fill(table, rows: Sequence[dict[str, Any]]) -> None:
    """Show the rows in a table that is as high as they are, because the panel scrolls."""
    titles, lines = headers(rows), cells(rows)
    table.setColumnCount(len(titles))
    table.setHorizontalHeaderLabels(titles)
    table.verticalHeader().hide()
    table.setWordWrap(False)
    table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
    table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
    table.setRowCount(len(lines))
    for number, line in enumerate(lines):
        for column, cell in enumerate(line):
            item = qt.QTableWidgetItem(cell.text)
            item.setToolTip(asRichText(cell.help) if cell.help else "")
            if column:
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
            table.setItem(number, column, item)
    fitHeight(table)


def _hasPaper(rows: Sequence[dict[str, Any]]) -> bool:
    return any(row["paper_dice"] is not None for row in rows)


def _ours(row: dict[str, Any]) -> Cell:
    values = {"dice": row["dice"], "low": row["dice_low"], "high": row["dice_high"], "hd95": row["hd95"]}
    if row["dice_low"] is None:
        text = _("Dice {dice:.1f} %, HD95 {hd95:.1f} mm; {cases} cases, too few for an interval.")
    else:
        text = _("Dice {dice:.1f} % (95 % interval {low:.1f} to {high:.1f}), HD95 {hd95:.1f} mm; {cases} cases.")
    return Cell(f"{row['dice']:.1f}", text.format(cases=row["cases"], **values))


def _papers(row: dict[str, Any]) -> Cell:
    if row["paper_dice"] is None:
        return Cell()
    text = _("The paper's model on the paper's own test cases: Dice {dice:.1f} %, HD95 {hd95:.1f} mm.")
    return Cell(f"{row['paper_dice']:.1f}", text.format(dice=row["paper_dice"], hd95=row["paper_hd95"]))
