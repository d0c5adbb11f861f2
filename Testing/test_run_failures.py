"""What befalls a run is told in one sentence, in its folder and to who started it, with a command to go on."""

import shlex
import subprocess
import sys

import pytest
import torch
from run_parts import data as data
from run_parts import fabric as fabric
from run_parts import shared as shared
from run_parts import train as train
from small_run import write_config

from mstkd.errors import InputError
from mstkd.runs import RunState, read_journal, read_run
from mstkd.training import loop
from mstkd.training.checkpoint import NAME, load_checkpoint, save_checkpoint
from mstkd.training.config import read_config
from mstkd.training.config import write_config as store_config


def fail_at(monkeypatch, step, error):
    learn = loop.Trainer._train_step

    def broken(self, batch, waited):
        if self.step == step:
            raise error
        learn(self, batch, waited)

    monkeypatch.setattr(loop.Trainer, "_train_step", broken)


@pytest.mark.parametrize(
    ("error", "raised", "words"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), InputError, "lower sampling.batch_size"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory"),
            InputError,
            "lower sampling.batch_size",
        ),
        (OSError(28, "No space left on device"), InputError, "the disk is full"),
        (FileNotFoundError(2, "No such file", "images.npy"), InputError, "images.npy vanished"),
        (OSError(5, "Input/output error", "images.npy"), InputError, "images.npy cannot be read or written (input"),
        (KeyError("a\nbug"), KeyError, "an unexpected error ended the run (KeyError:"),
    ],
)
def test_every_failure_is_one_sentence_in_status_and_journal(tmp_path, train, data, monkeypatch, error, raised, words):
    fail_at(monkeypatch, 3, error)
    with pytest.raises(raised):
        train("run", data)
    told, last = read_run(tmp_path / "run"), read_journal(tmp_path / "run")[-1]
    assert (told.state, told.step) == (RunState.FAILED, 3)
    assert words in told.message
    assert "the last checkpoint was kept" in told.message
    assert "\n" not in told.message
    assert (last["event"], last["step"], last["message"]) == ("failed", 3, told.message)
    assert load_checkpoint(tmp_path / "run")["step"] == 2


def test_a_run_that_failed_goes_on_and_forgets_its_failure(tmp_path, train, data, monkeypatch):
    with monkeypatch.context() as patch:
        fail_at(patch, 3, OSError(28, "No space left on device"))
        with pytest.raises(InputError):
            train("run", data)
    assert train("run", data)
    assert (read_run(tmp_path / "run").state, read_run(tmp_path / "run").message) == (RunState.FINISHED, "")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory."),
        OSError(28, "No space left on device"),
        OSError(5, "Input/output error", "images.npy"),
        FileNotFoundError(2, "No such file", "images.npy"),
        KeyError("a bug"),
    ],
)
def test_a_failure_does_not_claim_a_checkpoint_that_is_not_there(tmp_path, train, data, monkeypatch, error):
    fail_at(monkeypatch, 1, error)
    with pytest.raises((InputError, KeyError)):
        train("run", data)
    assert "there is no checkpoint yet" in read_run(tmp_path / "run").message


def test_a_loss_that_is_no_number_does_not_claim_a_checkpoint_that_is_not_there(tmp_path, train, data, monkeypatch):
    segmentation = loop.segmentation
    monkeypatch.setattr(loop, "segmentation", lambda *given: segmentation(*given) * float("nan"))
    with pytest.raises(InputError, match="at step 1, and there is no checkpoint yet; resume with a lower rate"):
        train("run", data)


def test_the_command_in_a_failure_can_be_pasted(tmp_path, train, data, monkeypatch):
    fail_at(monkeypatch, 1, torch.OutOfMemoryError("CUDA out of memory."))
    with pytest.raises(InputError) as failure:
        train("it's a run", data)
    command = str(failure.value).partition("resume with: ")[2].removesuffix(".")
    assert shlex.split(command) == ["mstkd", "train", "--resume", str(tmp_path / "it's a run")]


def test_the_command_that_ends_another_trainer_can_be_pasted(tmp_path, train, data):
    def second():
        with pytest.raises(InputError, match="being trained by another process") as refusal:
            train("it's a run", data)
        command = str(refusal.value).partition("to end that: ")[2].removesuffix(".")
        subprocess.run(shlex.split(command), check=True)

    assert not train("it's a run", data, {("step", 2): second})


def test_a_loss_that_is_no_number_ends_the_run_and_keeps_the_last_checkpoint(tmp_path, train, data, monkeypatch):
    segmentation = loop.segmentation
    with monkeypatch.context() as patch:
        count = iter(range(10))
        patch.setattr(loop, "segmentation", lambda *a: segmentation(*a) * (float("nan") if next(count) == 3 else 1.0))
        with pytest.raises(InputError, match="no finite number at step 4"):
            train("run", data)
    state = load_checkpoint(tmp_path / "run")
    assert state["step"] == 2
    assert all(torch.isfinite(value).all() for value in state["student"]["module"].values())
    assert train("run", data)


def test_a_full_disk_leaves_the_last_checkpoint_whole(tmp_path):
    save_checkpoint(tmp_path, {"step": 1})
    script = (
        "import resource, sys, torch, pathlib, signal\n"
        "from mstkd.training.checkpoint import save_checkpoint\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "save_checkpoint(pathlib.Path(sys.argv[1]), {'step': 2, 'weights': torch.zeros(10**6)})\n"
    )
    answer = subprocess.run([sys.executable, "-c", script, tmp_path], capture_output=True, text=True, check=False)
    assert "the last good one stays" in answer.stderr
    assert load_checkpoint(tmp_path)["step"] == 1
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_full_disk_leaves_the_configuration_whole(tmp_path, monkeypatch):
    config_file = write_config(tmp_path / "config.yaml")
    before = config_file.read_text()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("mstkd.training.config.yaml.safe_dump", full)
    with pytest.raises(OSError, match="No space left"):
        store_config(config_file, read_config(config_file))
    assert config_file.read_text() == before
    assert not list(tmp_path.glob(".config*"))
