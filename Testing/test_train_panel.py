"""The training panel: its frame, the plan and the runs, as a user sees them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from run_folders import write_run
from train_parts import look, rows

ESTIMATE = {
    "device": "cpu",
    "device_name": "a processor",
    "phases": [
        {"steps": 1000, "patch": [96, 96, 96], "seconds_per_step": 12.0, "seconds_per_epoch": 186.0},
        {"steps": 300, "patch": [128, 128, 128], "seconds_per_step": 22.0, "seconds_per_epoch": 341.0},
    ],
    "steps_per_epoch": 17,
    "validation_seconds": 60.0,
    "prepare_seconds": 300.0,
    "hours": 5.2,
    "memory_gb": 3.4,
    "memory_free_gb": 16.0,
    "disk_gb": 2.1,
    "disk_free_gb": 250.0,
    "shortages": [],
}


@pytest.fixture
def engine(train_panel, monkeypatch):
    """An engine that answers at once; what it was asked and what was started."""
    answers = {"estimate": {"estimate": dict(ESTIMATE)}, "new_run": {}, "new_ablation": {}}
    answers["save_configuration"] = {"files": [], "command": "torchrun --nproc-per-node 2 -m mstkd train config.yaml"}
    asked, started = [], []

    def ask(request, onDone):  # noqa: N803  the logic's name
        asked.append(request)
        onDone(answers[request["task"]])

    def start(run, shareDevice=False):  # noqa: N803  likewise
        started.append((run, shareDevice))
        write_run(run.parent, run.name, "running", step=0, text="Training")

    monkeypatch.setattr(train_panel.logic, "ask", ask)
    monkeypatch.setattr(train_panel.logic, "start", start)
    return type("Engine", (), {"answers": answers, "asked": asked, "started": started})


@pytest.fixture
def wishes(train_panel, monkeypatch, tmp_path):
    """Data and settings are chosen."""
    from MSTKDTrainLib.Plan import Wishes

    datalist = tmp_path / "datalist.json"
    datalist.write_text(json.dumps({"cases": [{"split": "train"}] * 34 + [{"split": "test"}]}))
    choose(train_panel, Wishes(datalist, {"seed": 1}, "compact"))
    return train_panel._wishes()


def choose(panel, wishes):
    """As if the sections above said so."""
    panel._wishes = panel._plan._wishes = lambda: wishes
    panel._refresh()


def plan(panel):
    return panel._plan._ui


def test_the_module_opens_with_its_sections_and_nothing_to_say(train_panel):
    titles = [getattr(train_panel.ui, f"{name}Section").text for name in ("data", "settings", "training", "progress")]
    assert titles == ["Data", "Settings", "Training", "Progress"]
    assert not train_panel.ui.trainMessageLabel.isVisible()
    assert not train_panel.ui.questionRow.isVisible()
    assert not train_panel.ui.packagesRow.isVisible()


def test_missing_packages_are_named_and_can_be_installed(host, train_panel, missing_packages):
    missing_packages.append("monai>=1.5")
    host.enter(train_panel)
    assert "monai>=1.5" in train_panel.ui.trainMessageLabel.text
    assert train_panel.ui.installButton.isVisible()
    assert not plan(train_panel).trainButton.enabled


def test_without_data_or_settings_the_train_button_says_what_is_lacking(train_panel, wishes):
    choose(train_panel, replace(wishes, datalist=None))
    assert "Check a data folder" in plan(train_panel).trainReasonLabel.text
    choose(train_panel, replace(wishes, settings=None))
    assert "Choose settings" in plan(train_panel).trainReasonLabel.text
    assert not plan(train_panel).trainButton.enabled
    choose(train_panel, wishes)
    assert plan(train_panel).trainButton.enabled
    assert not plan(train_panel).trainReasonLabel.isVisible()


def test_a_run_has_a_name_of_its_own_that_can_be_a_folders(train_panel, wishes, runs_folder):
    edit = plan(train_panel).runNameEdit
    assert edit.text.startswith("compact-")
    (runs_folder / edit.text).mkdir()
    train_panel._refresh()
    assert edit.text.endswith("-2")
    for name in ("a/b", "..", "", "cache", "a ", "a.", "ä" * 128):
        edit.text = name
        train_panel._plan._onName(name or "x")
        assert not plan(train_panel).trainButton.enabled


def test_a_look_at_the_runs_leaves_the_name_as_it_is_being_selected(train_panel, wishes):
    edit = plan(train_panel).runNameEdit
    edit.selectAll()
    look(train_panel)
    assert edit.selectedText == edit.text != ""


def test_an_estimate_is_two_sentences_and_goes_when_the_settings_change(train_panel, engine, wishes):
    plan(train_panel).estimateButton.click()
    assert plan(train_panel).estimateLabel.text == (
        "About 5.2 h on a processor: 1,300 steps; an epoch of 34 patients takes 3.1 min to 5.7 min. "
        "Needs 3.4 GB of 16.0 GB memory and 2.1 GB of 250 GB disk."
    )
    choose(train_panel, replace(wishes, settings={"seed": 2}))
    assert not plan(train_panel).estimateLabel.isVisible()
    choose(train_panel, replace(wishes, ablation=True))
    assert (
        "5 trainings, 26 h in all; each takes about 5.2 h on a processor: 1,300 steps;"
        in plan(train_panel).estimateLabel.text
    )


def test_train_estimates_first_then_makes_the_run_starts_and_shows_it(train_panel, engine, wishes, runs_folder):
    name = plan(train_panel).runNameEdit.text
    plan(train_panel).trainButton.click()
    assert [request["task"] for request in engine.asked] == ["estimate", "new_run"]
    assert engine.asked[1]["run"] == str(runs_folder / name)
    assert engine.started == [(runs_folder / name, False)]
    assert train_panel.logic.monitor.folder == runs_folder / name
    assert [row[0] for row in rows(train_panel)] == [name]


def test_an_estimate_for_these_settings_is_not_made_again(train_panel, engine, wishes):
    plan(train_panel).estimateButton.click()
    plan(train_panel).trainButton.click()
    assert [request["task"] for request in engine.asked] == ["estimate", "new_run"]


def test_a_shortage_is_asked_about_before_anything_is_made(host, train_panel, engine, wishes):
    engine.answers["estimate"]["estimate"]["shortages"] = ["The run needs 40 GB of memory and 16 GB are free."]
    host.answer("confirmOkCancel", False)
    plan(train_panel).trainButton.click()
    assert "40 GB" in host.dialogs[-1][1]
    assert engine.started == []
    assert [request["task"] for request in engine.asked] == ["estimate"]
    host.answer("confirmOkCancel", True)
    plan(train_panel).trainButton.click()
    assert len(engine.started) == 1


def test_a_second_run_on_a_device_is_refused_unless_the_user_agrees(host, train_panel, engine, wishes, runs_folder):
    write_run(runs_folder, "first", "running")
    look(train_panel)
    host.answer("confirmOkCancel", False)
    plan(train_panel).trainButton.click()
    assert "Being trained on cpu: first" in host.dialogs[-1][1]
    assert engine.started == []
    host.answer("confirmOkCancel", True)
    plan(train_panel).trainButton.click()
    assert [share for _run, share in engine.started] == [True]


def test_a_run_on_another_device_or_computer_is_no_rival(train_panel, engine, wishes, runs_folder):
    write_run(runs_folder, "card", "running", device="cuda:0")
    write_run(runs_folder, "elsewhere", "running", host="another-computer")
    look(train_panel)
    plan(train_panel).trainButton.click()
    assert [share for _run, share in engine.started] == [False]


def test_an_ablation_is_made_when_the_settings_wish_it(train_panel, engine, wishes):
    choose(train_panel, replace(wishes, ablation=True))
    plan(train_panel).trainButton.click()
    assert engine.asked[-1]["task"] == "new_ablation"
    assert engine.asked[-1]["folder"] == str(engine.started[0][0])


def test_a_saved_configuration_shows_the_command_for_several_cards(host, train_panel, engine, wishes, tmp_path, qt):
    assert not plan(train_panel).commandEdit.isVisible()
    plan(train_panel).processesSpin.value = 2
    host.answer("QFileDialog.getExistingDirectory", str(tmp_path))
    plan(train_panel).saveConfigurationButton.click()
    assert engine.asked[-1]["processes"] == 2
    assert plan(train_panel).commandEdit.text.startswith("torchrun")
    plan(train_panel).copyCommandButton.click()
    assert qt.QApplication.clipboard().text().startswith("torchrun")
