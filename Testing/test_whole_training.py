"""From a folder of patients to a segmentation with one's own model, by clicking, with nothing pretended."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
import slicer
from conftest import SAMPLE
from six_patients import write_six_patients
from slicer_scene import load_volume
from whole_training import WholeTraining

from mstkd.runs import read_journal
from mstkd.store import installed_models


@pytest.fixture
def patients(tmp_path):
    return write_six_patients(tmp_path / "patients", [SAMPLE])


@pytest.fixture
def training(host, runs_folder, monkeypatch, tmp_path):
    monkeypatch.setenv("MSTKD_MODELS", str(tmp_path / "models"))
    panel = host.openModule("MSTKDTrain")
    panel.parent.show()
    yield WholeTraining(host, panel)
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            process.kill()


def test_from_a_folder_of_patients_to_a_segmentation_with_the_model_trained_on_them(
    host, training, patients, runs_folder
):
    training.check_data(patients)
    assert "what do the labels 1, 2, 4 mean?" in "".join(
        label.text for label in training.ui("data").dataQuestionsBox.findChildren("QLabel")
    )
    training.say_what_labels_mean("brats2018-21")
    assert "6 patients" in training.ui("data").dataSummaryLabel.text

    training.show_patient(0)
    shown = slicer.util.getNodesByClass("vtkMRMLSegmentationNode")[0].GetSegmentation()
    assert set(shown.GetSegmentIDs()) == {"WT", "TC", "ET"}

    training.choose_settings()
    assert "settings differ from quick" in training.ui("settings").changesLabel.text
    training.estimate()
    assert "30 steps" in training.ui("plan").estimateLabel.text

    training.train()
    (name,) = (run.name for run in training.logic.runs)
    training.pause_or_resume()
    training.reach_state("paused")
    paused_at = training.run.step
    assert paused_at < 30
    training.pause_or_resume()
    training.reach(paused_at + 2)
    training.stop()
    training.reach_state("stopped")

    training.open_again()
    training.select(name)
    assert training.run.state.value == "stopped"
    training.pause_or_resume()  # it says Resume
    training.reach_state("running")
    training.open_again()
    assert training.logic.monitor.folder == runs_folder / name  # a living run is found again
    training.reach_state("finished")
    steps = [event["step"] for event in read_journal(runs_folder / name) if event["event"] == "step"]
    assert steps == list(range(1, 31))
    assert training.ui("curves").lastDiceTable.rowCount == 2

    training.make_model()
    assert training.ui("finish").diceTable.rowCount >= 15
    training.install_model()
    (model,) = [model for model in installed_models() if not model.shipped]
    assert model.label == "six-patients 0.1"

    volumes = {
        sequence: load_volume(slicer.mrmlScene, patients / "anna" / f"{file}.nii.gz", f"Anna {sequence}")
        for sequence, file in {"flair": "flair", "t1gd": "t1c"}.items()
    }
    panel, node = training.segment(volumes)
    assert set(node.GetSegmentation().GetSegmentIDs()) == {"WT", "TC", "ET"}
    assert panel.logic.summary["model"]["name"] == "six-patients 0.1"


def test_the_panel_and_the_command_line_give_the_same_figures(host, training, patients, runs_folder, tmp_path):
    training.check_data(patients)
    training.say_what_labels_mean("brats2018-21")
    training.choose_settings(steps=8)
    training.estimate()
    training.train()
    training.reach_state("finished")
    mine = training.logic.monitor.folder
    theirs = tmp_path / "by hand"
    environment = {**os.environ, "MSTKD_STATE": str(tmp_path / "state")}
    command = [sys.executable, "-m", "mstkd", "train", str(mine / "config.yaml")]
    command += ["--data", str(mine / "datalist.json"), "-o", str(theirs), "--cache", str(tmp_path / "cache")]
    subprocess.run([*command, "--device", "cpu"], check=True, env=environment, cwd=Path(__file__).parents[1])
    told = ("loss", "dice", "mst", "logit_kl", "style", "discriminator", "learning_rate", "step")
    figures = [
        [[event.get(name) for name in told] for event in read_journal(run) if event["event"] == "step"]
        for run in (mine, theirs)
    ]
    assert figures[0] == figures[1]
    assert len(figures[0]) == 8
    dice = [[event["dice"] for event in read_journal(run) if event["event"] == "validation"] for run in (mine, theirs)]
    assert dice[0] == dice[1]
