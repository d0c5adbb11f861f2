"""The module's conversation with its worker when the worker behaves badly: real processes, a worker of our own."""

import time

import psutil
import pytest

from MSTKDLib import Engine, Session, Worker
from MSTKDLib.Engine import CancelledError, EngineError
from MSTKDLib.Session import EngineStartError
from MSTKDLib.Steps import runToEnd

READY = 'say(event="ready", device="cpu", device_name="CPU", threads=2, versions={})\n'
TALK = """
import json, os, subprocess, sys, time

def say(**event):
    print(json.dumps(event), flush=True)

def heard(requests=open(sys.argv[1])):
    while not (line := requests.readline()):
        time.sleep(0.01)
    return line

"""


@pytest.fixture
def session():
    session = Session.Session()
    yield session
    session.close()


@pytest.fixture
def a_worker_that(tmp_path, monkeypatch):
    """Make `python -m mstkd.worker` run the given lines."""

    def make(lines: str) -> None:
        (tmp_path / "mstkd").mkdir(exist_ok=True)
        (tmp_path / "mstkd" / "__init__.py").touch()
        (tmp_path / "mstkd" / "worker.py").write_text(TALK + lines)
        monkeypatch.setattr(Engine, "engineFolder", lambda: tmp_path)
        monkeypatch.setattr(Worker, "engineFolder", lambda: tmp_path)

    return make


def ask(session, progress=lambda share, text: None):
    return runToEnd(session.ask({"task": "segment"}, progress))


def offspring() -> list[psutil.Process]:
    return psutil.Process().children(recursive=True)


def test_a_worker_that_cannot_start_is_explained_by_its_last_words(session, a_worker_that):
    a_worker_that("raise SystemExit('no space left')")
    with pytest.raises(EngineStartError, match=r"exit code 1.*no space left"):
        ask(session)
    a_worker_that("import a_package_that_is_missing")
    with pytest.raises(EngineStartError, match=r"No module named 'a_package_that_is_missing'.*install"):
        ask(session)


def test_a_kill_by_the_system_is_explained_as_memory_and_the_next_question_is_answered(session, a_worker_that):
    a_worker_that(READY + "heard()\nos.kill(os.getpid(), 9)")
    with pytest.raises(EngineError, match="probably for lack of memory"):
        ask(session)
    a_worker_that(READY + 'heard()\nsay(event="done", summary={})\nheard()')
    assert ask(session)["event"] == "done"


def test_what_a_worker_said_last_counts_even_if_it_died_then(session, a_worker_that):
    a_worker_that(READY + 'heard()\nsay(event="error", message="flair.nii is broken; give another.")')
    with pytest.raises(EngineError, match=r"flair\.nii is broken"):
        ask(session)


def test_a_worker_without_a_sign_of_life_is_ended(session, a_worker_that, monkeypatch):
    monkeypatch.setattr(Session, "SILENT_SECONDS", 0.5)
    a_worker_that(READY + "time.sleep(600)")
    with pytest.raises(EngineError, match=r"no sign of life for 0\.5 s"):
        ask(session)
    assert not offspring()


def test_signs_of_life_keep_a_slow_worker(session, a_worker_that, monkeypatch):
    monkeypatch.setattr(Session, "SILENT_SECONDS", 2.0)
    a_worker_that(
        READY + "for _ in range(8):\n  time.sleep(0.5)\n  say(event='alive')\nsay(event='done')\ntime.sleep(9)"
    )
    assert ask(session)["event"] == "done"


def test_cancel_ends_a_deaf_worker_and_what_it_started_within_two_seconds(session, a_worker_that):
    a_worker_that(
        READY + "subprocess.Popen(['sleep', '600'])\nsay(event='progress', share=0.5, text='x')\ntime.sleep(600)"
    )
    cancelled = []

    def cancel(share: float, text: str) -> None:
        if share == 0.5:
            session.cancelRequested = True
            cancelled.append(time.monotonic())

    with pytest.raises(CancelledError):
        ask(session, cancel)
    assert time.monotonic() - cancelled[0] < 2
    assert not offspring()


def test_a_launcher_that_is_killed_does_not_leave_the_interpreter_running(session, a_worker_that):
    # As PythonSlicer does, the started process only starts another one.
    a_worker_that(
        READY + "child = subprocess.Popen(['sleep', '600'])\nsay(event='progress', share=0, text='x')\nchild.wait()"
    )

    def kill(share: float, text: str) -> None:
        if text == "x":
            psutil.Process().children()[0].kill()

    with pytest.raises(EngineError, match="killed"):
        ask(session, kill)
    assert not offspring()
    assert not [p for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] == ["sleep", "600"]]


def test_half_a_line_is_waited_for(session, a_worker_that):
    a_worker_that(
        READY + 'sys.stdout.write(\'{"event": "do\'); sys.stdout.flush(); time.sleep(0.3)\n'
        "sys.stdout.write('ne\"}\\n'); sys.stdout.flush(); time.sleep(9)"
    )
    assert ask(session)["event"] == "done"


def test_warming_up_brings_the_device(session, a_worker_that):
    a_worker_that(READY + "time.sleep(9)")
    runToEnd(session.warmUp())
    assert session.device["threads"] == 2
    assert session.running


def test_an_answer_that_nobody_awaits_is_not_taken_for_the_next_ones(session, a_worker_that):
    a_worker_that(
        READY + "while line := heard():\n"
        "  say(event='progress', share=0.5, text='x')\n"
        "  time.sleep(0.2)\n"
        "  say(event='done', of=json.loads(line)['patient'])"
    )

    def fail(share: float, text: str) -> None:
        if text == "x":
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        runToEnd(session.ask({"patient": 1}, fail))
    assert runToEnd(session.ask({"patient": 2}, lambda share, text: None))["of"] == 2


def test_a_session_that_is_closed_while_one_waits_ends_the_wait(session, a_worker_that):
    a_worker_that(READY + "say(event='progress', share=0.5, text='x')\ntime.sleep(60)")
    with pytest.raises(CancelledError):
        ask(session, lambda share, text: session.close() if text == "x" else None)


def test_a_crash_behind_pythonslicer_reads_as_a_crash(session, a_worker_that):
    # What the launcher prints when its interpreter is killed; it then ends with exit code 1.
    a_worker_that(
        READY + "raise SystemExit('error: [/opt/Slicer/bin/python-real] exit abnormally - Report the problem.')"
    )
    with pytest.raises(EngineError, match="crashed or was killed"):
        ask(session)
