"""The results: a table, what was missing, the doubts, and how the segmentation is shown."""

from __future__ import annotations

from pathlib import Path

import qt

from . import Regions
from .Sentences import HEADERS, foundSentence, resultRows, tableText, warningsText
from .Uncertainty import showUncertainty

REPORT = "MSTKDSegment.Report"
"""Node attribute: the report of the run that made this segmentation."""


class ResultsView:
    """Shows the stored result of one segmentation node, also after the scene was saved and loaded.

    Args:
        ui: The panel's widgets.
    """

    def __init__(self, ui) -> None:
        self._ui = ui
        self._node = None
        self._result: dict | None = None
        self._uncertainty: dict[str, object] = {}
        table = ui.resultTable
        table.setColumnCount(len(HEADERS))
        table.setHorizontalHeaderLabels(HEADERS)
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        ui.tissuesRadio.connect("toggled(bool)", self._onTissuesToggled)
        ui.uncertaintyCheckBox.connect("toggled(bool)", self._onUncertaintyToggled)
        ui.copyButton.connect("clicked(bool)", lambda: self._copy())
        ui.reportButton.connect("clicked(bool)", lambda: self._openReport())
        self.show(None)

    def keep(self, result, report: Path | None) -> None:
        """Take over what a run just made: its uncertainty map and where its report lies."""
        self._uncertainty = {result.segmentation.GetID(): result.uncertainty}
        result.segmentation.SetAttribute(REPORT, str(report / "report.html") if report else None)

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
        ui.uncertaintyCheckBox.enabled = self._uncertainty.get(node.GetID()) is not None
        ui.uncertaintyCheckBox.checked = False
        ui.reportButton.visible = Path(node.GetAttribute(REPORT) or "").is_file()
        self._fillTable()

    def _fillTable(self) -> None:
        tissues = bool(self._ui.tissuesRadio.checked)
        colours = {entry["name"]: entry["colour"] for entry in self._result["tissues" if tissues else "segments"]}
        rows, table = resultRows(self._result["summary"], tissues), self._ui.resultTable
        table.setRowCount(len(rows))
        for number, (name, *cells) in enumerate(rows):
            for column, text in enumerate(cells):
                item = qt.QTableWidgetItem(text)
                if column == 0:
                    item.setData(qt.Qt.DecorationRole, qt.QColor.fromRgbF(*colours[name]))
                else:
                    item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
                table.setItem(number, column, item)
        table.resizeRowsToContents()
        height = table.horizontalHeader().height + 2 * table.frameWidth
        table.setFixedHeight(height + sum(table.rowHeight(number) for number in range(len(rows))))

    def _onTissuesToggled(self, tissues: bool) -> None:
        if self._result is None or tissues == Regions.isShowingTissues(self._node):
            return
        (Regions.showTissues if tissues else Regions.showRegions)(self._node)
        self._fillTable()

    def _onUncertaintyToggled(self, visible: bool) -> None:
        if self._node is not None:
            showUncertainty(self._node, self._uncertainty.get(self._node.GetID()), visible)

    def _copy(self) -> None:
        rows = resultRows(self._result["summary"], bool(self._ui.tissuesRadio.checked))
        qt.QApplication.clipboard().setText(tableText(rows))

    def _openReport(self) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(self._node.GetAttribute(REPORT)))
