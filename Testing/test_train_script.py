"""A whole training from Slicer's Python console."""

from __future__ import annotations

import json

import pytest
from conftest import SAMPLE
from six_patients import write_six_patients
from small_run import SMALL_NETWORK

from mstkd.models import load_package
from mstkd.runs import read_journal
from mstkd.training.config import read_config
from MSTKDLib.Engine import EngineError

CHANGES = {
    "network": SMALL_NETWORK,
    "phases": [{"steps": 4, "patch": [16, 16, 16], "learning_rate": 1e-3}],
    "validation.every": 4,
    "sampling.workers": 0,
}


@pytest.fixture
def logic(host, runs_folder):
    from MSTKDTrainLib import TrainLogic

    logic = TrainLogic()
    yield logic
    logic.close()


@pytest.fixture
def patients(tmp_path):
    return write_six_patients(tmp_path / "patients", [SAMPLE])


def test_a_script_trains_and_makes_a_model(logic, patients, runs_folder):
    shares = {"validation": 0.17, "test": 0.17}
    run = logic.train(patients, "quick", CHANGES, name="first", labels=["brats2018-21"], **shares)
    assert run == runs_folder / "first"
    steps = [event["step"] for event in read_journal(run) if event["event"] == "step"]
    assert steps == [1, 2, 3, 4]
    with pytest.raises(EngineError, match="Name the licence of the model"):
        logic.makeModel(run, name="mine", version="1", summary="A trial.", licence="", datasetLicences={})
    with pytest.raises(EngineError, match="no licence for patients"):
        logic.makeModel(run, name="mine", version="1", summary="A trial.", licence="mine", datasetLicences={})
    said = {
        "summary": "A trial.",
        "licence": "CC BY 4.0",
        "datasetLicences": {"patients": "CC BY 4.0"},
        "notFor": ["Children."],
    }
    made = logic.makeModel(run, name="mine", version="1", **said)
    model = load_package(run / "result" / "model")
    assert (model.name, model.card["not_for"]) == ("mine 1", ["Children."])
    assert {row["region"] for row in made["rows"]} == {"WT", "TC", "ET"}


def test_what_is_wrong_is_one_sentence_and_makes_no_run(logic, patients, runs_folder):
    with pytest.raises(EngineError, match="no preset huge"):
        logic.train(patients, "huge")
    with pytest.raises(EngineError, match=r"no setting sampling\.size"):
        logic.train(patients, "quick", {"sampling.size": 2})
    with pytest.raises(EngineError, match=r"what the labels mean.*labels=\["):
        logic.train(patients, "quick", CHANGES, name="first")
    with pytest.raises(EngineError, match="does not exist"):
        logic.train(patients / "nobody", "quick", CHANGES, name="first")
    assert not (runs_folder / "first").exists()


def test_what_the_engine_changes_of_a_preset_is_what_was_asked(logic, patients):
    from MSTKDTrainLib.Script import newRun

    labels, shares = ["brats2018-21"], {"validation": 0.17, "test": 0.17}
    changes = {**CHANGES, "phases.0.learning_rate": 2e-3, "seed": 7}
    run = newRun(logic, patients, "quick", changes, name="", labels=labels, **shares)
    config = read_config(run / "config.yaml")
    assert config.seed == 7
    assert config.phases[0].learning_rate == 2e-3
    cases = json.loads((run / "datalist.json").read_text())["cases"]
    assert sorted(case["id"] for case in cases) == ["anna", "bela", "cleo", "dora", "emil", "finn"]
