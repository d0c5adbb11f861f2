"""A run's folder tells readers what its trainer does: state, journal, curves; whatever befalls the files."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstkd.errors import InputError
from mstkd.runs import (
    Curves,
    JournalReader,
    RunState,
    RunWatch,
    ask_pause,
    ask_resume,
    ask_stop,
    list_runs,
    read_journal,
    read_run,
    spent,
    watch,
)

LONG_AGO = 1_000_000.0


def make_run(folder: Path, *events: dict, **status) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").touch()
    if events:
        write_lines(folder, events)
    if status:
        write_status(folder, **status)
    return folder


def test_a_runs_hours_hold_its_waits_and_no_step_twice(tmp_path):
    made = [{"event": "step", "step": n, "seconds": 700.0, "waited": 200.0} for n in (1, 2, 3)]
    again = [{"event": "start", "step": 1}, *made[1:], {"event": "validation", "step": 3, "seconds": 99.0}]
    assert spent(make_run(tmp_path, *made, *again)) == (3, 0.75)


def write_lines(folder: Path, events, mode: str = "w") -> None:
    with (folder / "journal.jsonl").open(mode) as file:
        file.writelines(json.dumps(event) + "\n" for event in events)


def write_status(folder: Path, **changes) -> None:
    record = {"state": "running", "message": "", "text": "", "step": 3, "steps": 9, "pid": os.getpid()}
    record |= {"host": socket.gethostname(), "device": "cpu", **changes}
    (folder / "status.json").write_text(json.dumps(record).ljust(4096))


def a_dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def age(folder: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(folder / "status.json", (then, then))


def steps(first: int, last: int, **more):
    return [{"event": "step", "step": n, "loss": float(n), "seconds": 2.0, **more} for n in range(first, last + 1)]


def start(step: int = 0, **more) -> dict:
    return {"event": "start", "step": step, "steps": 10, **more}


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], RunState.WAITING),
        ([start(), *steps(1, 2), {"event": "stopped", "step": 2}], RunState.STOPPED),
        ([start(), *steps(1, 2), {"event": "finished", "step": 2}], RunState.FINISHED),
        ([start(), *steps(1, 2), {"event": "failed", "step": 2}], RunState.FAILED),
        ([start(), *steps(1, 2)], RunState.INTERRUPTED),
    ],
)
def test_a_run_without_a_status_is_judged_by_the_last_word_of_its_journal(tmp_path, events, state):
    run = read_run(make_run(tmp_path / "old", *events))
    assert (run.state, run.name) == (state, "old")
    if events:
        assert (run.step, run.steps) == (2, 10)


def test_a_folder_without_a_run_is_none(tmp_path):
    assert read_run(tmp_path) is None
    assert read_run(tmp_path / "nowhere") is None
    assert list_runs(tmp_path / "nowhere") == []
    (tmp_path / "a file").touch()
    assert list_runs(tmp_path) == []


def test_a_run_says_what_its_trainer_says(tmp_path):
    folder = make_run(tmp_path / "run", state="paused", text="Waiting.", message="", device="cuda:1")
    run = read_run(folder)
    assert (run.state, run.text, run.step, run.steps, run.device) == (RunState.PAUSED, "Waiting.", 3, 9, "cuda:1")
    assert run.state.alive
    write_status(folder, state="failed", message="The disk is full.")
    assert (read_run(folder).state, read_run(folder).message) == (RunState.FAILED, "The disk is full.")


def test_a_silent_or_dead_trainer_leaves_an_interrupted_run(tmp_path):
    folder = make_run(tmp_path / "run", host="elsewhere")
    assert read_run(folder).state is RunState.RUNNING
    age(folder, 60)
    assert read_run(folder).state is RunState.INTERRUPTED
    write_status(folder, pid=a_dead_pid())
    assert read_run(folder).state is RunState.INTERRUPTED, "seen at once on the same machine"
    write_status(folder, pid=a_dead_pid(), state="finished")
    assert read_run(folder).state is RunState.FINISHED, "what ended well stays so"


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 4096, b'{"state": "runn', b"[" * 4000, b"[]", b'{"state": "x"}', b"\xff"]
)
def test_a_damaged_status_is_no_error(tmp_path, content):
    folder = make_run(tmp_path / "run", start(), *steps(1, 2), {"event": "stopped", "step": 2})
    (folder / "status.json").write_bytes(content)
    assert read_run(folder).state is RunState.STOPPED


def test_runs_are_listed_newest_first_with_an_ablations_arms(tmp_path, monkeypatch):
    for seconds, name in enumerate(["third", "ablation/full/run", "first"]):
        age(make_run(tmp_path / name, state="stopped"), 100 - 10 * seconds)
    make_run(tmp_path / "cache" / "0f" / "run", state="stopped")  # what lies among the patients is not looked at
    assert [run.name for run in list_runs(tmp_path)] == ["first", "ablation/full", "third"]
    monkeypatch.chdir(tmp_path / "ablation" / "full")
    assert read_run(Path("run")).name == read_run(Path("run").absolute()).name == "ablation/full"


def test_a_trials_folder_and_prepared_patients_are_no_runs(tmp_path):
    make_run(tmp_path / ".estimate-x", start(), *steps(1, 2))
    make_run(tmp_path / "cache" / "0f" / "run")
    assert list_runs(tmp_path) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="everything may be read here")
def test_a_folder_that_may_not_be_read_hides_no_run_beside_it(tmp_path):
    for name in "abcd":
        make_run(tmp_path / name)
    for name in ("lost+found", "zone"):
        (tmp_path / name).mkdir(mode=0)
    assert {run.name for run in list_runs(tmp_path)} == {*"abcd"}


class Clock:
    """Time that passes only when it is told to, the wall's and one's own."""

    def __init__(self, monkeypatch):
        self.own = 100.0
        self.wall = time.time()
        monkeypatch.setattr(watch.time, "monotonic", lambda: self.own)
        monkeypatch.setattr(watch.time, "time", lambda: self.wall)

    def look(self, watcher, seconds, step=1.0):
        for _ in range(int(seconds / step)):
            self.own += step
            self.wall += step
            run = watcher.look()
        return run.state


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_a_watcher_sees_a_trainer_fall_silent(tmp_path, clock):
    folder = make_run(tmp_path / "run", host="elsewhere")
    watcher = RunWatch(folder)
    assert clock.look(watcher, 29) is RunState.RUNNING
    assert clock.look(watcher, 4) is RunState.INTERRUPTED
    os.utime(folder / "status.json")
    assert clock.look(watcher, 1) is RunState.RUNNING, "it gave a sign"


def test_a_sleeping_computer_is_no_death(tmp_path, clock):
    watcher = RunWatch(make_run(tmp_path / "run", state="running"))
    clock.look(watcher, 5)
    clock.own += 30_000
    clock.wall += 30_000
    assert clock.look(watcher, 2) is RunState.RUNNING
    os.utime(tmp_path / "run" / "status.json")
    assert clock.look(watcher, 5) is RunState.RUNNING


def test_a_run_that_died_long_ago_is_believed_dead_after_ten_seconds(tmp_path, clock):
    folder = make_run(tmp_path / "run", host="elsewhere")
    age(folder, 3600)
    watcher = RunWatch(folder)
    assert clock.look(watcher, 9) is RunState.RUNNING
    assert clock.look(watcher, 3) is RunState.INTERRUPTED


def test_a_watcher_sees_a_dead_process_at_once_and_a_removed_run(tmp_path):
    folder = make_run(tmp_path / "run", pid=a_dead_pid())
    watcher = RunWatch(folder)
    assert watcher.look().state is RunState.INTERRUPTED
    shutil.rmtree(folder)
    assert watcher.look() is None


def test_wishes_are_files_and_a_missing_folder_is_said(tmp_path):
    ask_pause(tmp_path)
    ask_stop(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"pause", "stop"}
    ask_resume(tmp_path)
    ask_resume(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == {"stop"}
    with pytest.raises(InputError, match="run's folder is there"):
        ask_stop(tmp_path / "nowhere")


LINES = st.lists(
    st.one_of(
        st.binary(max_size=20).filter(lambda line: b"\n" not in line),
        st.integers(0, 50).map(lambda n: json.dumps({"event": "step", "step": n, "é": "ü"}).encode()),
        st.integers(0, 50).map(lambda n: json.dumps({"event": "start", "step": n}, ensure_ascii=False).encode()),
        st.sampled_from([b"{}", b"[]", b"null", b'{"event": 3}', b"[" * 3000, b"NaN", b'{"event": "step", "st']),
    ),
    max_size=30,
)


def polled(reader: JournalReader) -> list[dict]:
    events = reader.poll(0)
    while reader.behind:
        events += reader.poll(0)
    return events


@given(LINES, st.lists(st.integers(0, 4000), max_size=8))
def test_a_journal_read_in_any_pieces_tells_what_it_tells_at_once(lines, cuts):
    whole = b"".join(line + b"\n" for line in lines)
    with tempfile.TemporaryDirectory() as folder:
        run, found = Path(folder), []
        reader = JournalReader(run)
        for end in sorted({min(cut, len(whole)) for cut in cuts} | {len(whole)}):
            (run / "journal.jsonl").write_bytes(whole[:end])
            found += polled(reader)
            assert not reader.restarted
        assert found == polled(JournalReader(run))


@given(LINES, LINES, st.integers(0, 4000), st.sampled_from(["cut", "replace", "remove", "unmount"]))
def test_whatever_befalls_a_journal_a_reader_tells_or_begins_anew(before, after, cut, what):
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        run.mkdir()
        journal = run / "journal.jsonl"
        journal.write_bytes(b"\n".join(before))
        reader = JournalReader(run)
        told = polled(reader)
        if what == "cut":
            journal.write_bytes(journal.read_bytes()[:cut])
        elif what == "replace":
            journal.write_bytes(b"\n".join(after) + b"\n")
        elif what == "remove":
            journal.unlink()
        else:
            run.rename(Path(folder) / "away")
        again = reader.poll(0)
        told = again if reader.restarted else told + again
        assert reader.gone == (what == "unmount")
        if what == "unmount":
            (Path(folder) / "away").rename(run)
        assert told + polled(reader) == polled(JournalReader(run))


def test_a_long_journal_is_read_in_slices(tmp_path):
    write_lines(tmp_path, [start(), *steps(1, 100_000)])
    reader = JournalReader(tmp_path)
    first = reader.poll(0)
    assert reader.behind
    assert 0 < len(first) < 5000
    assert len(first) + len(polled(reader)) == 100_001
    assert not reader.behind


def test_a_file_without_lines_is_not_gathered_in_memory(tmp_path):
    line = json.dumps(start()).encode()
    (tmp_path / "journal.jsonl").write_bytes(b"\0" * (3 << 20) + b"\n" + line + b"\n")
    assert read_journal(tmp_path) == [start()]


def curves_of(*events) -> Curves:
    curves = Curves()
    curves.add(events)
    return curves


def test_curves_follow_a_run_and_forget_what_is_made_again():
    validation = {"event": "validation", "dice": {"FLAIR": {"WT": 0.5}}, "score": 0.5, "seconds": 7.0}
    curves = curves_of(
        start(), *steps(1, 4), validation | {"step": 4, "best": {"score": 0.5, "step": 4}}, *steps(5, 6),
        validation | {"step": 6, "score": 0.9, "best": {"score": 0.9, "step": 6}},
    )  # fmt: skip
    assert curves.best == {"score": 0.9, "step": 6}
    curves.add([start(4)])
    assert (curves.step, curves.steps, curves.best) == (4, 10, {"score": 0.5, "step": 4})
    assert curves.terms == {"loss": [(n, float(n)) for n in (1, 2, 3, 4)]}
    assert curves.scores == [(4, 0.5)]
    assert curves.dice == {"FLAIR": {"WT": [(4, 0.5)]}}
    curves.add(steps(5, 5, learning_rate=0.1, memory_gb=3.0))
    assert (curves.step, curves.learning_rate, curves.memory_gb) == (5, 0.1, 3.0)
    curves.restart()
    assert (curves.step, curves.terms, curves.best) == (0, {}, {})


def test_curves_keep_a_thousand_points_of_a_long_run_and_their_means():
    curves = curves_of(start(), *steps(1, 100_000))
    points = curves.terms["loss"]
    assert 400 < len(points) <= 1000
    assert points[-1][0] == 100_000
    width = points[1][0] - points[0][0]
    for step, value in points[:-1]:
        assert value == pytest.approx(step - (width - 1) / 2), (
            "each is the mean of its steps, whose loss is their number"
        )
    curves.add([start(50_001), *steps(50_002, 60_000)])
    again = curves.terms["loss"]
    assert again[-1][0] == 60_000
    assert [step for step, _ in again] == sorted({step for step, _ in again})


def test_time_left_knows_the_patches_to_come_and_the_validations():
    config = {
        "phases": [{"steps": 6, "patch": [8, 8, 8]}, {"steps": 4, "patch": [16, 8, 8]}],
        "sampling": {"batch_size": 2},
        "validation": {"every": 4},
    }
    curves = curves_of(start(config=config, cases=8), *steps(1, 4, waited=1.0))
    assert curves.seconds_per_step == 3.0
    assert curves.seconds_left == 3 * (2 + 4 * 2), "two small steps, and four of twice the voxels"
    curves.add([{"event": "validation", "step": 4, "seconds": 10.0, "dice": {}, "score": 0.1}])
    assert curves.seconds_left == 30 + 2 * 10, "after steps 8 and 10"
    assert curves.epoch == 1.0
    assert curves_of(*steps(1, 2)).seconds_left is None


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3), lambda inner:
       st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["step", "steps", "config", "phases", "patch",
       "loss", "seconds", "dice", "best", "sampling", "batch_size", "FLAIR"]), inner, max_size=4)),
       st.sampled_from(["start", "step", "validation"]))  # fmt: skip
def test_garbled_events_are_no_error(values, kind):
    more = values if isinstance(values, dict) else {"config": values, "dice": values, "loss": values, "seconds": values}
    curves = curves_of(start(), {**more, "event": kind}, {"step": 1, **more, "event": kind}, *steps(2, 3))
    assert curves.step == 3
    for figure in (curves.terms, curves.epoch, curves.seconds_left, curves.best):
        json.dumps(figure)
