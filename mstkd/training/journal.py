"""One JSON line per event of a run, appended and flushed at once."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

NAME = "journal.jsonl"


class Journal:
    """Writes events to ``run/journal.jsonl``; a resumed run goes on in the same file."""

    def __init__(self, run: Path) -> None:
        self.path = run / NAME

    def write(self, event: str, **values: Any) -> None:
        """Append ``{"event", "time", ...}``; time is seconds since the epoch."""
        with self.path.open("a") as file:
            file.write(json.dumps({"event": event, "time": round(time.time(), 3), **values}) + "\n")


def read_journal(run: Path) -> list[dict[str, Any]]:
    """All complete events of a run; a half-written last line is passed over."""
    events = []
    for line in (run / NAME).read_text().splitlines():
        try:
            events.append(json.loads(line))
        except ValueError:
            continue
    return events
