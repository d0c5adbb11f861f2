"""Curves as Slicer's own charts: table, series and chart nodes, made once and changed in place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

from MSTKDLib.Translation import _

Points = Sequence[tuple[int, float]]
SOLID = slicer.vtkMRMLPlotSeriesNode.LineStyleSolid
NO_MARKER = slicer.vtkMRMLPlotSeriesNode.MarkerStyleNone
MARKER_SIZE, LEGEND_SIZE = 7.0, 12
STEP = "Step"
"""The column of the steps, in every table."""


class Look(NamedTuple):
    """How a curve is drawn."""

    colour: tuple[float, float, float]
    line: int = SOLID
    width: float = 2.0
    marker: int = NO_MARKER


class Curve(NamedTuple):
    """A quantity over the steps of a run, as the legend names it."""

    name: str
    points: Points
    look: Look


class Chart:
    """One chart, in the scene from its first showing on.

    Curves over the same steps share a table. Nothing of it is saved with the scene: the run's
    folder keeps the truth. Only the chart itself stands in lists of nodes, such as the plot view's.

    Args:
        title: Of the chart and its node.
        vertical: What the vertical axis says.
        logarithmic: Whether that axis is; values not above 0 are then left out.
        extent: The ends of that axis; None fits it to the curves.
    """

    def __init__(
        self, title: str, vertical: str, logarithmic: bool = False, extent: tuple[float, float] | None = None
    ) -> None:
        self.title, self._vertical = title, vertical
        self._logarithmic, self._extent = logarithmic, extent
        self.node = None
        self._series: dict[str, object] = {}
        self._tables: list = []
        self._drawn: list[Curve] | None = None

    @property
    def isInScene(self) -> bool:
        """False before the first showing, and after the scene was closed or the chart deleted."""
        return self.node is not None and self.node.GetScene() is not None

    @property
    def wasDeleted(self) -> bool:
        """Whether someone else took it out of the scene."""
        return self.node is not None and self.node.GetScene() is None

    def show(self, curves: Sequence[Curve]) -> None:
        """Draw these curves and no others."""
        if not self.isInScene:
            self.remove()
            self.node = self._added(slicer.vtkMRMLPlotChartNode(), self.title, hidden=False)
            self._dress()
        if self._logarithmic:
            curves = [c._replace(points=[p for p in c.points if p[1] > 0]) for c in curves]
        curves = [curve for curve in curves if curve.points]
        if curves == self._drawn:
            return
        self._drawn = curves
        modifying = self.node.StartModify()  # so that the view draws once
        self._drop([name for name in self._series if name not in {curve.name for curve in curves}])
        groups: dict[tuple[int, ...], list[Curve]] = {}
        for curve in curves:
            groups.setdefault(tuple(step for step, _value in curve.points), []).append(curve)
        self._makeTables(len(groups))
        tables = dict(zip(groups, self._tables, strict=True))
        for steps, table in tables.items():
            _fill(table, steps, groups[steps])
        for curve in curves:
            self._draw(curve, tables[tuple(step for step, _value in curve.points)])
        self.node.EndModify(modifying)

    def remove(self) -> None:
        """Take everything of it out of the scene."""
        for node in (self.node, *self._series.values(), *self._tables):
            if node is not None and node.GetScene() is not None:
                node.GetScene().RemoveNode(node)
        self.node, self._series, self._tables, self._drawn = None, {}, [], None

    def _dress(self) -> None:
        node = self.node
        node.SetTitle(self.title)
        node.SetXAxisTitle(_("Step"))
        node.SetYAxisTitle(self._vertical)
        node.SetYAxisLogScale(self._logarithmic)
        if self._extent is not None:
            node.SetYAxisRangeAuto(False)
            node.SetYAxisRange(*self._extent)
        node.SetLegendFontSize(LEGEND_SIZE)
        node.SetEnablePointMoveAlongX(False)  # what was measured is not for dragging
        node.SetEnablePointMoveAlongY(False)

    def _added(self, node, name: str, hidden: bool):
        node.SetName(name)
        node.SetHideFromEditors(hidden)
        node.SetSaveWithScene(False)
        return slicer.mrmlScene.AddNode(node)

    def _makeTables(self, count: int) -> None:
        while len(self._tables) > count:
            slicer.mrmlScene.RemoveNode(self._tables.pop())
        while len(self._tables) < count:
            self._tables.append(self._added(slicer.vtkMRMLTableNode(), self.title, hidden=True))

    def _draw(self, curve: Curve, table) -> None:
        node = self._series.get(curve.name)
        if node is None:
            node = slicer.vtkMRMLPlotSeriesNode()
            node.SetPlotType(node.PlotTypeScatter)
            node.SetXColumnName(STEP)
            node.SetYColumnName(curve.name)
            node.SetMarkerSize(MARKER_SIZE)
            self._series[curve.name] = node = self._added(node, curve.name, hidden=True)
            self.node.AddAndObservePlotSeriesNodeID(node.GetID())
        node.SetColor(*curve.look.colour)
        node.SetLineStyle(curve.look.line)
        node.SetLineWidth(curve.look.width)
        node.SetMarkerStyle(curve.look.marker)
        if node.GetTableNode() is not table:
            node.SetAndObserveTableNodeID(table.GetID())

    def _drop(self, names: Sequence[str]) -> None:
        for name in names:
            node = self._series.pop(name)
            self.node.RemovePlotSeriesNodeID(node.GetID())
            slicer.mrmlScene.RemoveNode(node)


def _fill(node, steps: Sequence[int], curves: Sequence[Curve]) -> None:
    table = vtk.vtkTable()
    for name, values in ((STEP, steps), *((curve.name, [value for _step, value in curve.points]) for curve in curves)):
        column = numpy_support.numpy_to_vtk(np.asarray(values, dtype=np.float64), deep=True)
        column.SetName(name)
        table.AddColumn(column)
    node.SetAndObserveTable(table)
