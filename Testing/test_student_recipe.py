"""The recipes of the students, at a fiftieth of their steps: the same commands on small patients."""

import json

import pytest
import yaml
from small_run import write_patients
from spherical_head import write_head
from test_cli import mstkd

from mstkd.models import load_package
from mstkd.runs import RunState, read_journal, read_run
from mstkd.runs.layout import HEADS
from mstkd.training.config import PRESET_FOLDER

BUDGET = 50
LICENCES = {"a": "CC0", "b": "CC0", HEADS: "Apache-2.0"}


@pytest.fixture(scope="module")
def heads(tmp_path_factory):
    folder = tmp_path_factory.mktemp("heads")
    write_head(folder)
    return folder


@pytest.fixture
def recipe(tmp_path, heads):
    """Runs a preset's command, with what makes it small, and packages the run; the model's folder."""
    datalist = write_patients(tmp_path / "patients")

    def _recipe(preset, *given):
        run, model = tmp_path / f"{preset}-run", tmp_path / preset
        command = ["train", preset, "--data", str(datalist), "-o", str(run), "--cache", str(tmp_path / "cache")]
        done = mstkd(*command, *a_fiftieth(preset), *few(), *given, "--device", "cpu")
        assert done.returncode == 0, done.stderr
        assert read_run(run).state is RunState.FINISHED
        words = {
            "name": preset,
            "version": "1",
            "summary": "A trial.",
            "licence": "None.",
            "dataset_licences": LICENCES,
        }
        (tmp_path / "words.json").write_text(json.dumps(words))
        done = mstkd("package", str(run), "-o", str(model), "--description", str(tmp_path / "words.json"))
        assert done.returncode == 0, done.stderr
        return model

    return _recipe


def a_fiftieth(preset):
    small = [dict(phase, steps=phase["steps"] // BUDGET, patch=[16, 16, 16]) for phase in phases_of(preset)]
    return ["--set", f"phases={json.dumps(small)}", "--set", "sampling.batch_size=1"]


def phases_of(preset):
    return yaml.safe_load((PRESET_FOLDER / f"{preset}.yaml").read_text())["phases"]


def few():
    small = ["sampling.dataset_weights={}", "sampling.workers=0", "validation.combinations=[flair]"]
    return [word for setting in small for word in ("--set", setting)]


def test_one_command_makes_the_student_from_the_data(recipe, heads, tmp_path):
    model = recipe("student", "--set", f"heads={heads}")
    card = load_package(model).card
    drawn = card["training"]["data"][-1]
    assert list(drawn["patients"]) == ["ball.nii.gz"]
    assert drawn["licence"] == "Apache-2.0"
    assert card["training"]["configurations"][0]["heads"] == heads.name, "where it lay is nobody's concern"
    page = mstkd("models", "card", str(model)).stdout
    assert "heads of synthetic patients" in page
    first = next(event for event in read_journal(tmp_path / "student-run") if event["event"] == "first_terms")
    assert set(first["weighted"]) == {"evd", "mst", "logit_mse", "logit_kl", "style", "adversarial"}


def test_the_student_that_ships_is_made_from_the_second_and_that_from_the_first(recipe, heads, tmp_path):
    first = recipe("first_student")
    model = recipe("second_student", "--set", f"start_from={first}", "--set", f"heads={heads}")
    training = load_package(model).card["training"]
    assert training["base"]["sha256"] == load_package(first).card["weights"]["sha256"]
    assert training["steps"] == sum(phase["steps"] // BUDGET for phase in phases_of("second_student"))
    assert training["data"][-1]["dataset"] == HEADS
    third = recipe("third_student", "--set", f"start_from={model}", "--set", f"heads={heads}")
    training = load_package(third).card["training"]
    assert training["steps"] == sum(phase["steps"] // BUDGET for phase in phases_of("third_student"))
    assert training["base"]["base"]["sha256"] == load_package(first).card["weights"]["sha256"], "the whole descent"
    words = json.loads((tmp_path / "words.json").read_text())
    del words["dataset_licences"][HEADS]
    (tmp_path / "words.json").write_text(json.dumps(words))
    again = ["-o", str(tmp_path / "again"), "--description", str(tmp_path / "words.json")]
    refused = mstkd("package", str(tmp_path / "second_student-run"), *again)
    assert refused.returncode == 2
    assert f"names no licence for {HEADS}" in " ".join(refused.stderr.split())
    assert not (tmp_path / "again").exists()


def test_without_heads_it_is_refused_before_anything_is_made(tmp_path):
    datalist = write_patients(tmp_path / "patients")
    nowhere = ["--set", f"heads={tmp_path / 'nowhere'}", "--set", "sampling.dataset_weights={}"]
    done = mstkd("train", "student", "--data", str(datalist), "-o", str(tmp_path / "run"), *nowhere)
    assert done.returncode == 2
    assert "label maps of whole heads" in done.stderr
    assert not (tmp_path / "run").exists()
    done = mstkd("train", "student", "--data", str(datalist), "-o", str(tmp_path / "run"), "--set", "heads=null")
    assert done.returncode == 2
    assert "synthetic patients need heads" in done.stderr
