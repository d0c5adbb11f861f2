"""The life of a run: what befalls it is told in its folder, and it goes on where it was."""

import json
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from run_parts import PLAIN, kinds
from run_parts import data as data
from run_parts import fabric as fabric
from run_parts import own_data as own_data
from run_parts import shared as shared
from run_parts import train as train
from small_run import write_config
from test_cli import mstkd, sentence

from mstkd.errors import InputError
from mstkd.runs import RunState, ask_pause, ask_resume, ask_stop, read_journal, read_run
from mstkd.training import checkpoint
from mstkd.training.checkpoint import load_checkpoint
from mstkd.training.config import read_config
from mstkd.training.run import continue_run, start_run


@pytest.fixture(scope="module")
def whole(shared, fabric):
    """The checkpoint of a run, with all parts of the method, that nothing befell."""
    run, config = shared / "whole", read_config(write_config(shared / "config.yaml"))
    start_run(config, shared / "patients" / "datalist.json", run)
    assert continue_run(run, config, cache=shared / "cache", fabric=fabric)
    return load_checkpoint(run)


def same(a, b):
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


def later(seconds, act, *arguments):
    threading.Timer(seconds, act, arguments).start()


def test_a_paused_run_waits_with_a_checkpoint_and_ends_with_the_weights_of_an_unpaused_one(
    tmp_path, train, data, whole
):
    run, seen = tmp_path / "run", []

    def look():
        seen.append((read_run(run).state, load_checkpoint(run)["step"]))
        later(1.0, ask_resume, run)

    assert train("run", data, {("step", 3): lambda: ask_pause(run), ("paused", 3): look}, plain=False)
    assert seen == [(RunState.PAUSED, 3)]
    assert kinds(run).index("resumed") == kinds(run).index("paused") + 1
    (after,) = (event for event in read_journal(run) if event["event"] == "step" and event["step"] == 4)
    assert after["waited"] < 1.0, "a pause is no waiting for samples"
    assert same(load_checkpoint(run), whole)
    assert read_run(run).state is RunState.FINISHED


def test_a_paused_run_can_be_stopped_and_goes_on_unpaused(tmp_path, train, data, whole):
    run = tmp_path / "run"
    assert not train(
        "run", data, {("step", 3): lambda: ask_pause(run), ("paused", 3): lambda: ask_stop(run)}, plain=False
    )
    told = read_run(run)
    assert (told.state, told.step, told.steps) == (RunState.STOPPED, 3, 6)
    assert not (run / "stop").exists()
    assert train("run", data, plain=False), "the pause was the old trainer's"
    assert same(load_checkpoint(run), whole)


def test_a_stop_while_patients_are_prepared_ends_the_run_before_its_networks_are_made(tmp_path, train, own_data):
    run = tmp_path / "run"
    assert not train("run", own_data, {("prepare", 0): lambda: ask_stop(run)})
    assert kinds(run) == ["prepare", "stopped"]
    assert read_run(run).state is RunState.STOPPED
    assert train("run", own_data)
    prepared = [event["case"] for event in read_journal(run) if event["event"] == "prepare"]
    assert prepared == ["a", "b", "c"], "what was prepared is not prepared again"


def test_a_stop_left_by_a_trainer_that_died_does_not_end_the_next_one(tmp_path, train, data):
    run = tmp_path / "run"
    start_run(read_config(write_config(tmp_path / "c.yaml", **PLAIN)), data / "datalist.json", run)
    ask_stop(run)
    os.utime(run / "stop", (1e9, 1e9))
    assert train("run", data)
    assert not (run / "stop").exists()


def test_a_stop_that_is_asked_while_a_trainer_starts_is_obeyed(tmp_path, train, data):
    run = tmp_path / "run"
    start_run(read_config(write_config(tmp_path / "c.yaml", **PLAIN)), data / "datalist.json", run)
    ask_stop(run)
    assert not train("run", data)
    assert "step" not in kinds(run)


def test_a_run_tells_where_it_is(tmp_path, train, own_data):
    run, told = tmp_path / "run", []

    def look():
        now = read_run(run)
        told.append((now.state.value, now.text, now.step, now.steps))

    moments = [("prepare", 0), ("start", 0), ("step", 3), ("finished", 6)]
    assert train("run", own_data, dict.fromkeys(moments, look))
    assert told == [
        ("preparing", "Preparing patient 1 of 3, a", 0, 0),
        ("preparing", "Preparing patient 2 of 3, b", 0, 0),
        ("preparing", "Preparing patient 3 of 3, c", 0, 0),
        ("running", "Training", 0, 6),
        ("running", "Training", 3, 6),
        ("finished", "", 6, 6),
    ]
    now = read_run(run)
    assert (now.device, now.pid) == ("cpu", os.getpid())
    assert (run / "status.json").stat().st_size == 4096


TRAIN_UNTIL_FULL = """
import resource, sys, pathlib, torch
from mstkd.training.config import read_config
from mstkd.training.devices import make_fabric
from mstkd.training.run import continue_run
run, cache = map(pathlib.Path, sys.argv[1:])
def listen(event):
    if event["event"] == "step" and event["step"] == 3:
        with (run / "journal.jsonl").open("a") as file:
            file.write(5000 * " " + "\\n")
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
continue_run(run, read_config(run / "config.yaml"), cache=cache, fabric=make_fabric(torch.device("cpu"), "32-true"),
             listeners=(listen,))
"""


def test_a_full_disk_is_still_told_and_nothing_is_lost(tmp_path, train, data, shared, whole):
    run = tmp_path / "run"
    start_run(read_config(write_config(tmp_path / "c.yaml")), data / "datalist.json", run)
    answer = subprocess.run(
        [sys.executable, "-c", TRAIN_UNTIL_FULL, run, shared / "cache"], capture_output=True, text=True, check=False
    )
    assert "InputError" in answer.stderr.splitlines()[-1]
    told = read_run(run)
    assert told.state is RunState.FAILED
    assert "the disk is full" in told.message
    assert kinds(run)[-1] == "step", "the journal could not be told any more"
    assert load_checkpoint(run)["step"] == 2
    assert train("run", data)
    assert same(load_checkpoint(run), whole)


def test_a_killed_trainer_leaves_an_interrupted_run_that_goes_on_at_once(tmp_path, data, shared):
    run = tmp_path / "run"
    sampling = {"batch_size": 2, "dataset_weights": {}, "augmentation": "strong", "full_set_ramp": 2, "workers": 1}
    phases = [{"steps": 2000, "patch": [16, 16, 16], "learning_rate": 1e-3}]
    config = write_config(tmp_path / "c.yaml", sampling=sampling, phases=phases)
    start_run(read_config(config), data / "datalist.json", run)
    command = [sys.executable, "-m", "mstkd", "train", "--resume", run, "--cache", shared / "cache"]
    process = subprocess.Popen([*map(str, command), "--device", "cpu"], stderr=subprocess.DEVNULL)
    wait_until(lambda: "step" in kinds(run), process)
    assert read_run(run).state is RunState.RUNNING
    process.kill()
    process.wait()
    assert read_run(run).state is RunState.INTERRUPTED
    reached = read_run(run).step
    process = subprocess.Popen([*map(str, command), "--device", "cpu"], stderr=subprocess.PIPE, text=True)
    wait_until(lambda: read_run(run).state is RunState.RUNNING and read_run(run).step > reached, process)
    ask_stop(run)
    assert "Stopped" in process.communicate()[1]
    assert read_run(run).state is RunState.STOPPED


def wait_until(reached, process, seconds=120):
    end = time.monotonic() + seconds
    while not reached():
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < end
        time.sleep(0.05)


def test_one_broken_patient_is_named_before_the_first_step(tmp_path, train, own_data):
    image = own_data / "b_t1.nii.gz"
    whole_image = image.read_bytes()
    image.write_bytes(whole_image[: len(whole_image) // 2])
    with pytest.raises(InputError) as refusal:
        train("run", own_data)
    told = read_run(tmp_path / "run")
    assert (told.state, told.message) == (RunState.FAILED, str(refusal.value))
    assert "The patient b cannot be prepared" in told.message
    assert str(image) in told.message
    assert not {"start", "step"} & set(kinds(tmp_path / "run"))
    image.write_bytes(whole_image)
    assert train("run", own_data)


def test_an_odd_patient_that_a_library_stumbles_over_is_named_too(tmp_path, train, own_data, monkeypatch):
    def stumble(*_, **__):
        raise ZeroDivisionError("float division\nby zero")

    monkeypatch.setattr("mstkd.data.cache.preprocess", stumble)
    with pytest.raises(InputError, match=r"The patient a cannot be prepared \(ZeroDivisionError: .*a_seg\.nii\.gz"):
        train("run", own_data)


def test_training_goes_on_without_its_data_folder_and_a_resume_says_what_is_gone(tmp_path, train, own_data):
    away = tmp_path / "away"
    assert not train(
        "run", own_data, {("step", 2): lambda: own_data.rename(away), ("step", 5): lambda: ask_stop(tmp_path / "run")}
    )
    with pytest.raises(InputError, match="does not exist; correct the path"):
        train("run", own_data)
    told = read_run(tmp_path / "run")
    assert (told.state, told.step) == (RunState.FAILED, 5)
    away.rename(own_data)
    assert train("run", own_data)


def test_a_validation_leaves_samples_on_the_working_grid(tmp_path, train, data):
    run, seen = tmp_path / "run", []
    look = lambda: seen.append(json.loads((run / "samples" / "index.json").read_text())[0]["step"])  # noqa: E731
    assert train("run", data, {("validation", 4): look, ("validation", 6): look})
    assert seen == [4, 6]
    (sample,) = json.loads((run / "samples" / "index.json").read_text())
    assert (sample["case"], sample["sequences"]) == ("c", "FLAIR"), "it has no T1Gd"
    image, reference, prediction = (
        sitk.ReadImage(str(run / "samples" / sample[name])) for name in ("image", "reference", "prediction")
    )
    assert image.GetSize() == reference.GetSize() == prediction.GetSize()
    assert image.GetSpacing() == (1, 1, 1)
    tissues = sitk.GetArrayFromImage(reference)
    assert tissues.dtype == np.uint8
    assert set(np.unique(tissues)) == {0, 1, 3}, "the data set's 1 and 4"
    voxels = sitk.GetArrayFromImage(image)
    assert voxels[tissues > 0].mean() > voxels[tissues == 0].mean(), "the tumour is bright where the reference says"
    assert set(np.unique(sitk.GetArrayFromImage(prediction))) <= {0, 1, 2, 3}


def test_a_disk_that_refuses_samples_does_not_end_the_run(tmp_path, train, data):
    run = tmp_path / "run"
    assert train("run", data, {("start", 0): lambda: (run / "samples").write_text("in the way")})


def test_a_device_trains_one_run_unless_it_is_shared(tmp_path, train, data):
    def other():
        with pytest.raises(InputError, match=rf"{tmp_path / 'first'} is training on the CPU.*--share-device"):
            train("second", data)
        assert read_run(tmp_path / "second").state is RunState.FAILED
        assert train("second", data, share_device=True)

    assert train("first", data, {("step", 2): other})
    assert read_run(tmp_path / "second").state is RunState.FINISHED
    assert train("third", data), "a device is free again when its run has ended"


def test_a_disk_without_room_for_two_checkpoints_is_refused_before_the_first_step(tmp_path, train, data, monkeypatch):
    assert train("whole", data)
    sizes = [(tmp_path / "whole" / name).stat().st_size for name in ("checkpoint.pt", "best.safetensors")]
    needed = 2 * sizes[0] + sizes[1]

    def with_free(free):
        monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda _: type("Usage", (), {"free": free}))

    with_free(int(needed * 0.8))
    with pytest.raises(InputError, match="too full to begin"):
        train("run", data)
    assert "step" not in kinds(tmp_path / "run")
    with_free(int(needed * 1.05))
    assert train("run", data)
    with_free(int(needed - sum(sizes)))
    assert train("whole", data), "what the run's own files take will be free"


def test_a_refusal_is_told_in_the_run_it_is_about_unless_that_is_finished(tmp_path, train, data):
    run, new = tmp_path / "run", ["no-such-preset", "--data", data / "datalist.json", "-o"]
    start_run(read_config(write_config(tmp_path / "c.yaml", **PLAIN)), data / "datalist.json", run)
    assert "no-such-preset" in sentence(mstkd("train", *new, run))
    assert read_run(run).state is RunState.WAITING, "words meant for a new run"
    assert train("run", data)
    sentence(mstkd("train", "--resume", run, "--device", "cuda:7"))
    assert read_run(run).state is RunState.FINISHED


def test_the_command_lists_runs_and_a_refused_resume_is_told_in_the_run(tmp_path, data):
    assert "holds no runs" in sentence(mstkd("runs", tmp_path))
    run = tmp_path / "runs" / "a [run]"
    start_run(read_config(write_config(tmp_path / "c.yaml")), data / "datalist.json", run)
    assert "waiting" in mstkd("runs", tmp_path / "runs").stdout
    refused = sentence(mstkd("train", "--resume", run, "--device", "cuda:7"))
    assert read_run(run).state is RunState.FAILED
    assert read_run(run).message in refused
    answer = mstkd("runs", tmp_path / "runs", COLUMNS="200")
    assert "a [run]" in answer.stdout
    assert "cuda:7" in answer.stdout
