"""The trainers that this Slicer started: which are at work, which have not said anything yet, why others ended."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from .Trainer import Trainer, home

if TYPE_CHECKING:
    from mstkd.runs import Run


class Trainers:
    """One for each run, or for each ablation, whose arms follow each other."""

    def __init__(self) -> None:
        self._working: dict[Path, Trainer] = {}
        self._ends: dict[Path, str] = {}

    @property
    def any(self) -> bool:
        """Whether one is at work."""
        return bool(self._working)

    def start(self, run: Path, options: list[str]) -> None:
        """Start one for a run or an ablation; raises EngineError when the system refuses."""
        folder = home(run)
        self._ends.pop(folder, None)
        self._working[folder] = Trainer(folder, options)

    def has(self, run: Path) -> bool:
        """Whether one is at work on a run."""
        return home(run) in self._working

    def silent(self, runs: Iterable[Run]) -> list[Path]:
        """Folders with a trainer but no living run among these: it starts, or an ablation is between two arms."""
        alive = {home(run.folder) for run in runs if run.state.alive}
        return [folder for folder in self._working if folder not in alive and not self._hasSpoken(folder)]

    def isStarting(self, run: Path, runs: Iterable[Run]) -> bool:
        """Whether the trainer of a run has not said anything of it yet."""
        return home(run) in self.silent(runs) and not self._hasSpoken(run)

    def whyEnded(self, run: Path) -> str:
        """What ended the last trainer of a run, in one sentence; empty where nothing is known."""
        return self._ends.get(home(run), "")

    def ended(self) -> list[tuple[Path, str]]:
        """Folders of the trainers that failed since the last call, and why, where it is not all well."""
        from mstkd.runs import RunState, read_run

        found = []
        for folder in [folder for folder, trainer in self._working.items() if not trainer.running]:
            trainer, run = self._working.pop(folder), read_run(folder)
            if run is not None and run.state in (RunState.FINISHED, RunState.STOPPED):
                continue
            told = run.message if run is not None and run.state is RunState.FAILED else ""
            if reason := told or trainer.explainEnd():
                self._ends[folder] = reason
                found.append((folder, reason))
        return found

    def _hasSpoken(self, run: Path) -> bool:
        """Whether a run told of itself since its trainer was started, or has nothing more to tell."""
        from mstkd.runs import RunState, read_run

        known, started = read_run(run), self._working[home(run)].started
        return known is not None and (known.state is RunState.FINISHED or known.changed >= started)
