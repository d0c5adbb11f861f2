"""The training panel in tests: its fixtures, for a conftest, and what a user sees and does."""

from __future__ import annotations

import pytest


@pytest.fixture
def runs_folder(host, tmp_path, qt):
    """An empty folder that Slicer remembers as that of the runs."""
    folder = tmp_path / "runs"
    folder.mkdir()
    qt.QSettings().setValue("MSTKDTrain/runsFolder", str(folder))
    return folder


@pytest.fixture
def train_panel(host, missing_packages, runs_folder, monkeypatch):
    """The panel, told what can be set by the engine's own answer, without waiting for its process."""
    from MSTKDTrainLib.SettingsView import SettingsView

    from mstkd.worker.training_requests import DescribeTrainingRequest
    from mstkd.worker.tasks.training import describe

    def refresh(view):
        if not view.preset:
            view._onDescribed(describe(DescribeTrainingRequest(task="describe_training"), lambda share, text: None))

    monkeypatch.setattr(SettingsView, "refresh", refresh)
    widget = host.openModule("MSTKDTrain")
    widget.parent.show()
    return widget


def runs(panel):
    return panel._runs._ui


def rows(panel):
    table = runs(panel).runsTable
    return [[table.item(row, column).text() for column in range(5)] for row in range(table.rowCount)]


def select(host, panel, name):
    number = next(number for number, row in enumerate(rows(panel)) if row[0] == name)
    runs(panel).runsTable.setCurrentCell(number, 0)
    host.process()


def look(panel):
    panel.logic.look()
