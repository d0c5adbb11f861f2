"""The table of a data set's cases; thousands of rows are filled in step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import qt

from MSTKDLib.Steps import Background, Steps
from MSTKDLib.Translation import _
from MSTKDLib.Words import LABELS

from .Cases import labelsWord, sentencesOf, sideWord

FOUND, MISSING = "✓", "-"
ROWS_PER_STEP = 50
LEFT_OUT = 192, 57, 43
NOT_THERE = 230, 150, 30, 90
"""Colours of texts and cells, readable on light and dark."""


class CaseTable:
    """Shows cases in a table widget, which users may sort by any column.

    Args:
        table: The QTableWidget.
        onSelect: Called with the selected case, or None.
        onChoose: Called with the case that was clicked, or chosen with the return key.
    """

    def __init__(self, table, onSelect: Callable[[dict | None], None], onChoose: Callable[[dict], None]) -> None:
        self._table, self._cases, self._filling = table, [], None
        self._leftOut, self._missing = qt.QBrush(qt.QColor(*LEFT_OUT)), qt.QBrush(qt.QColor(*NOT_THERE))
        headers = [_("Patient"), *LABELS.values(), _("Labels"), _("Side"), _("Problem or remark")]
        table.setColumnCount(len(headers))
        table.setHorizontalHeaderLabels(headers)
        header = table.horizontalHeader()
        header.setStretchLastSection(True)
        for column, width in enumerate([140, *[46] * len(LABELS), 92, 62]):
            table.setColumnWidth(column, width)
        table.verticalHeader().setDefaultSectionSize(22)
        table.connect("itemSelectionChanged()", lambda: onSelect(self.selected))
        table.connect("cellClicked(int,int)", lambda row, column: onChoose(self._at(row)))
        table.connect("cellActivated(int,int)", lambda row, column: onChoose(self._at(row)))

    @property
    def selected(self) -> dict | None:
        """The case whose row is selected."""
        rows = self._table.selectionModel().selectedRows()
        return self._at(rows[0].row()) if rows else None

    @property
    def filling(self) -> bool:
        """Whether rows are still to come."""
        return self._filling is not None

    def show(self, cases: Sequence[dict]) -> None:
        """Show these cases and no others."""
        self.close()
        self._cases = list(cases)
        self._table.setSortingEnabled(False)  # else rows move while they are filled
        self._table.setRowCount(0)
        self._table.setRowCount(len(self._cases))
        self._filling = Background(self._fill(), self._filled)

    def close(self) -> None:
        """Fill in no more."""
        if self._filling is not None:
            self._filling.stop()
            self._filling = None

    def _fill(self) -> Steps:
        for row, case in enumerate(self._cases):
            self._fillRow(row, case)
            if row % ROWS_PER_STEP == ROWS_PER_STEP - 1:
                yield

    def _filled(self, value, error: Exception | None) -> None:
        self._filling = None
        self._table.setSortingEnabled(True)
        if error is not None:
            raise error

    def _fillRow(self, row: int, case: dict) -> None:
        sentences = sentencesOf(case)
        found = [FOUND if name in case["images"] else MISSING for name in LABELS]
        texts = [case["id"], *found, labelsWord(case), sideWord(case), sentences[0] if sentences else ""]
        setItem = self._table.setItem  # as few calls as can be: there are thousands of rows
        for column, text in enumerate(texts):
            item = qt.QTableWidgetItem(text)
            if sentences:
                item.setToolTip("\n".join(sentences))
            if not case["usable"]:
                item.setForeground(self._leftOut)
            if column == 0:
                item.setData(qt.Qt.UserRole, row)  # where it is in the list, however it is sorted
            elif text == MISSING:
                item.setBackground(self._missing)
            setItem(row, column, item)

    def _at(self, row: int) -> dict | None:
        item = self._table.item(row, 0)
        return self._cases[item.data(qt.Qt.UserRole)] if item is not None else None
