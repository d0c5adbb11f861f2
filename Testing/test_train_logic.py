"""The training module's logic with a real trainer: it outlives Slicer, and its folder tells all."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest
from run_folders import write_run
from small_run import write_config, write_patients

from mstkd.runs import RunState, read_run
from mstkd.training.config import read_config
from mstkd.training.run import start_run
from MSTKDLib.Engine import EngineError

SECONDS = 300
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
def trainers(host, monkeypatch):
    """The trainers that were started; every one is ended at the end."""
    from MSTKDTrainLib import Trainers

    started, real = [], Trainers.Trainer

    def recorded(*arguments):
        started.append(real(*arguments))
        return started[-1]

    monkeypatch.setattr(Trainers, "Trainer", recorded)
    yield started
    for trainer in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(trainer._process.pid, signal.SIGKILL)
        trainer._process.wait()


@pytest.fixture
def new_logic(trainers, tmp_path):
    """Makes logics, as Slicer does once in its life."""
    from MSTKDTrainLib import TrainLogic

    logics = []

    def made():
        logics.append(TrainLogic())
        logics[-1].runsFolder, logics[-1].device = tmp_path / "runs", "cpu"
        return logics[-1]

    yield made
    for logic in logics:
        logic.close()


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
    assert not logic.isStarting(run)
    host.waitUntil(lambda: [listed.state for listed in logic.runs] == [RunState.FINISHED])
    host.waitUntil(lambda: logic.monitor.curves.step == 6)
    assert logic.monitor.curves.steps == 6
    assert logic.message == ""


def test_another_slicer_finds_a_run_again_pauses_resumes_and_stops_it(host, new_logic, new_run):
    run = new_run(phases=LONG)
    first = new_logic()
    first.start(run)
    wait_for(host, run, RunState.RUNNING)
    first.attach(run)
    first.close()
    second = new_logic()
    second.attachAgain()
    assert second.monitor.folder == run
    with pytest.raises(EngineError, match="trained already"):
        second.start(run)
    second.pause(run)
    wait_for(host, run, RunState.PAUSED)
    reached = read_run(run).step
    second.resume(run)
    host.waitUntil(lambda: state(run) is RunState.RUNNING and read_run(run).step > reached, SECONDS)
    second.stop(run)
    wait_for(host, run, RunState.STOPPED)
    second.look()
    assert second.runs[0].state is RunState.STOPPED
    assert (run / "checkpoint.pt").is_file()


def test_a_killed_trainer_is_told_in_one_sentence_and_its_run_can_be_resumed(host, new_logic, new_run):
    logic, run = new_logic(), new_run(phases=LONG)
    logic.start(run)
    logic.attach(run)
    host.waitUntil(lambda: (run / "checkpoint.pt").exists() and state(run) is RunState.RUNNING, SECONDS)
    os.kill(read_run(run).pid, signal.SIGKILL)
    host.waitUntil(lambda: "killed by the system" in logic.problem(logic.monitor.run), SECONDS)
    assert logic.monitor.run.state is RunState.INTERRUPTED
    assert logic.message == "", "it is said once, where the run is shown"
    assert "killed" in new_logic().problem(read_run(run))
    logic.resume(run)
    wait_for(host, run, RunState.RUNNING)
    assert logic.message == ""
    assert read_run(run).step >= 2


def test_closing_slicer_asks_about_a_run_that_only_starts(host, new_logic, new_run, qt):
    run = new_run()
    new_logic().close()  # remembers the folder
    host.openMainWindow()
    panel = host.openModule("MSTKDTrain")
    panel.logic.start(run)
    host.answer("QMessageBox", qt.QMessageBox.No)
    assert host.closeMainWindow()
    assert "Being trained: small" in host.dialogs[-1][1]
    wait_for(host, run, RunState.STOPPED)


def test_while_an_ablation_trains_an_arm_the_finished_one_stays_so(host, new_logic, trainers, tmp_path, monkeypatch):
    from MSTKDTrainLib import Trainer

    monkeypatch.setattr(Trainer, "command", lambda *arguments: ["sleep", "60"])
    logic, ablation = new_logic(), tmp_path / "runs" / "five"
    ablation.mkdir(parents=True)
    (ablation / "ablation.yaml").touch()
    logic.start(ablation)
    assert logic.silent == [ablation]
    full = write_run(ablation / "full", "run", "finished")
    logic.look()
    assert (logic.silent, logic.isStarting(full)) == ([ablation], False)
    control = write_run(ablation / "control", "run", "running")
    logic.look()
    assert (logic.silent, logic.isStarting(full), logic.isStarting(control)) == ([], False, False)


def test_slicers_end_leaves_a_run_alone(host, new_logic, new_run):
    run = new_run(phases=LONG)
    new_logic().close()  # remembers the folder
    panel = host.openModule("MSTKDTrain")
    panel.logic.start(run)
    wait_for(host, run, RunState.RUNNING)
    reached = read_run(run).step
    host.quit()
    host.waitUntil(lambda: read_run(run).step > reached + 5, SECONDS)


def test_what_a_trainer_refuses_before_its_first_word_is_said_in_one_sentence(host, new_logic, new_run):
    logic, run = new_logic(), new_run()
    (run / "config.yaml").write_text("phases: nonsense\n")
    logic.start(run)
    host.waitUntil(lambda: bool(logic.message), SECONDS)
    assert "config.yaml" in logic.message
    assert "Traceback" not in logic.message
    assert "\n" not in logic.message


def test_a_missing_package_is_said_with_its_remedy_not_with_its_traceback(host, new_logic, new_run, monkeypatch):
    from MSTKDTrainLib import Trainer

    monkeypatch.setattr(Trainer, "command", lambda *arguments: [sys.executable, "-c", "import absent_package"])
    logic, run = new_logic(), new_run()
    logic.start(run)
    host.waitUntil(lambda: bool(logic.message), SECONDS)
    assert logic.message == (
        "small: The engine cannot start (ModuleNotFoundError: No module named 'absent_package'); "
        "install its Python packages."
    )
    assert logic.message == f"small: {logic.problem(logic.runs[0])}"


def test_one_question_at_a_time_and_a_cancelled_one_ends_without_a_word(host, new_logic):
    logic, answers = new_logic(), []
    logic.ask({"task": "describe_training"}, answers.append)
    with pytest.raises(EngineError, match="busy"):
        logic.ask({"task": "describe_training"}, answers.append)
    host.process(200)
    logic.cancel()
    host.waitUntil(lambda: not logic.busy, 5)
    assert (answers, logic.message) == ([], "")


def test_what_the_engine_refuses_becomes_the_message(host, new_logic):
    logic, answers = new_logic(), []
    logic.ask({"task": "nonsense"}, answers.append)
    host.waitUntil(lambda: not logic.busy, SECONDS)
    assert answers == []
    assert "nonsense" in logic.message
