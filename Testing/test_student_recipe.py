"""The recipes of the students, at a fiftieth of their steps: the same commands on small patients."""

import json
import subprocess
import sys

import pytest
import yaml
from conftest import ROOT
from small_run import write_patients
from spherical_head import write_head
from test_cli import mstkd

from mstkd.models import load_package
from mstkd.runs import RunState, read_journal, read_run
from mstkd.runs.layout import HEADS
from mstkd.store import shipped_model
from mstkd.training.config import PRESET_FOLDER
from mstkd.training.export import read_description

BUDGET = 50
WORDS = {
    "version": "1",
    "summary": "A trial.",
    "licence": "None.",
    "dataset_licences": {"a": "CC0", "b": "CC0", HEADS: "Apache-2.0"},
}
STUDENTS = ("first", "second", "third", "fourth", "fifth")


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
        (tmp_path / "words.json").write_text(json.dumps(WORDS | {"name": preset}))
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


@pytest.fixture
def small_mstkd(tmp_path):
    """A command that is mstkd, but for what makes its trainings small."""
    small = {f"{number}_student": [*a_fiftieth(f"{number}_student"), *few(), "--device", "cpu"] for number in STUDENTS}
    command = tmp_path / "small-mstkd"
    command.write_text(
        f"#!{sys.executable}\nimport subprocess, sys\n"
        f"small = {small!r}.get(sys.argv[2], [])\n"
        "sys.exit(subprocess.call([sys.executable, '-m', 'mstkd', *sys.argv[1:], *small]))\n"
    )
    command.chmod(0o755)
    return command


def test_make_student_makes_the_model_that_ships_and_goes_on_where_it_was_ended(small_mstkd, heads, tmp_path):
    (tmp_path / "engine").touch()
    runs, words = tmp_path / "student", tmp_path / "words.json"
    words.write_text(json.dumps(WORDS | {"name": "compact-student"}))
    given = {"MSTKD": small_mstkd, "VENV": tmp_path, "STUDENT": runs, "DESCRIPTION": words, "HEADS": heads}

    def make(target, **more):
        command = ["make", target, *(f"{name}={value}" for name, value in (given | more).items())]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    without = make("student")
    assert without.returncode != 0
    assert "give DATALIST=FILE and HEADS=FOLDER" in without.stdout
    assert not runs.exists()

    datalist = write_patients(tmp_path / "patients")
    done = make(f"{runs}/models/first/card.json", DATALIST=datalist)
    assert done.returncode == 0, done.stderr
    stopped = make("student", DATALIST=datalist, MSTKD="true")
    assert stopped.returncode != 0, "a training that ends well, but not at its end, makes no model"
    assert "give the same command again" in stopped.stdout
    assert not (runs / "models/second").exists()
    done = make(f"{runs}/models/second/card.json", DATALIST=datalist)
    assert done.returncode == 0, done.stderr
    (runs / "models/second/card.json").unlink()  # as where packaging was killed
    done = make("student", DATALIST=datalist)
    assert done.returncode == 0, done.stderr
    assert "first_student" not in done.stdout, "what is made is not made again"
    assert "train --resume" in done.stdout

    made = load_package(runs / "models/fifth").card
    assert made["enhancement_without"] == ["t2"]
    assert made["least_part_probability"] == 0.8
    training = made["training"]
    assert training["steps"] == sum(phase["steps"] // BUDGET for phase in phases_of("fifth_student"))
    assert training["base_share"] == 0.4
    assert training["data"][-1]["dataset"] == HEADS
    base = training
    for number in reversed(STUDENTS[:-1]):
        base = base["base"]
        assert base["sha256"] == load_package(runs / "models" / number).card["weights"]["sha256"], "the whole descent"
        assert base["version"] == f"1+{number}"


def test_the_shipped_models_description_is_one():
    names = {data["dataset"] for data in load_package(shipped_model()).card["training"]["data"]}
    (file,) = PRESET_FOLDER.glob("*.card.json")
    assert str(file.relative_to(ROOT)) in (ROOT / "Makefile").read_text()
    assert names <= set(read_description(file).dataset_licences)


def test_a_model_of_synthetic_patients_names_the_licence_of_their_heads(recipe, heads, tmp_path):
    recipe("second_student", "--set", f"heads={heads}")
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
