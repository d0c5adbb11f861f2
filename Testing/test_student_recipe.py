"""The recipe of the student that ships, at a fiftieth of its steps: the same command on small patients."""

import json

import pytest
import yaml
from small_run import write_patients
from spherical_head import write_head
from test_cli import mstkd

from mstkd.models import load_package
from mstkd.runs import RunState, read_journal, read_run
from mstkd.training.config import PRESET_FOLDER

BUDGET = 50


@pytest.fixture(scope="module")
def settings():
    return yaml.safe_load((PRESET_FOLDER / "student.yaml").read_text())


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    write_head(folder)
    return folder


def a_fiftieth(settings):
    phases = [dict(phase, steps=phase["steps"] // BUDGET, patch=[16, 16, 16]) for phase in settings["phases"]]
    return ["--set", f"phases={json.dumps(phases)}", "--set", "sampling.batch_size=1"]


def test_one_command_makes_the_student_from_the_data(settings, heads, tmp_path):
    datalist = write_patients(tmp_path / "patients")
    few = [
        "--set",
        "sampling.dataset_weights={}",
        "--set",
        "sampling.workers=0",
        "--set",
        "validation.combinations=[flair]",
    ]
    command = ["train", "student", "--data", str(datalist), "-o", str(tmp_path / "run"), "--set", f"heads={heads}"]
    done = mstkd(*command, *a_fiftieth(settings), *few, "--cache", str(tmp_path / "cache"), "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert read_run(tmp_path / "run").state is RunState.FINISHED
    described = {"name": "student", "version": "1", "summary": "A trial.", "licence": "None."}
    licences = {"a": "CC0", "b": "CC0", "heads": "Apache-2.0"}
    (tmp_path / "words.json").write_text(json.dumps({**described, "dataset_licences": licences}))
    words = ["--description", str(tmp_path / "words.json")]
    assert mstkd("package", str(tmp_path / "run"), "-o", str(tmp_path / "model"), *words).returncode == 0
    card = load_package(tmp_path / "model").card
    drawn = card["training"]["data"][-1]
    assert list(drawn["patients"]) == ["ball.nii.gz"]
    assert drawn["licence"] == "Apache-2.0"
    assert card["training"]["configurations"][0]["heads"] == heads.name, "where it lay is nobody's concern"
    page = mstkd("models", "card", str(tmp_path / "model")).stdout
    assert "heads of synthetic patients" in page
    first = next(event for event in read_journal(tmp_path / "run") if event["event"] == "first_terms")
    assert set(first["weighted"]) == {"evd", "mst", "logit_mse", "logit_kl", "style", "adversarial"}


def test_without_heads_it_is_refused_before_anything_is_made(settings, tmp_path):
    datalist = write_patients(tmp_path / "patients")
    nowhere = ["--set", f"heads={tmp_path / 'nowhere'}", "--set", "sampling.dataset_weights={}"]
    done = mstkd("train", "student", "--data", str(datalist), "-o", str(tmp_path / "run"), *nowhere)
    assert done.returncode == 2
    assert "label maps of whole heads" in done.stderr
    assert not (tmp_path / "run").exists()
    done = mstkd("train", "student", "--data", str(datalist), "-o", str(tmp_path / "run"), "--set", "heads=null")
    assert done.returncode == 2
    assert "synthetic patients need heads" in done.stderr
