"""The charts of a training in Slicer, against what its journal says."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import training_journal
from training_journal import REGION_SHARE, SUBSETS, events, start, training_step, validation, write_journal

from mstkd.runs import Curves, JournalReader

LOSSES, REGIONS, COMBINATIONS, RUNS = range(4)


class Watched:
    """A run that is watched, as `RunMonitor` gives it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.curves, self._reader = folder, Curves(), JournalReader(folder)
        self.poll()

    def poll(self) -> None:
        found = self._reader.poll(float("inf"))
        if self._reader.restarted:
            self.curves.restart()
        self.curves.add(found)


@pytest.fixture
def view(host):
    from MSTKDTrainLib.CurvesView import CurvesView

    view = CurvesView()
    yield view
    view.close()


@pytest.fixture
def run(tmp_path) -> Path:
    return write_journal(tmp_path / "run", events(400, every=100))


def show(view, chart: int):
    """Choose a chart and press the button; its node, as the plot view has it."""
    import slicer

    view._ui.chartCombo.currentIndex = chart
    view._ui.showPlotButton.click()
    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLPlotViewNode").GetPlotChartNode()


def drawn(chart) -> dict[str, np.ndarray]:
    """What a plot view reads of a chart: legend to ``(points, 2)``."""
    from vtk.util.numpy_support import vtk_to_numpy

    found = {}
    for number in range(chart.GetNumberOfPlotSeriesNodes()):
        series = chart.GetNthPlotSeriesNode(number)
        table = series.GetTableNode().GetTable()
        columns = [table.GetColumnByName(name) for name in (series.GetXColumnName(), series.GetYColumnName())]
        found[series.GetName()] = np.stack([vtk_to_numpy(column) for column in columns], axis=1)
    return found


def raw(run: Path, event: str) -> list[dict]:
    """The journal's events of a kind, without any of the engine's reading."""
    lines = (run / "journal.jsonl").read_text().splitlines()
    return [entry for entry in map(json.loads, lines) if entry["event"] == event]


def plot_nodes() -> list[str]:
    import slicer

    kinds = ("vtkMRMLPlotChartNode", "vtkMRMLPlotSeriesNode", "vtkMRMLTableNode")
    return [node.GetName() for kind in kinds for node in slicer.util.getNodesByClass(kind)]


def layout() -> int:
    import slicer

    return slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode").GetViewArrangement()


def test_losses_are_drawn_as_the_journal_has_them(view, run):
    view.show(Watched(run))
    curves, steps = drawn(show(view, LOSSES)), raw(run, "step")
    assert len(curves) == len(training_journal.FIRST_LOSSES)
    np.testing.assert_allclose(curves["EVD"], [[step["step"], step["evd"]] for step in steps])
    np.testing.assert_allclose(curves["student"], [[step["step"], step["dice"]] for step in steps])


def test_dice_by_region_is_the_mean_over_the_combinations(view, run):
    view.show(Watched(run))
    curves = drawn(show(view, REGIONS))
    assert list(curves) == list(REGION_SHARE)
    for region, points in curves.items():
        means = [[v["step"], np.mean([v["dice"][s][region] for s in SUBSETS])] for v in raw(run, "validation")]
        np.testing.assert_allclose(points, means)


@pytest.mark.parametrize("region", ["", "ET"])
def test_dice_by_combination_is_that_of_the_chosen_region(view, run, region):
    view.show(Watched(run))
    view._ui.chartRegionCombo.setCurrentText(region or "Mean of the regions")
    curves = drawn(show(view, COMBINATIONS))
    assert list(curves) == SUBSETS
    for subset, points in curves.items():
        of = [v["dice"][subset] for v in raw(run, "validation")]
        expected = [dice[region] if region else np.mean(list(dice.values())) for dice in of]
        np.testing.assert_allclose(points[:, 1], expected)


def test_combinations_can_be_told_apart(view, run):
    import slicer

    view.show(Watched(run))
    show(view, COMBINATIONS)
    series = slicer.util.getNodesByClass("vtkMRMLPlotSeriesNode")
    looks = {(node.GetColor(), node.GetLineStyle(), node.GetLineWidth()) for node in series}
    assert len(looks) == len(SUBSETS)


def test_a_loss_of_nothing_has_no_place_on_the_logarithmic_axis(view, run):
    write_journal(run, [{"event": "step", "step": 401, "evd": 0.0, "loss": 1.0}], "a")
    view.show(Watched(run))
    curves = drawn(show(view, LOSSES))
    assert curves["EVD"][-1, 0] == 400
    assert curves["total, weighted"][-1].tolist() == [401, 1.0]


def test_the_layout_changes_with_the_click_only(view, run):
    import slicer

    before = layout()
    watched = Watched(run)
    view.show(watched)
    view._ui.chartCombo.currentIndex = REGIONS
    view.show(watched)
    assert (layout(), plot_nodes()) == (before, [])
    chart = show(view, REGIONS)
    assert layout() != before
    assert chart.GetName() == "Dice by region"
    arrangement = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLLayoutNode")
    arrangement.SetViewArrangement(before)
    write_journal(run, [validation(500, 500, np.random.default_rng(0))], "a")
    watched.poll()
    view.show(watched)
    view._ui.chartCombo.currentIndex = LOSSES
    assert layout() == before


def test_another_chart_takes_the_place_of_ours_but_not_of_a_foreign_one(view, run):
    import slicer

    view.show(Watched(run))
    chart = show(view, LOSSES)
    plots = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLPlotViewNode")
    view._ui.chartCombo.currentIndex = COMBINATIONS
    assert plots.GetPlotChartNode().GetName() == "Dice by combination"
    foreign = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLPlotChartNode", "Mine")
    slicer.modules.plots.logic().ShowChartInLayout(foreign)
    view._ui.chartCombo.currentIndex = LOSSES
    assert plots.GetPlotChartNode() is foreign is not chart


def test_charts_grow_in_place_and_the_view_is_told_once(view, run):
    import slicer

    watched = Watched(run)
    view.show(watched)
    chart = show(view, COMBINATIONS)
    before, told = plot_nodes(), []
    tag = chart.AddObserver("ModifiedEvent", lambda *_: told.append(1))
    write_journal(run, [validation(500, 500, np.random.default_rng(0))], "a")
    watched.poll()
    view.show(watched)
    assert drawn(chart)["T2"][-1, 0] == 500
    assert (plot_nodes(), len(told)) == (before, 1)
    view.show(watched)  # nothing new
    assert len(told) == 1
    chart.RemoveObserver(tag)
    assert slicer.mrmlScene.IsNodePresent(chart)


def test_steps_that_a_resume_makes_void_vanish(view, run):
    watched = Watched(run)
    view.show(watched)
    losses, combinations = show(view, LOSSES), show(view, COMBINATIONS)
    rng = np.random.default_rng(3)
    again = [training_step(step, 400, rng) for step in range(251, 261)]
    write_journal(run, [start(250, 400), *again], "a")
    watched.poll()
    view.show(watched)
    made = [*raw(run, "step")[:250], *again]
    np.testing.assert_allclose(drawn(losses)["MST"], [[step["step"], step["mst"]] for step in made])
    assert drawn(combinations)["T1"][:, 0].tolist() == [100, 200]
    assert "step 200" in view._ui.bestScoreLabel.text


def test_a_journal_that_began_anew_begins_the_charts_anew(view, run):
    watched = Watched(run)
    view.show(watched)
    chart = show(view, LOSSES)
    write_journal(run, [start(0, 9), training_step(1, 9, np.random.default_rng(0))])
    watched.poll()
    view.show(watched)
    assert drawn(chart)["style"][:, 0].tolist() == [1]
    assert not view._ui.lastDiceTable.visible


def test_compared_runs_stand_beside_each_other(view, run, tmp_path):
    other = write_journal(tmp_path / "other", events(300, every=150, seed=5))
    view.compare([("paper", Watched(run).curves), ("compact", Watched(other).curves)])
    curves = drawn(show(view, RUNS))
    for name, folder in (("paper", run), ("compact", other)):
        np.testing.assert_allclose(curves[name], [[v["step"], v["score"]] for v in raw(folder, "validation")])
    view.show(Watched(run))  # another run to watch leaves the comparison
    assert "Compare runs" in plot_nodes()
    view.compare([])
    assert plot_nodes() == []


def test_the_table_has_the_last_validation(view, run):
    view.show(Watched(run))
    table, last = view._ui.lastDiceTable, raw(run, "validation")[-1]
    cells = [[table.item(row, column).text() for column in range(4)] for row in range(table.rowCount)]
    assert [row[0].replace(" + ", "+") for row in cells] == SUBSETS
    for row, subset in zip(cells, SUBSETS, strict=True):
        assert row[1:] == [f"{last['dice'][subset][region]:.3f}" for region in REGION_SHARE]
    assert f"{last['best']['score']:.3f}" in view._ui.bestScoreLabel.text


def test_a_region_that_no_reference_knows_stays_empty(view, tmp_path):
    told = {"event": "validation", "step": 5, "dice": {"T1": {"WT": 0.5}}, "score": 0.5, "best": {}}
    view.show(Watched(write_journal(tmp_path / "run", [start(0, 9), told])))
    table = view._ui.lastDiceTable
    assert [table.item(0, column).text() for column in range(4)] == ["T1", "0.500", "", ""]
    assert list(drawn(show(view, REGIONS))) == ["WT"]


@pytest.mark.parametrize("chart", range(4))
def test_a_chart_with_nothing_in_it_says_why_and_cannot_be_shown(view, chart, tmp_path):
    view.show(Watched(write_journal(tmp_path / "run", [start(0, 9)])))
    view._ui.chartCombo.currentIndex = chart
    assert not view._ui.showPlotButton.enabled
    assert view._ui.chartHintLabel.text


def test_another_run_takes_the_charts_away(view, run, tmp_path):
    view.show(Watched(run))
    show(view, LOSSES)
    view.show(Watched(write_journal(tmp_path / "other", events(20, every=10))))
    assert plot_nodes() == []
    view.show(None)
    assert not view._ui.showPlotButton.enabled


def test_a_closed_scene_gets_the_charts_again_when_the_run_grows(view, run):
    import slicer

    watched = Watched(run)
    view.show(watched)
    show(view, REGIONS)
    slicer.mrmlScene.Clear(0)
    assert plot_nodes() == []
    write_journal(run, [validation(500, 500, np.random.default_rng(0))], "a")
    watched.poll()
    view.show(watched)
    chart = slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLPlotChartNode")
    assert drawn(chart)["ET"][-1, 0] == 500
    assert slicer.app.applicationLogic().GetSelectionNode().GetActivePlotChartID() == chart.GetID()


def test_a_chart_that_the_user_deletes_stays_away_until_it_is_asked_for_again(view, run):
    import slicer

    watched = Watched(run)
    view.show(watched)
    slicer.mrmlScene.RemoveNode(show(view, REGIONS))
    view.show(watched)
    assert plot_nodes() == []
    assert drawn(show(view, REGIONS))
    slicer.mrmlScene.Clear(0)
    view.show(watched)
    assert slicer.mrmlScene.GetFirstNodeByClass("vtkMRMLPlotChartNode") is not None


def test_a_closed_panel_leaves_nothing_and_a_scene_is_saved_without_charts(view, run, tmp_path):
    import slicer

    view.show(Watched(run))
    for chart in range(3):
        show(view, chart)
    slicer.mrmlScene.SetURL(str(tmp_path / "scene.mrml"))
    slicer.mrmlScene.Commit()
    saved = (tmp_path / "scene.mrml").read_text()
    assert not [kind for kind in ("PlotChart ", "PlotSeries", "TableNode") if f"<{kind}" in saved]
    view.close()
    assert plot_nodes() == []


def test_the_panel_has_room_for_fifteen_combinations(view, host, run, tmp_path):
    view.show(Watched(run))
    picture = host.screenshot(view.widget, tmp_path / "curves.png", (440, 520))
    assert picture.stat().st_size > 0


def test_what_is_watched_needs_curves_only(view):
    view.show(SimpleNamespace(folder=Path("none"), curves=Curves()))
    assert view._ui.chartHintLabel.text
