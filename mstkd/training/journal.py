"""One JSON line per event of a run, appended and flushed at once."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mstkd.runs import Event
from mstkd.runs.layout import JOURNAL

Listener = Callable[[Event], None]


class Journal:
    """Writes events to ``run/journal.jsonl``; a resumed run goes on in the same file.

    Args:
        listeners: Also told of each event.
    """

    def __init__(self, run: Path, listeners: tuple[Listener, ...] = ()) -> None:
        self.path, self._listeners = run / JOURNAL, listeners

    def write(self, event: str, **values: Any) -> None:
        """Append ``{"event", "time", ...}``; time is seconds since the epoch."""
        entry = {"event": event, "time": round(time.time(), 3), **values}
        with self.path.open("a", encoding="utf-8") as file:
            # A line that a killed run left half-written must not swallow this one.
            file.write("\n" if file.tell() and not self._ends_with_newline() else "")
            file.write(json.dumps(entry) + "\n")
        for listener in self._listeners:
            listener(entry)

    def _ends_with_newline(self) -> bool:
        with self.path.open("rb") as file:
            file.seek(-1, 2)
            return file.read(1) == b"\n"
