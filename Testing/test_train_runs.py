"""The table of runs: what each says of itself, and what can be done with it."""

from __future__ import annotations

import os
import shutil
import time

import pytest
from run_folders import write_run, write_status
from train_parts import look, rows, runs, select


@pytest.fixture
def open_runs(host, train_panel, runs_folder):
    """Shows runs in the panel and selects one."""

    def shown(*names_and_states, selected=None, **values):
        for name, state in names_and_states:
            write_run(runs_folder, name, state, **values)
        look(train_panel)
        if selected:
            select(host, train_panel, selected)
        return train_panel

    return shown


def test_each_run_is_told_in_words(open_runs, runs_folder):
    write_run(runs_folder, "a", "running", scores={20: 0.412, 40: 0.587})
    write_run(runs_folder, "b", "failed", message="The disk is full; free space and resume.")
    write_run(runs_folder, "c", "running", pid=2**22 - 3)  # no process has this number
    panel = open_runs(("d", "finished"), selected="d")
    told = {row[0]: row[1:] for row in rows(panel)}
    assert told["a"] == ["running", "40 / 100", "58.7 %", "11-05 09:30"]
    assert told["b"][0] == "failed"
    assert told["c"][0] == "interrupted"
    assert told["d"][0] == "finished"


def test_why_a_run_failed_is_said_below_it(open_runs):
    panel = open_runs(("a", "failed"), selected="a", message="The disk is full; free space and resume.")
    assert runs(panel).stageLabel.text.startswith("a: failed")
    assert runs(panel).runProblemLabel.text == "The disk is full; free space and resume."
    assert runs(panel).pauseRunButton.text == "Resume"


def test_validations_that_a_resumed_run_makes_again_do_not_count(open_runs, runs_folder):
    run = write_run(runs_folder, "a", "running", scores={20: 0.412, 40: 0.587})
    with (run / "journal.jsonl").open("a") as journal:
        journal.write('{"event": "start", "step": 30, "steps": 100, "config": {}}\n')
    assert rows(open_runs())[0][3] == "41.2 %"


def test_the_selected_run_shows_step_epoch_and_time_left(open_runs, runs_folder):
    panel = open_runs(("a", "running"), selected="a", text="Training")
    assert runs(panel).stageLabel.text == "a: Training, step 40 of 100, epoch 4.0, about 2.0 min left"
    assert (runs(panel).runBar.value, runs(panel).runBar.maximum) == (40, 100)


def test_one_button_pauses_and_resumes_and_says_which(open_runs, runs_folder):
    panel = open_runs(("a", "running"), selected="a")
    button = runs(panel).pauseRunButton
    assert button.text == "Pause"
    button.click()
    assert (runs_folder / "a" / "pause").exists()
    assert (button.text, rows(panel)[0][1]) == ("Resume", "pausing")
    write_status(runs_folder / "a", "paused")
    look(panel)
    assert rows(panel)[0][1] == "paused"
    button.click()
    assert not (runs_folder / "a" / "pause").exists()


def test_stop_keeps_what_was_trained_and_asks_nothing(open_runs, runs_folder):
    panel = open_runs(("a", "running"), selected="a")
    runs(panel).stopRunButton.click()
    assert (runs_folder / "a" / "stop").exists()
    assert rows(panel)[0][1] == "stopping"
    assert not runs(panel).stopRunButton.enabled
    assert not runs(panel).pauseRunButton.enabled


def test_a_run_that_only_starts_can_be_stopped(open_runs, runs_folder, monkeypatch):
    panel = open_runs(("a", "waiting"), selected="a")
    monkeypatch.setattr(panel.logic, "isStarting", lambda run: True)
    panel._refresh()
    assert rows(panel)[0][1] == "starting"
    runs(panel).stopRunButton.click()
    assert (runs_folder / "a" / "stop").exists()
    assert rows(panel)[0][1] == "stopping"
    assert not runs(panel).stopRunButton.enabled


def test_a_panel_that_nobody_sees_is_filled_anew_only_for_news(open_runs, runs_folder):
    panel = open_runs(("a", "running"), selected="a")
    panel.exit()
    told = []
    panel.logic.onChange = lambda: told.append(1)
    write_status(runs_folder / "a", "running", step=41)
    panel.logic._listed = 0.0
    panel.logic._tick()
    assert told == []
    write_status(runs_folder / "a", "finished")
    panel.logic._listed = 0.0
    panel.logic._tick()
    assert told == [1]


def test_a_slow_look_is_followed_by_a_long_pause(open_runs, runs_folder, monkeypatch):
    from MSTKDTrainLib.Logic import TrainLogic

    panel = open_runs(("a", "running"))
    assert panel.logic._timer.interval == 1000
    monkeypatch.setattr(TrainLogic, "_list", lambda logic: time.sleep(0.3))
    panel.logic.look()
    assert panel.logic._timer.interval >= 3000


def test_a_finished_run_can_neither_be_stopped_nor_resumed(open_runs):
    panel = open_runs(("a", "finished"), selected="a")
    assert not runs(panel).stopRunButton.enabled
    assert not runs(panel).pauseRunButton.enabled


def test_the_runs_folder_opens_in_the_file_manager(host, open_runs, runs_folder):
    panel = open_runs(("a", "finished"), selected="a")
    runs(panel).openRunButton.click()
    assert host.openedUrls[0].endswith("/runs/a")


def test_a_folder_of_runs_that_is_not_there_is_named(open_runs, runs_folder):
    panel = open_runs()
    assert runs(panel).runsFolderLabel.text == f"Runs in {runs_folder}"
    runs_folder.rename(runs_folder.with_name("unplugged"))
    look(panel)
    assert runs(panel).runsFolderLabel.text == f"{runs_folder} is not there; the first run makes it."
    panel.logic.runsFolder = runs_folder / ("x" * 300)  # the system refuses to look, as it does for a lost share
    assert "is not there" in runs(panel).runsFolderLabel.text


def test_another_folder_of_runs_is_remembered(host, open_runs, tmp_path, train_panel):
    write_run(tmp_path / "others", "z", "finished")
    panel = open_runs(("a", "finished"), selected="a")
    host.answer("QFileDialog.getExistingDirectory", str(tmp_path / "others"))
    runs(panel).chooseRunsButton.click()
    assert [row[0] for row in rows(panel)] == ["z"]
    host.closeModule(panel)
    assert [row[0] for row in rows(host.openModule("MSTKDTrain"))] == ["z"]


def test_checked_runs_are_compared_by_name_with_their_curves(host, open_runs, qt):
    panel = open_runs(("a", "finished"), ("b", "finished"), ("c", "finished"))
    compared = []
    panel._runs._onCompare = compared.extend
    assert not runs(panel).compareRunsButton.enabled
    table = runs(panel).runsTable
    for row in range(2):
        table.item(row, 0).setCheckState(qt.Qt.Checked)
    names = [table.item(row, 0).text() for row in range(2)]
    runs(panel).compareRunsButton.click()
    host.waitUntil(lambda: bool(compared))
    assert [name for name, _curves in compared] == names
    assert all(curves.step == 40 for _name, curves in compared)


def test_a_comparison_ends_when_nothing_is_checked_any_more(host, open_runs, qt):
    panel = open_runs(("a", "finished"), ("b", "finished"))
    told = []
    panel._runs._onCompare = told.append
    cell = runs(panel).runsTable.item(0, 0)
    cell.setCheckState(qt.Qt.Checked)
    runs(panel).compareRunsButton.click()
    host.waitUntil(lambda: bool(told))
    cell.setCheckState(qt.Qt.Unchecked)
    assert [len(compared) for compared in told] == [1, 0]


def test_living_runs_keep_their_places_whoever_gave_the_last_sign(open_runs, runs_folder):
    panel = open_runs(("b", "running"), ("a", "running"), ("c", "finished"))
    for name in ("a", "b", "a"):
        os.utime(runs_folder / name / "status.json")
        look(panel)
        assert [row[0] for row in rows(panel)] == ["a", "b", "c"]


def test_a_run_that_goes_on_changes_its_own_row_only(open_runs, runs_folder):
    panel = open_runs(("a", "running"), ("b", "finished"))
    untouched = runs(panel).runsTable.item(1, 2)
    untouched.setText("mark")
    write_status(runs_folder / "a", "running", step=41)
    look(panel)
    assert [row[2] for row in rows(panel)] == ["41 / 100", "mark"]


def test_checks_and_selection_stay_when_the_table_is_filled_anew(host, open_runs, runs_folder, qt):
    panel = open_runs(("a", "finished"), ("b", "running"), selected="a")
    table = runs(panel).runsTable
    number = [row[0] for row in rows(panel)].index("b")
    table.item(number, 0).setCheckState(qt.Qt.Checked)
    os.utime(runs_folder / "a" / "status.json", (time.time() + 5,) * 2)
    write_run(runs_folder, "c", "finished")
    look(panel)
    assert {row[0] for row in rows(panel)} == {"a", "b", "c"}
    assert rows(panel)[table.currentRow()][0] == "a"
    checked = [row for row in range(3) if table.item(row, 0).checkState() == qt.Qt.Checked]
    assert [rows(panel)[row][0] for row in checked] == ["b"]


def test_the_run_that_was_watched_last_is_found_again_the_morning_after(host, open_runs, runs_folder):
    panel = open_runs(("a", "running"), ("b", "running"), selected="a")
    host.closeModule(panel)
    panel = host.openModule("MSTKDTrain")
    assert panel.logic.monitor.folder == runs_folder / "a"
    host.closeModule(panel)
    write_status(runs_folder / "a", "finished")
    panel = host.openModule("MSTKDTrain")
    assert panel.logic.monitor.folder == runs_folder / "a"
    assert runs(panel).stageLabel.text.startswith("a: finished")
    host.closeModule(panel)
    shutil.rmtree(runs_folder / "a")
    assert host.openModule("MSTKDTrain").logic.monitor is None


def test_closing_slicer_asks_what_becomes_of_a_living_run(host, open_runs, runs_folder, qt):
    host.openMainWindow()
    host.closeModule(open_runs())
    panel = host.openModule("MSTKDTrain")
    write_run(runs_folder, "a", "running")
    look(panel)
    host.answer("QMessageBox", qt.QMessageBox.Cancel)
    assert not host.closeMainWindow()
    host.answer("QMessageBox", qt.QMessageBox.No)
    assert not host.closeMainWindow(save=False)
    assert "Being trained: a" in host.dialogs[-1][1]
    assert not (runs_folder / "a" / "stop").exists(), "Slicer stayed open"
    host.answer("QMessageBox", qt.QMessageBox.No)
    assert host.closeMainWindow()
    assert (runs_folder / "a" / "stop").exists()


def test_a_run_may_go_on_in_the_background(host, open_runs, runs_folder, qt):
    host.openMainWindow()
    host.closeModule(open_runs())
    host.openModule("MSTKDTrain")
    write_run(runs_folder, "a", "running")
    host.answer("QMessageBox", qt.QMessageBox.Yes)
    assert host.closeMainWindow()
    assert not (runs_folder / "a" / "stop").exists()


def test_closing_asks_nothing_when_nothing_is_trained_here(host, open_runs, runs_folder):
    host.openMainWindow()
    host.closeModule(open_runs())
    host.openModule("MSTKDTrain")
    write_run(runs_folder, "a", "running", host="another-computer")
    write_run(runs_folder, "b", "finished")
    assert host.closeMainWindow()


def test_closing_slicer_asks_before_it_ends_the_engines_work(host, open_runs):
    host.openMainWindow()
    host.closeModule(open_runs())
    panel = host.openModule("MSTKDTrain")
    panel.logic.ask({"task": "finish_run"}, lambda answer: None)
    host.answer("confirmOkCancel", False)
    assert not host.closeMainWindow()
    assert "its result is lost" in host.dialogs[-1][1]
    assert panel.logic.busy
    host.answer("confirmOkCancel", True)
    assert host.closeMainWindow()


def test_closing_slicer_asks_nothing_for_what_is_answered_again_in_a_moment(host, open_runs):
    host.openMainWindow()
    host.closeModule(open_runs())
    panel = host.openModule("MSTKDTrain")
    panel.logic.ask({"task": "describe_training"}, lambda answer: None)
    assert host.closeMainWindow()


def test_closing_the_scene_leaves_runs_alone(host, open_runs, runs_folder):
    panel = open_runs(("a", "running"), selected="a")
    host.scene.Clear(0)
    look(panel)
    assert rows(panel)[0][1] == "running"
    assert not (runs_folder / "a" / "stop").exists()
