"""What a run's journal says at a glance, without reading all of it: for a table of many runs."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

HEAD, TAIL = 1 << 16, 1 << 20
"""Bytes at either end; the latter holds a few thousand steps, more than lie between two validations."""


@dataclass(frozen=True)
class Glance:
    """When a run was started first, and the mean Dice of its last validation; None where that is not known."""

    started: float | None = None
    score: float | None = None


class Glances:
    """Keeps what was seen until the journal has grown."""

    def __init__(self) -> None:
        self._kept: dict[Path, tuple[int, Glance]] = {}

    def of(self, run: Path) -> Glance:
        """What the run's journal says."""
        from mstkd.runs.layout import JOURNAL

        try:
            size = (run / JOURNAL).stat().st_size
            if self._kept.get(run, (None,))[0] != size:
                self._kept[run] = size, _look(run / JOURNAL)
            return self._kept[run][1]
        except OSError:
            return Glance()


def _look(journal: Path) -> Glance:
    with journal.open("rb") as file:
        head = file.readline(HEAD)
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL))
        tail = file.read(TAIL).split(b"\n")
    started = _event(head).get("time")
    validations: list[tuple[int, float]] = []
    for line in tail:
        if b'"validation"' in line:
            event = _event(line)
            if event.get("event") == "validation" and "score" in event:
                validations.append((event.get("step", 0), event["score"]))
        elif b'"start"' in line:  # what came after the step at which it goes on is void
            event = _event(line)
            if event.get("event") == "start":
                validations = [found for found in validations if found[0] <= event.get("step", 0)]
    return Glance(started, validations[-1][1] if validations else None)


def _event(line: bytes) -> dict:
    try:
        event = json.loads(line)
    except ValueError:
        return {}
    return event if isinstance(event, dict) else {}
