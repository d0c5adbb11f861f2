"""The training module's logic with a real trainer: it outlives Slicer, and its folder tells all."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

import pytest
from small_run import write_config, write_patients

from mstkd.runs import RunState, read_run
from mstkd.training.config import read_config
from mstkd.training.run import start_run

SECONDS = 120
LONG = [{"steps": 2000, "patch": [16, 16, 16], "learning_rate": 1e-3}]


@pytest.fixture
def new_run(tmp_path):
    """Makes a run that nobody trains yet."""

    def made(name: str = "small", **changes) -> Path:
        datalist = write_patients(tmp_path / "patients")
        run = tmp_path / "runs" / name
        start_run(read_config(write_config(tmp_path / "config.yaml", **changes), []), datalist, run)
        return run

    return made


@pytest.fixture
def new_logic(host, tmp_path):
    """Makes logics, as Slicer does once in its life; every trainer is ended at the end."""
    from MSTKDTrainLib import TrainLogic

    logics = []

    def made():
        logics.append(TrainLogic())
        logics[-1].runsFolder, logics[-1].device = tmp_path / "runs", "cpu"
        return logics[-1]

    yield made
    for logic in logics:
        logic.close()
    for status in (tmp_path / "runs").glob("*/status.json"):
        run = read_run(status.parent)
        if run is not None and run.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(run.pid, signal.SIGKILL)


def state(run: Path) -> RunState:
    return read_run(run).state


def wait_for(host, run: Path, wanted: RunState) -> None:
    host.waitUntil(lambda: state(run) is wanted, SECONDS)


def test_a_run_is_trained_to_its_end_and_watched_from_its_folder(host, new_logic, new_run):
    logic, run = new_logic(), new_run()
    logic.attach(run)
    logic.start(run)
    assert logic.isStarting(run)
    wait_for(host, run, RunState.FINISHED)
    host.waitUntil(lambda: logic.monitor.curves.step == 6 and not logic.isStarting(run))
    assert logic.monitor.curves.steps == 6
    assert [listed.state for listed in logic.runs] == [RunState.FINISHED]
    assert logic.message == ""
    assert (run / "trainer.log").read_text()


def test_what_a_trainer_refuses_before_its_first_word_is_said_in_one_sentence(host, new_logic, new_run):
    logic, run = new_logic(), new_run()
    (run / "config.yaml").write_text("phases: nonsense\n")
    logic.start(run)
    host.waitUntil(lambda: bool(logic.message), SECONDS)
    assert "config.yaml" in logic.message
    assert "Traceback" not in logic.message
    assert "\n" not in logic.message
