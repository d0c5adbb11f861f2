"""The results: a table, what was missing, the doubts, and how the segmentation is shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt

from MSTKDLib.Engine import EngineError
from MSTKDLib.Views import isInSlices

from . import Regions
from .Sentences import HEADERS, REGIONS, TISSUES, foundSentence, resultRows, tableText, warningsText
from .Uncertainty import ROLE, hasUncertainty, showUncertainty

REPORT = "MSTKDSegment.Report"
"""Node attribute: the report of the run that made this segmentation."""


class ResultsView:
    """Shows the stored result of one segmentation node, also after the scene was saved and loaded.

    Args:
        ui: The panel's widgets.
        onProblem: Called with one sentence when something cannot be shown.
    """

    def __init__(self, ui, onProblem: Callable[[str], None]) -> None:
        self._ui, self._onProblem = ui, onProblem
        self._node = None
        self._result: dict | None = None
        self._fresh = None
        """The last run's result; its uncertainty becomes a volume only when it is wished for."""
        table = ui.resultTable
        table.setColumnCount(len(HEADERS))
        table.setHorizontalHeaderLabels(list(HEADERS))
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        ui.tissuesRadio.connect("toggled(bool)", self._onTissuesToggled)
        ui.uncertaintyCheckBox.connect("toggled(bool)", self._onUncertaintyToggled)
        ui.copyButton.connect("clicked(bool)", lambda: self._copy())
        ui.reportButton.connect("clicked(bool)", lambda: self._openReport())
        self.show(None)

    def keep(self, result) -> None:
        """Take over what a run just made: its uncertainty and where its report lies."""
        self._fresh = result
        report = str(result.report / "report.html") if result.report else None
        result.segmentation.SetAttribute(REPORT, report)

    def show(self, node) -> None:
        """Show a segmentation node's result; None or a foreign segmentation hides the section."""
        self._node = node
        self._result = Regions.storedResult(node) if node is not None else None
        ui = self._ui
        ui.resultsSection.visible = self._result is not None
        ui.show3DButton.setSegmentationNode(node)
        if self._result is None:
            return
        summary = self._result["summary"]
        tissues = Regions.isShowingTissues(node)
        ui.regionsRadio.checked = not tissues
        ui.tissuesRadio.checked = tissues
        ui.foundLabel.text = foundSentence(summary)
        ui.warningsLabel.text = warningsText(summary)
        ui.warningsLabel.visible = bool(summary["warnings"])
        ui.uncertaintyCheckBox.enabled = self._newUncertainty() is not None or hasUncertainty(node)
        blocked = ui.uncertaintyCheckBox.blockSignals(True)
        ui.uncertaintyCheckBox.checked = hasUncertainty(node) and isInSlices(node.GetNodeReference(ROLE))
        ui.uncertaintyCheckBox.blockSignals(blocked)
        ui.reportButton.visible = Path(node.GetAttribute(REPORT) or "").is_file()
        self._fillTable()

    def _fillTable(self) -> None:
        tissues = bool(self._ui.tissuesRadio.checked)
        colours = {entry["name"]: entry["colour"] for entry in self._result["tissues" if tissues else "segments"]}
        meanings = {name: what for name, _title, what in (TISSUES if tissues else REGIONS)}
        rows, table = resultRows(self._result["summary"], tissues), self._ui.resultTable
        table.setRowCount(len(rows))
        for number, (name, *cells) in enumerate(rows):
            for column, text in enumerate(cells):
                item = qt.QTableWidgetItem(text)
                if column == 0:
                    item.setToolTip(meanings[name])
                    item.setData(qt.Qt.DecorationRole, qt.QColor.fromRgbF(*colours[name]))
                else:
                    item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
                table.setItem(number, column, item)
        # All rows are shown: the panel scrolls, the table does not.
        height = table.horizontalHeader().sizeHint.height() + 2 * table.frameWidth
        table.setFixedHeight(height + sum(table.rowHeight(number) for number in range(table.rowCount)))

    def _newUncertainty(self):
        """The uncertainty of the shown segmentation that is no volume yet; None when there is none."""
        isFresh = self._fresh is not None and self._fresh.segmentation is self._node
        return self._fresh.uncertainty if isFresh and not hasUncertainty(self._node) else None

    def _onTissuesToggled(self, tissues: bool) -> None:
        if self._result is None:
            return
        if tissues != Regions.isShowingTissues(self._node):
            self._try(lambda: (Regions.showTissues if tissues else Regions.showRegions)(self._node))
        self.show(self._node)  # what it shows now, also where an undo had switched it

    def _onUncertaintyToggled(self, visible: bool) -> None:
        self._try(lambda: showUncertainty(self._node, self._newUncertainty(), visible))

    def _try(self, work: Callable[[], object]) -> None:
        try:
            work()
        except EngineError as error:
            self._onProblem(str(error))

    def _copy(self) -> None:
        rows = resultRows(self._result["summary"], bool(self._ui.tissuesRadio.checked))
        qt.QApplication.clipboard().setText(tableText(rows))

    def _openReport(self) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(self._node.GetAttribute(REPORT)))
