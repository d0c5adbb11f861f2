"""A run's journal, read at once or as it grows."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from mstkd.runs.layout import JOURNAL

Event = dict[str, Any]
BLOCK = 1 << 16
LONGEST_LINE = 1 << 20
"""What is longer is no event; without a limit a file of another kind would be gathered in memory."""
REMEMBERED = 64
"""Bytes before the place reached, by which a file that was written anew is told from one that grew."""


def read_journal(run: Path) -> list[Event]:
    """All complete events of a run, in the order of its steps; none where it has no journal.

    A half-written line is passed over. Where a killed run went on from an earlier
    checkpoint, the steps it made again stand once, as made last.
    """
    events: list[Event] = []
    for event in JournalReader(run).poll(float("inf")):
        if event["event"] == "start":
            events = [e for e in events if e["event"] == "start" or step_of(e) <= step_of(event)]
        events.append(event)
    return events


def spent(run: Path) -> tuple[int, float]:
    """The steps that a run has made, and the hours that they took, their waits for samples included."""
    steps = [event for event in read_journal(run) if event["event"] == "step"]
    return len(steps), sum(event["seconds"] + event.get("waited", 0.0) for event in steps) / 3600


def step_of(event: Event) -> int:
    """The step at which something happened; 0 where the event does not say."""
    step = event.get("step", 0)
    return step if isinstance(step, int) else 0


class JournalReader:
    """Reads on where it was, a little at a time; lines that are no events are passed over.

    Attributes:
        behind: More waits to be read.
        gone: The run's folder is not there (now).
        restarted: The last poll found the journal truncated, replaced or removed: what was
            told before is void, and the poll began anew.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.behind = self.gone = self.restarted = False
        self._forget()

    def poll(self, budget_s: float = 0.02) -> list[Event]:
        """What was written since, as much as can be read in that time; a half-written line waits for its rest."""
        self.restarted = self.behind = False
        self.gone = not self.run.is_dir()
        try:
            with (self.run / JOURNAL).open("rb") as file:
                return self._read_on(file, budget_s)
        except FileNotFoundError:
            # With the folder gone it may come back (a disk that was pulled out), and then it goes on.
            if self._place and not self.gone:
                self._forget()
                self.restarted = True
        except OSError:
            pass  # a share that does not answer just now; the next poll asks again
        return []

    def _forget(self) -> None:
        self._place, self._last, self._half = 0, b"", b""

    def _read_on(self, file: BinaryIO, budget_s: float) -> list[Event]:
        until = time.monotonic() + budget_s
        size = file.seek(0, 2)
        if not self._is_known(file, size):
            self._forget()
            self.restarted = True
        file.seek(self._place)
        events: list[Event] = []
        while block := file.read(BLOCK):
            self._place += len(block)
            self._last = (self._last + block)[-REMEMBERED:]
            *lines, self._half = (self._half + block).split(b"\n")
            if len(self._half) > LONGEST_LINE:
                self._half = b"too long"
            events += parse_events(lines)
            if time.monotonic() >= until:
                break
        self.behind = self._place < size
        return events

    def _is_known(self, file: BinaryIO, size: int) -> bool:
        # By its bytes: not every network share has numbers that tell files apart.
        if size < self._place:
            return False
        file.seek(self._place - len(self._last))
        return file.read(len(self._last)) == self._last


def parse_events(lines: Iterable[bytes]) -> list[Event]:
    found = (_parsed(line) for line in lines if len(line) <= LONGEST_LINE)
    return [event for event in found if isinstance(event, dict) and isinstance(event.get("event"), str)]


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
