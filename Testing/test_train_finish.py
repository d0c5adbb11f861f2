"""The section Model: what must be said of a model, its figures beside the paper's, its way into the other module."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import card
from lightning_fabric import Fabric
from small_run import write_config, write_patients
from train_view_parts import Answers, AskedLogic, attempt

from mstkd.evaluation.published import published_tables
from mstkd.evaluation.scores import NAMES
from mstkd.models import read_card, write_card, write_package
from mstkd.runs.layout import HEADS
from mstkd.store import accept_staged, installed_models, stage_model
from mstkd.training.config import read_config
from mstkd.training.export import Description
from mstkd.training.finish import finish_run
from mstkd.training.run import continue_run, start_run

WIDTH = 420
PAPER = published_tables()["BraTS 2024"]


def row(sequences, region, *, paper=True):
    theirs = PAPER[sequences, region]
    ours = {"dice": theirs.dice - 3, "dice_low": theirs.dice - 9, "dice_high": theirs.dice + 2, "hd95": theirs.hd95 + 4}
    beside = (
        {"paper_dice": theirs.dice, "paper_hd95": theirs.hd95} if paper else {"paper_dice": None, "paper_hd95": None}
    )
    return {"sequences": sequences, "region": region, "cases": 12, **ours, **beside}


ROWS = [row(name, region) for name in NAMES for region in ("WT", "TC", "ET")]
FACTS = ["Research use only. Not for diagnosis or treatment.", "Cases: 12 of the split 'test'; UCSF (12)."]


def run_in(folder, *, step=100, steps=100, alive=False):
    return SimpleNamespace(folder=folder, name=folder.name, step=step, steps=steps, state=SimpleNamespace(alive=alive))


def write_run(folder, splits=("train", "test"), datasets=("UCSF", "BraTS2021")):
    folder.mkdir(parents=True)
    (folder / "checkpoint.pt").write_bytes(b"")
    cases = [{"dataset": dataset, "split": split} for split in splits for dataset in datasets]
    (folder / "datalist.json").write_text(json.dumps({"cases": cases}))
    return run_in(folder)


def write_result(run, network, *, rows=ROWS, steps=100, version="1"):
    """As the engine's `finish_run` leaves it."""
    made = card() | {
        "name": "glioma-student",
        "version": version,
        "licence": "CC BY-NC-SA 4.0",
        "not_for": ["Children."],
    }
    data = [{"dataset": name, "patients": {}, "licence": f"terms of {name}"} for name in ("BraTS2021", "UCSF")]
    made["training"] = made["training"] | {"steps": steps, "data": data}
    write_package(run.folder / "result" / "model", network, made)
    evaluation = run.folder / "result" / "evaluation"
    evaluation.mkdir()
    (evaluation / "report.html").write_text("<html></html>")
    (evaluation / "figures.json").write_text(json.dumps({"rows": rows, "facts": FACTS}))


@pytest.fixture
def logic():
    return AskedLogic()


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def view(host, logic, answers, monkeypatch, tmp_path):
    from MSTKDTrainLib.FinishView import FinishView

    monkeypatch.setenv("MSTKD_MODELS", str(tmp_path / "models"))
    return FinishView(logic, answers, attempt)


@pytest.fixture
def ui(view):
    import slicer

    return slicer.util.childWidgetVariables(view.widget)


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "first run")


@pytest.fixture
def measured(run, small_network):
    write_result(run, small_network)
    return run


def describe(ui, licences=("CC BY 4.0", "own")):
    ui.modelNameEdit.text, ui.modelVersionEdit.text = "glioma-student", "1"
    ui.modelSummaryEdit.plainText, ui.modelLicenceEdit.text = "Trained on two sets.", "CC BY-NC 4.0"
    ui.notForEdit.plainText = "Children.\n\n Tumours after surgery. "
    for number, licence in enumerate(licences):
        ui.datasetLicencesTable.item(number, 1).setText(licence)


def shown(table):
    return [[table.item(r, c).text() for c in range(table.columnCount)] for r in range(table.rowCount)]


def pictured(host, view, name, tmp_path, height):
    folder = Path(os.environ.get("PANEL_PICTURES", tmp_path))
    host.screenshot(view.widget, folder / f"finish-{name}.png", (WIDTH, height))
    assert view.widget.minimumSizeHint.width() <= WIDTH


# When it is there


def test_the_section_is_seen_for_a_run_that_ended_with_a_checkpoint_and_for_no_other(view, run):
    view.show(None)
    assert not view.widget.visible
    view.show(run_in(run.folder, alive=True))
    assert not view.widget.visible
    view.show(run)
    assert view.widget.visible
    (run.folder / "checkpoint.pt").unlink()
    view.show(run)
    assert not view.widget.visible


def test_an_unfinished_training_is_called_so(view, ui, run):
    view.show(run)
    assert ui.finishLabel.text == "first run: step 100 of 100."
    view.show(run_in(run.folder, step=40))
    assert "step 40 of 100" in ui.finishLabel.text
    assert "not finished" in ui.finishLabel.text


# What only a person can say


def test_nothing_is_invented_and_each_lack_is_said_until_all_is_there(host, view, ui, run, tmp_path):
    view.show(run)
    texts = (ui.modelNameEdit.text, ui.modelVersionEdit.text, ui.modelSummaryEdit.plainText, ui.modelLicenceEdit.text)
    assert texts == ("", "", "", "")
    assert shown(ui.datasetLicencesTable) == [["BraTS2021", ""], ["UCSF", ""]]
    said = []
    pictured(host, view, "empty", tmp_path, 420)
    for change in (
        lambda: setattr(ui.modelNameEdit, "text", "glioma-student"),
        lambda: setattr(ui.modelVersionEdit, "text", "1"),
        lambda: setattr(ui.modelSummaryEdit, "plainText", "Trained on two sets."),
        lambda: setattr(ui.modelLicenceEdit, "text", "CC BY-NC 4.0"),
        lambda: ui.datasetLicencesTable.item(0, 1).setText("CC BY 4.0"),
        lambda: ui.datasetLicencesTable.item(1, 1).setText("own"),
    ):
        assert not ui.makeModelButton.enabled
        said.append(ui.makeModelLabel.text)
        change()
    assert len(set(said)) == 6
    assert said[-1] == "Name the licence of UCSF."
    assert ui.makeModelButton.enabled
    assert "test patients" in ui.makeModelLabel.text


@pytest.mark.parametrize("share", [0.0, 0.3])
def test_the_heads_of_synthetic_patients_need_a_licence_too_where_some_were_drawn(view, ui, run, share):
    start = {
        "event": "start",
        "config": {"phases": [{"steps": 50, "synthetic": 0.0}, {"steps": 50, "synthetic": share}]},
    }
    (run.folder / "journal.jsonl").write_text(json.dumps(start) + "\n")
    view.show(run)
    describe(ui)
    names = [name for name, _licence in shown(ui.datasetLicencesTable)]
    assert names == ["BraTS2021", "UCSF", *([HEADS] if share else [])]
    assert ui.makeModelButton.enabled == (not share)
    assert (ui.makeModelLabel.text == f"Name the licence of {HEADS}.") == bool(share)


@pytest.mark.parametrize(
    ("name", "version", "good"),
    [
        ("glioma-student", "1", True),
        ("glioma_2", "2026.1+a", True),
        ("Glioma", "1", False),
        ("-glioma", "1", False),
        ("glioma student", "1", False),
        ("glioma", "1-2", False),
        ("glioma", "1.", False),
    ],
)
def test_names_and_versions_are_those_that_the_card_takes(view, ui, run, name, version, good, small_network, tmp_path):
    view.show(run)
    describe(ui)
    ui.modelNameEdit.text, ui.modelVersionEdit.text = name, version
    assert bool(ui.makeModelButton.enabled) is good
    if good:
        write_package(tmp_path / "package", small_network, card() | {"name": name, "version": version})


def test_what_is_written_stays_at_each_look_and_belongs_to_its_run(view, ui, run, tmp_path):
    other = write_run(tmp_path / "second run", datasets=("Erasmus",))
    view.show(run)
    describe(ui)
    view.show(run)
    assert ui.modelNameEdit.text == "glioma-student"
    view.show(other)
    assert ui.modelNameEdit.text == ""
    assert shown(ui.datasetLicencesTable) == [["Erasmus", ""]]
    view.show(run)
    assert ui.modelNameEdit.text == "glioma-student"
    assert shown(ui.datasetLicencesTable) == [["BraTS2021", "CC BY 4.0"], ["UCSF", "own"]]


# Making and measuring


def test_the_engine_is_asked_for_the_model_with_what_was_written(view, ui, run, logic, small_network):
    view.show(run)
    describe(ui)
    ui.makeModelButton.click()
    assert logic.question == {
        "task": "finish_run",
        "run": str(run.folder),
        "description": {
            "name": "glioma-student",
            "version": "1",
            "summary": "Trained on two sets.",
            "licence": "CC BY-NC 4.0",
            "dataset_licences": {"BraTS2021": "CC BY 4.0", "UCSF": "own"},
            "not_for": ["Children.", "Tumours after surgery."],
        },
        "output": str(run.folder / "result"),
        "split": "test",
        "device": "cpu",
    }
    view.show(run)
    assert not ui.makeModelButton.enabled
    assert "at work" in ui.makeModelLabel.text
    write_result(run, small_network)
    logic.answer(rows=ROWS, facts=FACTS)
    assert not ui.finishResult.isHidden()
    assert shown(ui.diceTable)[0][1] == "74.2"


def test_without_test_patients_it_is_measured_on_those_that_chose_the_weights_and_says_so(view, ui, tmp_path, logic):
    run = write_run(tmp_path / "run", splits=("train", "validation"))
    view.show(run)
    describe(ui)
    assert "which chose the weights" in ui.makeModelLabel.text
    ui.makeModelButton.click()
    assert logic.question["split"] == "validation"


def test_without_anyone_held_out_no_model_can_be_made(view, ui, tmp_path):
    view.show(write_run(tmp_path / "run", splits=("train",)))
    describe(ui)
    assert not ui.makeModelButton.enabled
    assert "held out" in ui.makeModelLabel.text


def test_a_model_is_replaced_only_when_the_user_agrees(view, ui, measured, logic, answers):
    view.show(measured)
    answers.yes = False
    ui.makeModelButton.click()
    assert answers.questions == ["Replace the model of first run and its figures by new ones?"]
    assert not logic.asked


# The figures


def test_a_measured_run_shows_its_table_beside_the_paper_again(host, view, ui, measured, tmp_path):
    view.show(measured)
    titles = [ui.diceTable.horizontalHeaderItem(c).text() for c in range(ui.diceTable.columnCount)]
    assert titles == ["Given", "WT", "paper", "TC", "paper", "ET", "paper"]
    lines = shown(ui.diceTable)
    assert [line[0] for line in lines] == list(NAMES)
    assert lines[0] == ["T2", "74.2", "77.2", "44.3", "47.3", "45.3", "48.3"]
    tip = ui.diceTable.item(0, 1).toolTip()
    assert "68.2 to 79.2" in tip
    assert "12 cases" in tip
    assert "own test cases" in ui.diceTable.item(0, 2).toolTip()
    assert ui.finishFactsLabel.text == "\n".join(FACTS)
    assert ui.modelNameEdit.text == "glioma-student"
    assert shown(ui.datasetLicencesTable) == [["BraTS2021", "terms of BraTS2021"], ["UCSF", "terms of UCSF"]]
    assert ui.notForEdit.plainText == "Children."
    pictured(host, view, "measured", tmp_path, 1080)


def test_figures_of_few_cases_have_no_interval(ui, view, tmp_path, small_network):
    few = row("T2", "WT", paper=False) | {"cases": 3, "dice_low": None, "dice_high": None}
    few_run = write_run(tmp_path / "few")
    write_result(few_run, small_network, rows=[few])
    view.show(few_run)
    tip = ui.diceTable.item(0, 1).toolTip()
    assert "3 cases, too few for an interval" in tip
    assert "95 %" not in tip


def test_without_figures_of_the_paper_there_are_no_columns_for_them(view, ui, run, small_network):
    rows = [row("FLAIR", "WT", paper=False), row("FLAIR", "ET", paper=False)]
    write_result(run, small_network, rows=rows)
    view.show(run)
    assert shown(ui.diceTable) == [["FLAIR", "81.7", "-", "37.6"]]


def test_figures_of_an_earlier_step_are_called_so(view, ui, run, small_network):
    write_result(run, small_network, steps=60)
    view.show(run)
    assert "The figures below are of step 60." in ui.finishLabel.text


def test_half_a_result_is_none(view, ui, measured):
    (measured.folder / "result" / "model" / "card.json").write_text("{")
    view.show(measured)
    assert ui.finishResult.isHidden()


def test_the_report_opens_in_the_browser(host, view, ui, measured):
    view.show(measured)
    ui.openReportButton.click()
    (address,) = host.openedUrls
    assert address.endswith("/result/evaluation/report.html")


# Into the other module


def staged_answer(measured):
    staged = stage_model(measured.folder / "result" / "model")
    return {"staged": str(staged.folder), "card": staged.card}


def test_the_model_is_installed_after_consent_and_the_other_module_chooses_it(view, ui, measured, logic, answers):
    from MSTKDSegmentLib.Parameters import remembered

    view.show(measured)
    ui.installResultButton.click()
    assert logic.question["task"] == "stage_model"
    assert logic.question["source"] == str(measured.folder / "result" / "model")
    logic.answer(**staged_answer(measured))
    assert "CC BY-NC-SA 4.0" in answers.questions[0]
    (model,) = [model for model in installed_models() if not model.shipped]
    assert remembered("model") == model.label == "glioma-student 1"
    assert remembered(f"agreed/{model.label}") == model.sha256
    assert not ui.installResultButton.enabled
    assert ui.installedLabel.text == "glioma-student 1 is installed: Brain Tumor Segmentation lists it."


def test_the_same_weights_that_leave_out_other_parts_are_another_model(view, measured, ui, tmp_path):
    package = tmp_path / "package"
    shutil.copytree(measured.folder / "result" / "model", package)
    write_card(package, read_card(package) | {"version": "2", "least_part_probability": 0.8})
    accept_staged(stage_model(package).folder)
    view.show(measured)
    assert ui.installResultButton.enabled


def test_the_models_cards_are_read_again_only_when_models_came_or_went(view, ui, measured, logic, monkeypatch):
    from mstkd import store

    read = []
    monkeypatch.setattr(store, "installed_models", lambda: read.append(1) or installed_models())
    for _look in range(3):
        view.show(measured)
    assert len(read) == 1
    ui.installResultButton.click()
    logic.answer(**staged_answer(measured))
    view.show(measured)
    assert ui.installedLabel.isVisible()
    (model,) = [model for model in installed_models() if not model.shipped]
    store.remove_model(model.folder)
    view.show(measured)
    assert ui.installResultButton.enabled


def test_a_licence_that_is_refused_installs_nothing(view, ui, measured, logic, answers, tmp_path):
    view.show(measured)
    ui.installResultButton.click()
    answers.yes = False
    logic.answer(**staged_answer(measured))
    assert all(model.shipped for model in installed_models())
    assert not [path for path in (tmp_path / "models").iterdir() if path.is_dir()]
    assert ui.installResultButton.enabled


def test_what_the_engine_leaves_of_a_real_run_is_what_the_section_shows(view, ui, logic, tmp_path):
    settings = read_config(write_config(tmp_path / "config.yaml"))
    folder = tmp_path / "real run"
    start_run(settings, write_patients(tmp_path / "patients"), folder)
    continue_run(folder, settings, cache=tmp_path / "cache", fabric=Fabric(accelerator="cpu", devices=1))
    run = run_in(folder, step=settings.steps, steps=settings.steps)
    view.show(run)
    assert [name for name, _licence in shown(ui.datasetLicencesTable)] == ["a", "b"]
    describe(ui)
    ui.makeModelButton.click()
    asked = logic.question
    found = finish_run(
        Path(asked["run"]),
        Description(**asked["description"]),
        Path(asked["output"]),
        split=asked["split"],
        device=asked["device"],
        report=lambda share, text: None,
    )
    logic.answer(**found)
    assert ui.finishLabel.text == "real run: step 6 of 6."
    lines = {line[0]: line[1:] for line in shown(ui.diceTable)}
    assert list(lines) == ["T1Gd", "FLAIR", "FLAIR, T1Gd"]  # what the one test patient has
    wt = next(row for row in found["rows"] if (row["sequences"], row["region"]) == ("FLAIR", "WT"))
    assert lines["FLAIR"][0] == f"{wt['dice']:.1f}"
    assert ui.finishFactsLabel.text.splitlines() == found["facts"]
    assert (folder / "result" / "evaluation" / "report.html").is_file()
