"""A run as it is watched: its state, and its curves as they grow."""

from __future__ import annotations

from pathlib import Path

BUDGET_S = 0.01
"""A look at a long journal is cut into pieces, between which Slicer stays usable."""


class RunMonitor:
    """Reads a run's folder, and only reads: whoever trains it, here or on another computer.

    Attributes:
        folder: The run's.
        run: The run as last seen, or None while there is none.
        curves: What its journal told so far.
    """

    def __init__(self, folder: Path) -> None:
        from mstkd.runs import Curves, JournalReader, Run, RunWatch

        self.folder = folder
        self.run: Run | None = None
        self.curves = Curves()
        self._watch, self._reader = RunWatch(folder), JournalReader(folder)

    @property
    def behind(self) -> bool:
        """Whether more of the journal waits to be read."""
        return self._reader.behind

    def poll(self) -> bool:
        """Look again; whether anything is new."""
        before, self.run = self.run, self._watch.look()
        events = self._reader.poll(BUDGET_S)
        restarted = self._reader.restarted
        if restarted:
            self.curves.restart()
        self.curves.add(events)
        return bool(events) or restarted or self.run != before
