"""The curves of a run: live charts on request, the best score, and the Dice of the last validation."""

from __future__ import annotations

from collections.abc import Sequence

import qt
import slicer
from slicer.util import VTKObservationMixin

from MSTKDLib.Translation import _

from .Charts import combinationCurves, comparedCurves, lossCurves, regionCurves
from .Forms import loadForm
from .Plots import Chart, Curve
from .Tables import fitHeight

LOSSES, REGIONS, COMBINATIONS, RUNS = range(4)
"""The charts, in the order of the form's list."""
COLUMNS = ("WT", "TC", "ET")
DICE_AXIS = (0.0, 1.0)


class CurvesView(VTKObservationMixin):
    """Shows the curves of the attached run, and those of runs beside each other.

    A chart comes into the scene, and the layout changes, only when the user asks for that chart;
    from then on it follows the training, until the user deletes it; one that goes with a closed scene comes again.
    """

    def __init__(self) -> None:
        VTKObservationMixin.__init__(self)
        self.widget, self._ui = loadForm("Curves")
        self._monitor = None
        self._compared: list[tuple[str, object]] = []
        self._charts = (
            Chart(_("Loss terms"), _("Loss (terms not weighted)"), logarithmic=True),
            Chart(_("Dice by region"), _("Validation Dice"), extent=DICE_AXIS),
            Chart(_("Dice by combination"), _("Validation Dice"), extent=DICE_AXIS),
            Chart(_("Compare runs"), _("Mean validation Dice"), extent=DICE_AXIS),
        )
        self._asked: set[int] = set()
        self._rows: dict[str, list[str]] = {}
        table = self._ui.lastDiceTable
        table.setColumnCount(1 + len(COLUMNS))
        table.setHorizontalHeaderLabels([_("Sequences"), *COLUMNS])
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.ResizeToContents)
        table.horizontalHeader().setSectionResizeMode(0, qt.QHeaderView.Stretch)
        self._ui.chartCombo.connect("currentIndexChanged(int)", lambda index: self._onChosen())
        self._ui.chartRegionCombo.connect("currentIndexChanged(int)", lambda index: self._refresh())
        self._ui.showPlotButton.connect("clicked(bool)", lambda: self._showPlot())
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self._onSceneClose)
        self._refresh()

    def show(self, monitor) -> None:
        """Show a run as it is now; call it again when it has grown. None shows nothing."""
        if monitor is not self._monitor:
            for kind in (LOSSES, REGIONS, COMBINATIONS):
                self._forget(kind)
            self._monitor = monitor
        self._refresh()

    def compare(self, runs: Sequence[tuple[str, object]]) -> None:
        """The runs to compare, by name with their curves; call it again when they have grown."""
        self._compared = list(runs)
        if not runs:
            self._forget(RUNS)
        self._refresh()

    def close(self) -> None:
        """Take the charts out of the scene."""
        self.removeObservers()
        for kind in range(len(self._charts)):
            self._forget(kind)

    def _onSceneClose(self, caller, event) -> None:
        """So that a chart that went with the scene is told from one that the user deleted."""
        for chart in self._charts:
            chart.remove()

    def _forget(self, kind: int) -> None:
        self._charts[kind].remove()
        self._asked.discard(kind)

    def _curves(self, kind: int) -> list[Curve]:
        if kind == RUNS:
            return comparedCurves(self._compared)
        if self._monitor is None:
            return []
        curves, region = self._monitor.curves, self._ui.chartRegionCombo
        if kind == COMBINATIONS:
            return combinationCurves(curves, region.currentText if region.currentIndex else "")
        return (lossCurves if kind == LOSSES else regionCurves)(curves)

    def _refresh(self) -> None:
        chosen = self._ui.chartCombo.currentIndex
        curves = {kind: self._curves(kind) for kind in {*self._asked, chosen}}
        self._refreshCharts(curves)
        self._refreshControls(curves[chosen])
        self._showScores()

    def _refreshCharts(self, curves: dict[int, list[Curve]]) -> None:
        """Let the charts that were asked for grow."""
        if slicer.mrmlScene.IsBatchProcessing():
            return
        for kind in sorted(self._asked):
            chart = self._charts[kind]
            if chart.wasDeleted:
                self._forget(kind)
                continue
            isBack = not chart.isInScene
            chart.show(curves[kind])
            if isBack and kind == self._ui.chartCombo.currentIndex and not _activeChart():
                _select(chart)

    def _refreshControls(self, curves: list[Curve]) -> None:
        ui, kind = self._ui, self._ui.chartCombo.currentIndex
        isEmpty = not any(curve.points for curve in curves)
        ui.chartRegionCombo.visible = kind == COMBINATIONS
        ui.showPlotButton.enabled = not isEmpty
        ui.chartHintLabel.visible = isEmpty
        ui.chartHintLabel.text = _hint(kind, self._monitor)

    def _onChosen(self) -> None:
        """Another chart; where one of ours is being looked at, it takes its place."""
        self._refresh()
        shown = _activeChart()
        isOurs = shown and shown in [chart.node.GetID() for chart in self._charts if chart.isInScene]
        if isOurs and self._ui.showPlotButton.enabled:
            _select(self._ask())

    def _showPlot(self) -> None:
        slicer.modules.plots.logic().ShowChartInLayout(self._ask().node)

    def _ask(self) -> Chart:
        kind = self._ui.chartCombo.currentIndex
        self._asked.add(kind)
        self._charts[kind].show(self._curves(kind))
        return self._charts[kind]

    def _showScores(self) -> None:
        curves = self._monitor.curves if self._monitor is not None else None
        ui = self._ui
        hasDice = curves is not None and bool(_lastStep(curves))
        ui.lastDiceTable.visible = ui.bestScoreLabel.visible = hasDice
        if hasDice:
            ui.bestScoreLabel.text = _scoreSentence(curves)
            self._fill({name: [_last(of, region) for region in COLUMNS] for name, of in curves.dice.items()})

    def _fill(self, rows: dict[str, list[str]]) -> None:
        """Write what changed; making a cell anew takes longer than all the rest of a refresh."""
        table = self._ui.lastDiceTable
        if list(rows) != list(self._rows):
            self._makeCells(list(rows))
        for number, (combination, cells) in enumerate(rows.items()):
            if cells != self._rows.get(combination):
                for column, text in enumerate(cells, start=1):
                    table.item(number, column).setText(text)
        self._rows = rows

    def _makeCells(self, combinations: list[str]) -> None:
        self._rows, table = {}, self._ui.lastDiceTable
        table.setRowCount(len(combinations))
        for number, combination in enumerate(combinations):
            table.setItem(number, 0, qt.QTableWidgetItem(combination.replace("+", " + ")))
            for column in range(1, 1 + len(COLUMNS)):
                item = qt.QTableWidgetItem("")
                item.setTextAlignment(qt.Qt.AlignRight | qt.Qt.AlignVCenter)
                table.setItem(number, column, item)
        fitHeight(table)


def _hint(kind: int, monitor) -> str:
    """Why a chart is empty."""
    if kind == RUNS:
        return _("No run with a validation is chosen for comparison; choose some in the list of runs.")
    if monitor is None:
        return _("No run is being watched; choose one in the list of runs.")
    if kind == LOSSES:
        return _("The run has made no step yet.")
    return _("The run has not been validated yet.")


def _lastStep(curves) -> int:
    """Of the last validation; 0 when there was none, or none that still counts after a resume."""
    return max((points[-1][0] for of in curves.dice.values() for points in of.values() if points), default=0)


def _scoreSentence(curves) -> str:
    step = _lastStep(curves)
    if not curves.best:
        return _("Dice at step {step}:").format(step=step)
    return _("Best mean Dice so far {score:.3f}, at step {best}. Dice at step {step}:").format(
        score=curves.best["score"], best=curves.best["step"], step=step
    )


def _last(regions: dict, region: str) -> str:
    points = regions.get(region)
    return f"{points[-1][1]:.3f}" if points else ""


def _activeChart() -> str:
    """The chart that plot views show; empty when none does."""
    return slicer.app.applicationLogic().GetSelectionNode().GetActivePlotChartID() or ""


def _select(chart: Chart) -> None:
    """Show a chart where there is a plot view already; the layout stays."""
    logic = slicer.app.applicationLogic()
    logic.GetSelectionNode().SetActivePlotChartID(chart.node.GetID())
    logic.PropagatePlotChartSelection()
