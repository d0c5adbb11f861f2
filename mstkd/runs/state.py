"""What state a run is in, by its folder."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from mstkd.runs.journal import Event, parse_events, step_of
from mstkd.runs.layout import ARM, CACHE, CONFIG, FOLD, JOURNAL, STALE_S, STATUS, STATUS_BYTES

END = 1 << 16
"""Bytes at either end of a journal in which its first start and its last event are looked for."""
TRIES = 3
"""A status may be read while it is being written."""


class RunState(Enum):
    """Where a run stands; a trainer writes the names of all but the first and the last."""

    WAITING = "waiting"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    FINISHED = "finished"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def alive(self) -> bool:
        """Whether a trainer is at it."""
        return self in (RunState.PREPARING, RunState.RUNNING, RunState.PAUSED)


@dataclass(frozen=True)
class Run:
    """A run as its folder tells of it.

    Attributes:
        name: The folder's; ``NAME/ARM`` for an arm of an ablation, ``NAME/CANDIDATE/fold-N`` for a
            run of a cross-validation.
        message: Why it failed, in one sentence, or empty.
        text: What is being done.
        steps: In all; 0 where it is not known yet.
        device: ``cpu`` or ``cuda:0``, or empty.
        pid: Of the trainer on ``host``; 0 where there was none.
        changed: When the trainer last gave a sign, in seconds since the epoch.
    """

    folder: Path
    name: str
    state: RunState
    message: str = ""
    text: str = ""
    step: int = 0
    steps: int = 0
    device: str = ""
    host: str = ""
    pid: int = 0
    changed: float = 0.0


def read_run(folder: Path) -> Run | None:
    """The run in a folder, or None where there is none.

    A trainer that is said to be at work is believed while its process is there (seen on this
    machine only) and its status was touched lately. Right after a computer's sleep that may
    doubt a living one; `RunWatch` does not.
    """
    run = told(folder)
    if run is not None and run.state.alive and (process_is_dead(run) or time.time() - run.changed > STALE_S):
        return interrupted(run)
    return run


def list_runs(folder: Path) -> list[Run]:
    """The runs in a folder, those of ablations and cross-validations too; the last to give a sign first."""
    found = (read_run(place) for place in _run_folders(folder))
    return sorted((run for run in found if run is not None), key=lambda run: run.changed, reverse=True)


def told(folder: Path) -> Run | None:
    """The run as its trainer last described it, whether that still lives or not; None where there is none."""
    with suppress(OSError):
        if _holds_run(folder):
            return _by_status(folder) or _by_journal(folder)
    return None


def interrupted(run: Run) -> Run:
    """The same run, its trainer dead."""
    return replace(run, state=RunState.INTERRUPTED, text="")


def process_is_dead(run: Run) -> bool:
    """Whether a trainer of this machine has no process any more; False where that cannot be told."""
    if os.name != "posix" or not run.pid or run.host != socket.gethostname():
        return False  # on Windows os.kill would end the process
    try:
        os.kill(run.pid, 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):
        pass  # another user's
    return False


def _run_folders(folder: Path) -> Iterator[Path]:
    """Those that hold a configuration; what is hidden, as the run of a trial, is nobody's."""
    for place in _inside(folder):
        if place.name.startswith(".") or place.name == CACHE:
            continue
        if _holds_run(place):
            yield place
        else:
            yield from (run for arm in _inside(place) for run in _inside(arm) if _is_part(run) and _holds_run(run))


def _is_part(run: Path) -> bool:
    """Whether a run is called like one of an ablation's or a cross-validation's."""
    return run.name == ARM or run.name.startswith(FOLD)


def _inside(folder: Path) -> list[Path]:
    """What lies in a folder; nothing where there is none, or where it may not be read."""
    with suppress(OSError):
        return list(folder.iterdir())
    return []


def _holds_run(folder: Path) -> bool:
    with suppress(OSError):
        return (folder / CONFIG).is_file()
    return False


def _name(folder: Path) -> str:
    whole = folder.absolute()
    parts = whole.parts[-3:-1] if whole.name == ARM else whole.parts[-3:] if _is_part(whole) else whole.parts[-1:]
    return "/".join(parts)


def _by_status(folder: Path) -> Run | None:
    for _ in range(TRIES):
        try:
            with (folder / STATUS).open("rb") as file:
                # Of the open file: a network share may answer for the name from memory.
                changed = os.fstat(file.fileno()).st_mtime
                record = json.loads(file.read(STATUS_BYTES))
            return _run(folder, record, changed)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, RecursionError):
            continue
    return None


def _run(folder: Path, record: dict[str, Any], changed: float) -> Run:
    return Run(
        folder=folder,
        name=_name(folder),
        state=RunState(record["state"]),
        message=str(record["message"]),
        text=str(record["text"]),
        step=int(record["step"]),
        steps=int(record["steps"]),
        device=str(record["device"]),
        host=str(record["host"]),
        pid=int(record["pid"]),
        changed=changed,
    )


_LAST_WORDS = {"stopped": RunState.STOPPED, "finished": RunState.FINISHED, "failed": RunState.FAILED}


def _by_journal(folder: Path) -> Run:
    """Of a run that has no status yet, or was made before there were any."""
    first, last, changed = _ends(folder / JOURNAL)
    if last is None:
        made = (folder / CONFIG).stat().st_mtime
        return Run(folder, _name(folder), RunState.WAITING, changed=made)
    steps = first.get("steps", 0) if first is not None else 0
    return Run(
        folder=folder,
        name=_name(folder),
        state=_LAST_WORDS.get(last["event"], RunState.INTERRUPTED),
        message=str(last.get("message", "")),
        step=step_of(last),
        steps=steps if isinstance(steps, int) else 0,
        changed=changed,
    )


def _ends(journal: Path) -> tuple[Event | None, Event | None, float]:
    """The start nearest to a journal's end that either end of it shows, its last event, and when it was written."""
    try:
        with journal.open("rb") as file:
            about = os.fstat(file.fileno())
            head = file.read(END)
            file.seek(max(0, about.st_size - END))
            events = [*parse_events(head.split(b"\n")), *parse_events(file.read(END).split(b"\n"))]
    except FileNotFoundError:
        return None, None, 0.0
    starts = [event for event in events if event["event"] == "start"]
    return starts[-1] if starts else None, events[-1] if events else None, about.st_mtime
