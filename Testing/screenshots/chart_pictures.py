"""Draw a training's charts from their MRML nodes as Slicer's plot view does, without a screen.

A plot view is a vtkChartXY that reads the chart's series and tables; so is this, with its background
and fonts. The training is made up::

    .venv/bin/python Testing/screenshots/chart_pictures.py Resources/Screenshots/train_curves.png
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import vtk
import vtkmodules.vtkRenderingContextOpenGL2  # noqa: F401  draws charts
from PIL import Image

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "Testing"), str(ROOT / "MSTKDTrain")]

SIZE = (760, 520)
BACKGROUND = (255, 253, 246, 255)
"""The plot view's own."""
PENS = (0, 1, 2, 3, 4, 5)
"""vtkPen's line types, in the order of a series' line styles."""
MARKERS = (vtk.VTK_MARKER_NONE, vtk.VTK_MARKER_CROSS, vtk.VTK_MARKER_PLUS, vtk.VTK_MARKER_SQUARE)
MARKERS += (vtk.VTK_MARKER_CIRCLE, vtk.VTK_MARKER_DIAMOND)


def draw(node, picture: Path) -> None:
    """A chart node as PNG."""
    view = vtk.vtkContextView()
    window = view.GetRenderWindow()
    window.SetOffScreenRendering(True)
    window.SetMultiSamples(8)
    window.SetSize(*SIZE)
    chart = vtk.vtkChartXY()
    view.GetScene().AddItem(chart)
    chart.GetBackgroundBrush().SetColor(*BACKGROUND)
    for number in range(node.GetNumberOfPlotSeriesNodes()):
        _add(chart, node.GetNthPlotSeriesNode(number))
    chart.SetTitle(node.GetTitle())
    chart.GetTitleProperties().SetFontSize(node.GetTitleFontSize())
    chart.SetShowLegend(node.GetLegendVisibility())
    left, bottom = chart.GetAxis(vtk.vtkAxis.LEFT), chart.GetAxis(vtk.vtkAxis.BOTTOM)
    left.SetTitle(node.GetYAxisTitle())
    left.SetLogScale(node.GetYAxisLogScale())
    if not node.GetYAxisRangeAuto():
        left.SetBehavior(vtk.vtkAxis.FIXED)
        left.SetUnscaledRange(*node.GetYAxisRange())
    bottom.SetTitle(node.GetXAxisTitle())
    for axis in (left, bottom):
        axis.GetTitleProperties().SetFontSize(node.GetAxisTitleFontSize())
        axis.GetTitleProperties().SetBold(False)
        axis.GetLabelProperties().SetFontSize(node.GetAxisLabelFontSize())
    view.Render()
    grabber, writer = vtk.vtkWindowToImageFilter(), vtk.vtkPNGWriter()
    grabber.SetInput(window)
    grabber.ReadFrontBufferOff()
    writer.SetInputConnection(grabber.GetOutputPort())
    writer.SetFileName(str(picture))
    writer.Write()


def _add(chart, series) -> None:
    line = chart.AddPlot(vtk.vtkChart.LINE)
    line.SetInputData(series.GetTableNode().GetTable(), series.GetXColumnName(), series.GetYColumnName())
    line.SetLabel(series.GetName())
    line.SetColorF(*series.GetColor())
    line.SetWidth(series.GetLineWidth())
    line.GetPen().SetLineType(PENS[series.GetLineStyle()])
    line.SetMarkerStyle(MARKERS[series.GetMarkerStyle()])
    line.SetMarkerSize(series.GetMarkerSize())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("picture", type=Path)
    picture = parser.parse_args().picture
    from slicer_host import boot

    boot()
    import slicer
    from MSTKDTrainLib.CurvesView import CurvesView
    from training_journal import events

    from mstkd.runs import Curves

    runs = []
    for name, steps, seed in (("paper", 12000, 0), ("compact", 9000, 1), ("without style", 6000, 2)):
        curves = Curves()
        curves.add(events(steps, every=500, seed=seed))
        runs.append((name, curves))
    view = CurvesView()
    view.show(SimpleNamespace(folder=Path(), curves=runs[0][1]))
    view.compare(runs)
    sheet = Image.new("RGB", (2 * SIZE[0], 2 * SIZE[1]))
    with tempfile.TemporaryDirectory() as folder:
        for number in range(4):
            view._ui.chartCombo.currentIndex = number
            view._ui.showPlotButton.click()
            node = slicer.mrmlScene.GetNodeByID(slicer.app.applicationLogic().GetSelectionNode().GetActivePlotChartID())
            draw(node, Path(folder) / "chart.png")
            sheet.paste(Image.open(Path(folder) / "chart.png"), (number % 2 * SIZE[0], number // 2 * SIZE[1]))
        view.close()
    sheet.quantize(128).save(picture, optimize=True)


if __name__ == "__main__":
    main()
