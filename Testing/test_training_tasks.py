"""What the worker answers before and after a training."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml
from data_sets import case as small_case
from small_run import write_config, write_patients
from test_cli import mstkd
from worker_process import ROOT, WorkerProcess

from mstkd.data.datalist import read_datalist
from mstkd.errors import CancelledError, InputError
from mstkd.evaluation.published import published_tables
from mstkd.evaluation.scores import NAMES
from mstkd.models import load_package
from mstkd.training.ablation import ARMS
from mstkd.training.config import TrainingConfig, read_config
from mstkd.training.devices import make_fabric
from mstkd.training.run import continue_run
from mstkd.worker.requests import parse
from mstkd.worker.tasks import run as do

DESCRIPTION = {
    "name": "mine",
    "version": "1",
    "summary": "s",
    "licence": "l",
    "dataset_licences": {"a": "l", "b": "l", "BraTS2024": "l"},
}


@pytest.fixture
def datalist(tmp_path):
    return write_patients(tmp_path / "patients")


@pytest.fixture
def settings(tmp_path):
    return yaml.safe_load(write_config(tmp_path / "config.yaml").read_text())


def ask(report=lambda share, text: None, **request):
    """The answer, as it would go over the wire."""
    answer = do(parse(json.dumps(request, default=str).encode()), report, lambda: False)
    return json.loads(json.dumps(answer))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A run that was made by the worker's task and trained to its end, once for all tests."""
    folder = tmp_path_factory.mktemp("trained")
    settings = yaml.safe_load(write_config(folder / "config.yaml").read_text())
    request = {"settings": settings, "datalist": write_patients(folder / "patients"), "run": folder / "run"}
    run = Path(ask(task="new_run", **request)["run"])
    config = read_config(run / "config.yaml")
    assert continue_run(run, config, cache=folder / "cache", fabric=make_fabric(torch.device("cpu"), "32-true"))
    return run


@pytest.fixture
def finished_run(trained, tmp_path):
    """A copy, which a test may change."""
    return shutil.copytree(trained, tmp_path / "run")


def leaves(schema, node, name=""):
    """Every setting that holds a value, with its schema."""
    node = {**node, **(schema["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else {})}
    if "properties" in node:
        for key, child in node["properties"].items():
            yield from leaves(schema, child, f"{name}.{key}")
        return
    groups = [part for part in [*node.get("anyOf", []), node.get("items") or {}] if "$ref" in part]
    for group in groups:
        yield from leaves(schema, group, name)
    if not groups:
        yield name, node


def test_every_setting_says_what_it_means_and_every_number_has_a_limit():
    schema = ask(task="describe_training")["schema"]
    found = dict(leaves(schema, schema))
    assert len(found) > 35
    for name, setting in found.items():
        assert setting["description"], name
        numbers = [setting, *setting.get("prefixItems", []), setting.get("items") or {}]
        for number in numbers:
            if number.get("type") in ("integer", "number"):
                assert "minimum" in number or "exclusiveMinimum" in number, name
    assert found[".phases.steps"]["unit"] == "steps"
    assert found[".phases.patch"]["unit"] == "mm"


STUDENTS = ("fourth_student", "second_student", "first_student", "fifth_student", "third_student")


def test_every_preset_has_a_title_and_settings_that_hold():
    presets = ask(task="describe_training")["presets"]
    assert list(presets) == ["quick", *STUDENTS, "student", "compact", "paper"], "the shortest first"
    for preset in presets.values():
        assert preset["title"].endswith(".")
        assert "\n" not in preset["title"]
        assert ask(task="check_config", settings=preset["settings"])["settings"] == preset["settings"]


def test_settings_come_back_complete_or_are_refused_in_a_sentence(settings):
    shares = dict.fromkeys(("synthetic", "tumour_free", "transplanted", "repainted"), 0.0)
    phases = [phase | shares for phase in settings["phases"]]
    sampling = settings["sampling"] | {"bias_field": 0.15, "subset_weights": {}}
    complete = settings | {"phases": phases, "sampling": sampling, "start_from": None, "heads": None}
    assert ask(task="check_config", settings=settings)["settings"] == complete
    for change, words in (({"seed": -1}, "'seed' cannot be -1"), ({"sead": 1}, "did you mean 'seed'")):
        with pytest.raises(InputError, match=words) as refusal:
            ask(task="check_config", settings=settings | change)
        assert str(refusal.value).startswith("the configuration")


def test_a_data_set_is_told_case_by_case_and_its_datalist_written(tmp_path):
    names = [f"BraTS2021_0000{number}" for number in range(5)]
    for name in names:
        small_case(tmp_path / "BraTS2021" / name)
    (tmp_path / "BraTS2021" / names[4] / f"{names[4]}_seg.nii.gz").unlink()
    output = tmp_path / "datalist.json"
    shares: list[float] = []
    request = {"folder": tmp_path / "BraTS2021", "validation": 0.25, "test": 0.25, "seed": 1, "output": output}
    answer = ask(lambda share, text: shares.append(share), task="check_data", **request)
    assert shares == [0.2, 0.4, 0.6, 0.8, 1.0]
    assert (answer["refusal"], answer["written"]) == (None, str(output))
    cases = {case["id"]: case for case in answer["cases"]}
    without = cases.pop(names[4])
    assert (without["label"], without["usable"], without["split"]) == (None, False, None)
    assert "no segmentation" in without["problems"][0]
    assert sorted(case["split"] for case in cases.values()) == ["test", "train", "train", "validation"]
    written = {case.id: case for case in read_datalist(output)}
    assert set(written) == set(cases) == set(names[:4])
    for name, told in cases.items():
        assert told["usable"]
        assert told["split"] == written[name].split
        assert told["images"] == {m.value: str(path) for m, path in written[name].images.items()}
        assert told["label"] == str(written[name].label)


def test_an_undecided_data_set_is_refused_and_nothing_is_written(tmp_path, datalist):
    entries = json.loads(datalist.read_text())["cases"]
    rows = ["id,flair,seg", f"a,{entries[0]['images']['flair']},{entries[0]['label']}"]
    (tmp_path / "patients" / "list.csv").write_text("\n".join(rows))
    answer = ask(task="check_data", folder=tmp_path / "patients" / "list.csv", output=tmp_path / "out.json")
    assert "undecided" in answer["refusal"]
    assert answer["written"] is None
    assert answer["cases"][0]["convention"] is None
    assert not (tmp_path / "out.json").exists()


def test_reading_a_data_set_can_be_stopped_between_cases(datalist):
    def stop(share, text):
        raise CancelledError

    with pytest.raises(CancelledError):
        ask(stop, task="check_data", folder=datalist)


def test_an_ablation_is_made_once_and_its_command_accepts_the_folder(tmp_path, datalist, settings):
    folder = tmp_path / "ablation"
    settings["phases"] = [{"steps": 1, "patch": [16, 16, 16], "learning_rate": 1e-3}]
    request = {"task": "new_ablation", "settings": settings, "datalist": datalist, "folder": folder}
    assert ask(**request) == {"folder": str(folder)}
    with pytest.raises(InputError, match="holds an ablation already"):
        ask(**request)
    with pytest.raises(InputError, match="starts from the full method"):
        ask(**request | {"folder": tmp_path / "other", "settings": settings | {"teacher": None, "distillation": None}})
    assert not (tmp_path / "other").exists()
    arm = next(iter(ARMS))
    command = ["ablate", folder / "ablation.yaml", "--data", folder / "datalist.json", "-o", folder]
    answer = mstkd(*command, "--cache", tmp_path / "cache", "--device", "cpu", "--arm", arm)
    assert answer.returncode == 0, answer.stderr
    assert (folder / arm / "evaluation" / "cases.csv").is_file()


def test_a_finished_run_becomes_a_measured_model_again_and_again(tmp_path, finished_run):
    texts: list[str] = []
    request = {
        "task": "finish_run",
        "run": finished_run,
        "description": DESCRIPTION,
        "output": tmp_path / "result",
        "split": "test",
        "device": "cpu",
    }
    answer = ask(lambda share, text: texts.append(text), **request)
    model = load_package(Path(answer["model"]))
    assert model.card["accuracy"]
    assert [text for text in texts if text.startswith("d: ")] == ["d: T1Gd", "d: FLAIR", "d: FLAIR, T1Gd"]
    assert {row["sequences"] for row in answer["rows"]} == {"FLAIR", "T1Gd", "FLAIR, T1Gd"}
    assert all(row["paper_dice"] is None and row["dice_low"] is None for row in answer["rows"])
    assert any("no published figures" in fact for fact in answer["facts"])
    for file in ("page", "curves"):
        assert Path(answer[file]).is_file()
    (tmp_path / "result" / "evaluation" / "cases.csv").unlink()  # as if it had been ended half-way
    assert ask(**request)["rows"] == answer["rows"]
    assert sorted(path.name for path in (tmp_path / "result").iterdir()) == ["evaluation", "model"]


def test_validation_cases_give_figures_but_no_accuracy_in_the_card(tmp_path, finished_run):
    answer = ask(
        task="finish_run", run=finished_run, description=DESCRIPTION, output=tmp_path / "result", split="validation"
    )
    assert load_package(Path(answer["model"])).card["accuracy"] == []
    assert any("chose the model" in fact for fact in answer["facts"])
    assert [row["region"] for row in answer["rows"]] == ["WT", "TC", "ET"]


def test_figures_stand_beside_the_papers_where_the_data_set_is_the_papers(tmp_path, finished_run):
    values = json.loads((finished_run / "datalist.json").read_text())
    for case in values["cases"]:
        case["dataset"] = "BraTS2024"
    (finished_run / "datalist.json").write_text(json.dumps(values))
    rows = ask(task="finish_run", run=finished_run, description=DESCRIPTION, output=tmp_path / "result")["rows"]
    table = published_tables()["BraTS 2024"]
    for row in rows:
        assert row["sequences"] in NAMES
        paper = table[row["sequences"], row["region"]]
        assert (row["paper_dice"], row["paper_hd95"]) == (paper.dice, paper.hd95)
        assert math.isfinite(row["hd95"])


def test_a_result_is_refused_where_there_is_nothing_to_measure_or_something_else_lies(tmp_path, finished_run):
    request = {"task": "finish_run", "run": finished_run, "description": DESCRIPTION, "output": tmp_path / "result"}
    (tmp_path / "result" / "model").mkdir(parents=True)
    (tmp_path / "result" / "model" / "thesis.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        ask(**request)
    assert (tmp_path / "result" / "model" / "thesis.txt").is_file()
    values = json.loads((finished_run / "datalist.json").read_text())
    values["cases"] = [case for case in values["cases"] if case["split"] != "test"]
    (finished_run / "datalist.json").write_text(json.dumps(values))
    with pytest.raises(InputError, match="measure it on the validation cases"):
        ask(**request | {"output": tmp_path / "new"})
    with pytest.raises(InputError, match="names no licence for b"):
        ask(
            **request
            | {
                "output": tmp_path / "new",
                "split": "validation",
                "description": DESCRIPTION | {"dataset_licences": {"a": "l"}},
            }
        )
    assert not (tmp_path / "new").exists()


def test_measuring_can_be_stopped_and_changes_nothing(tmp_path, finished_run):
    def stop(share, text):
        if text.startswith("d: T1Gd"):
            raise CancelledError

    with pytest.raises(CancelledError):
        ask(stop, task="finish_run", run=finished_run, description=DESCRIPTION, output=tmp_path / "result")
    assert not (tmp_path / "result").exists()


def test_a_saved_configuration_trains_where_it_is_put(tmp_path, datalist, settings):
    settings["phases"] = [{"steps": 2, "patch": [16, 16, 16], "learning_rate": 1e-3}]
    settings["network"] = dict(settings["network"])
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    (folder / "notes.txt").touch()
    answer = ask(task="save_configuration", settings=settings, datalist=datalist, folder=folder, processes=1)
    assert {Path(file).name for file in answer["files"]} == {
        "config.yaml",
        "datalist.json",
        "train.sh",
        "train.slurm",
    }
    assert answer["command"] in (folder / "train.sh").read_text()
    moved = tmp_path / "else where"
    shutil.move(folder, moved)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "SLURM_SUBMIT_DIR": str(moved)}
    for script in ("train.slurm", "train.sh"):  # the first starts the other; then there is nothing left to do
        answer = subprocess.run(
            ["sh", moved / script], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        assert answer.returncode == 0, answer.stderr
        assert "Finished" in answer.stderr
    assert '"finished"' in (moved / "journal.jsonl").read_text()


def test_a_saved_configuration_asks_for_what_its_processes_need(tmp_path, datalist, settings):
    settings["sampling"]["workers"] = 3
    request = {"task": "save_configuration", "settings": settings, "datalist": datalist, "folder": tmp_path / "new"}
    for processes, words in ((3, "cannot be shared equally by 3"), (0, "is too few")):
        with pytest.raises(InputError, match=words):
            ask(**request, processes=processes)
    assert not (tmp_path / "new").exists()
    ask(**request, processes=2)
    slurm = (tmp_path / "new" / "train.slurm").read_text()
    assert "#SBATCH --gres=gpu:2\n" in slurm
    assert "#SBATCH --cpus-per-task=8\n" in slurm


def test_the_command_saves_a_configuration_too(tmp_path, datalist):
    write_config(tmp_path / "config.yaml")
    answer = mstkd("configure", tmp_path / "config.yaml", "--data", datalist, "-o", tmp_path / "new", "--processes", 2)
    assert answer.returncode == 0, answer.stderr
    assert "torchrun --standalone --nproc-per-node 2" in answer.stderr
    assert (tmp_path / "new" / "train.sh").is_file()


def test_the_worker_process_makes_a_run_and_refuses_a_second_one(tmp_path, datalist, settings):
    request = {"task": "new_run", "settings": settings, "datalist": str(datalist), "run": str(tmp_path / "run")}
    with WorkerProcess() as worker:
        worker.ask(**request)
        assert worker.until("done", "error")[-1]["run"] == str(tmp_path / "run")
        worker.ask(**request)
        assert "holds a run already" in worker.until("done", "error")[-1]["message"]
        worker.ask(**request | {"settings": {"seed": 1}})
        assert "lacks the setting" in worker.until("done", "error")[-1]["message"]
    assert read_config(tmp_path / "run" / "config.yaml") == TrainingConfig.model_validate(settings)
