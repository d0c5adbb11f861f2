"""Tables of settings: rows that can be added and removed, and a value for each of some names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import qt

from MSTKDLib.Dialogs import asRichText
from MSTKDLib.Translation import _

from .Editors import WRONG, OnChange, helpOf, labelOf, problem
from .FieldText import MisfitError, textOf, valueOf
from .Schema import Field, Named, Rows
from .Tables import fitHeight


class Table:
    """A table of text with buttons to add and remove rows; shows all its rows, because the panel scrolls.

    Args:
        columns: What stands in each column.
        onChange: Called when a cell was edited, or rows were added or removed.
    """

    def __init__(self, columns: Sequence[Field], onChange: OnChange) -> None:
        self._columns, self._onChange = columns, onChange
        self.widget = qt.QWidget()
        self.table = qt.QTableWidget(0, len(columns))
        self.table.setHorizontalHeaderLabels([labelOf(column) for column in columns])
        for number, column in enumerate(columns):
            self.table.horizontalHeaderItem(number).setToolTip(helpOf(column))
        self.table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Stretch)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        self.table.verticalScrollBarPolicy = qt.Qt.ScrollBarAlwaysOff
        self.widget.setSizePolicy(qt.QSizePolicy.Preferred, qt.QSizePolicy.Maximum)
        self.table.connect("itemChanged(QTableWidgetItem*)", lambda item: onChange())
        self.addButton, self.removeButton = qt.QPushButton(_("Add row")), qt.QPushButton(_("Remove row"))
        self.removeButton.toolTip = _("Remove the chosen row, or the last one.")
        self.addButton.connect("clicked(bool)", lambda: self._add())
        self.removeButton.connect("clicked(bool)", lambda: self._remove())
        self._arrange()

    def _arrange(self) -> None:
        layout, buttons = qt.QVBoxLayout(self.widget), qt.QHBoxLayout()
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        buttons.addWidget(self.addButton)
        buttons.addWidget(self.removeButton)
        buttons.addStretch(1)
        layout.addLayout(buttons)

    @property
    def texts(self) -> list[list[str]]:
        """What stands in the cells."""
        table = self.table
        return [
            [table.item(row, column).text() for column in range(len(self._columns))] for row in range(table.rowCount)
        ]

    def fill(self, rows: Sequence[Sequence[str]]) -> None:
        """Show these rows instead."""
        blocked = self.table.blockSignals(True)
        self.table.setRowCount(len(rows))
        for row, texts in enumerate(rows):
            for column, text in enumerate(texts):
                self.table.setItem(row, column, qt.QTableWidgetItem(text))
        self.table.blockSignals(blocked)
        fitHeight(self.table)

    def mark(self, row: int, column: int, sentence: str) -> None:
        """Show that a cell cannot be used, and why; an empty sentence takes the mark away."""
        blocked = self.table.blockSignals(True)
        item = self.table.item(row, column)
        item.setData(qt.Qt.ForegroundRole, qt.QBrush(qt.QColor(WRONG)) if sentence else None)
        item.setToolTip(asRichText(sentence) if sentence else "")
        self.table.blockSignals(blocked)

    def _add(self) -> None:
        rows = self.texts
        self.fill([*rows, rows[-1] if rows else [""] * len(self._columns)])
        self._onChange()

    def _remove(self) -> None:
        rows, current = self.texts, self.table.currentRow()
        if rows:
            del rows[current if 0 <= current < len(rows) else -1]
            self.fill(rows)
            self._onChange()


class RowsEditor:
    """A list of groups; a new row begins as a copy of the last one."""

    def __init__(self, field: Rows, place: str, onChange: OnChange) -> None:
        self._field, self._place = field, place
        self._cells = field.row.fields
        self._table = Table(self._cells, onChange)
        self.widget = self._table.widget
        self.table = self._table.table

    def show(self, value: Any) -> None:
        self._table.fill([[textOf(cell, row.get(cell.name)) for cell in self._cells] for row in value or ()])

    def read(self, problems: list[str]) -> Any:
        rows = [self._row(number, texts, problems) for number, texts in enumerate(self._table.texts)]
        if len(rows) < self._field.least:
            needed = _("at least {count} rows are needed").format(count=self._field.least)
            problems.append(problem(self._place, MisfitError(needed)))
        return rows

    def _row(self, number: int, texts: Sequence[str], problems: list[str]) -> dict[str, Any]:
        row = {}
        for column, (cell, text) in enumerate(zip(self._cells, texts, strict=True)):
            sentence = ""
            try:
                row[cell.name] = valueOf(cell, text)
            except MisfitError as error:
                place = _("{place}, row {row}, {column}").format(place=self._place, row=number + 1, column=cell.label)
                sentence = problem(place, error)
                problems.append(sentence)
            self._table.mark(number, column, sentence)
        return row


class NamedEditor:
    """A value for each of some names; a row without a value says nothing.

    Attributes:
        isOpen: Whether any names may be given.
    """

    def __init__(self, field: Named, place: str, onChange: OnChange) -> None:
        self._value, self._place = field.value, place
        columns = (Field("", _("Name"), "", "", ()), Field("", _("Value"), field.description, field.unit, ()))
        self._table = Table(columns, onChange)
        self.widget = self._table.widget
        self.table = self._table.table
        self._known = field.names
        self.isOpen = not field.names

    def setKnown(self, names: tuple[str, ...]) -> None:
        """Give these names a row, such as the data sets that were found; what is written stays."""
        written = [texts for texts in self._table.texts if texts[1].strip()]
        lacking = [name for name in names if name not in [texts[0].strip() for texts in written]]
        self._known = names
        self._table.fill([*written, *([name, ""] for name in lacking)])

    def show(self, value: Any) -> None:
        given = dict(value or {})
        names = [*given, *(name for name in self._known if name not in given)]
        self._table.fill([[name, textOf(self._value, given.get(name))] for name in names])

    def read(self, problems: list[str]) -> Any:
        values: dict[str, Any] = {}
        for number, (name, text) in enumerate(self._table.texts):
            sentence = self._keep(values, name.strip(), text.strip())
            if sentence:
                problems.append(sentence)
            self._table.mark(number, 1, sentence)
        return values

    def _keep(self, values: dict[str, Any], name: str, text: str) -> str:
        """Take a row over; returns what is wrong with it."""
        if not text:
            return ""
        try:
            if not name:
                raise MisfitError(_("a name is needed"))
            if name in values:
                raise MisfitError(_("it is given twice"))
            values[name] = valueOf(self._value, text)
        except MisfitError as error:
            return problem(_("{place}, {name}").format(place=self._place, name=name), error)
        return ""
