"""Whether the trainer of a run lives, judged by what is seen of it rather than by clocks."""

from __future__ import annotations

import time
from pathlib import Path

from mstkd.runs.layout import BEAT_S, STALE_S
from mstkd.runs.state import Run, interrupted, process_is_dead, told

DOUBT_S = 10.0
"""So long a watcher looks itself before it believes a clock's word that a trainer is silent."""


class RunWatch:
    """Looks at a run again and again.

    A trainer counts as dead after 30 s of watching without a sign, after 10 s where the clock
    too says that the last sign is 30 s old, and at once where its process is seen to be gone.
    Time between two looks counts as one beat at most, so that a computer that slept wakes
    with its run alive.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._seen: float | None = None
        self._looked = self._silent = 0.0

    def look(self) -> Run | None:
        """The run as it is now; None where there is none (any more)."""
        run = told(self.folder)
        if run is None:
            self._seen = None
            return None
        now = time.monotonic()
        if run.changed != self._seen:
            self._seen, self._silent = run.changed, 0.0
        else:
            self._silent += min(now - self._looked, BEAT_S)
        self._looked = now
        return interrupted(run) if run.state.alive and (process_is_dead(run) or self._is_stale(run)) else run

    def _is_stale(self, run: Run) -> bool:
        return self._silent >= STALE_S or (self._silent >= DOUBT_S and time.time() - run.changed > STALE_S)
