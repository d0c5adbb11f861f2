"""What the module does, without its panel: questions to the engine, and the runs, which outlive Slicer."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from MSTKDLib.Engine import EngineError
from MSTKDLib.Memory import Memory
from MSTKDLib.Translation import _

from .Monitor import RunMonitor
from .Questions import Questions
from .Trainers import Trainers

if TYPE_CHECKING:
    from mstkd.runs import Run, RunWatch

DEVICES = {"auto": "", "cpu": "cpu", "cuda": "cuda:0"}
"""What a user may choose, and what a run on it calls its device; for `auto` the engine says."""
LOOK_MS, CATCH_UP_MS = 1000, 100
"""Between two looks; the shorter while a long journal is being read."""
REST = 10
"""So many times as long as a look takes is the pause after it: a slow network share does not freeze Slicer."""


class TrainLogic(Questions):
    """Asks the engine, and starts, steers and watches training runs.

    A run is trained by a process of its own, which Slicer's end, crash included, leaves alone;
    all that is known of it is read from its folder.

    Attributes:
        runs: Those in `runsFolder`: the living by name, then the others, the last to give a sign first.
        monitor: Watches the attached run; None without one.
        onNews: Called when the monitor is another one, or has seen something new.
    """

    def __init__(self) -> None:
        import qt  # only where there is an application

        super().__init__()
        self.runs: list[Run] = []
        self.monitor: RunMonitor | None = None
        self.onNews: Callable[[], None] | None = None
        self._memory = Memory("MSTKDTrain")
        self._trainers = Trainers()
        self._watches: dict[Path, RunWatch] = {}
        self._watched, self._listed = False, 0.0
        self._timer = qt.QTimer()
        self._timer.connect("timeout()", lambda: self._tick())

    @property
    def runsFolder(self) -> Path:
        """Where runs are made and listed."""
        return Path(self._memory.remembered("runsFolder", str(Path.home() / "MSTKD" / "runs")))

    @runsFolder.setter
    def runsFolder(self, folder: Path) -> None:
        self._memory.remember("runsFolder", str(folder))
        self._watches.clear()
        self.look()

    @property
    def cacheFolder(self) -> Path:
        """Where preprocessed patients are kept, for all runs of the folder."""
        from mstkd.runs.layout import CACHE

        return self.runsFolder / CACHE

    @property
    def device(self) -> str:
        """What to train on: one of `DEVICES`."""
        return self._memory.remembered("device", "auto")

    @device.setter
    def device(self, device: str) -> None:
        self._memory.remember("device", device)

    def train(
        self,
        data: Path | str,
        preset: str = "compact",
        changes: Mapping[str, Any] | None = None,
        *,
        name: str = "",
        labels: Sequence[str] = (),
        validation: float = 0.1,
        test: float = 0.2,
        waitForCompletion: bool = True,
    ) -> Path:
        """Check a folder or list of patients, make a run of it and train it; for scripts.

        Args:
            changes: Settings that differ from the preset's, such as ``{"sampling.batch_size": 2}``.
            name: The run's; empty takes preset and day.
            labels: Label conventions that the data do not tell, ``NAME`` or ``DATASET=NAME``.
            validation, test: Shares of the patients.
            waitForCompletion: False returns as soon as the trainer is started.

        Returns:
            The run's folder.

        Raises:
            EngineError: One sentence on what is wrong with the data or the settings, or why the training failed.
        """
        from . import Script

        split = {"validation": validation, "test": test}
        run = Script.newRun(self, Path(data).absolute(), preset, changes or {}, name=name, labels=labels, **split)
        self.start(run)
        if waitForCompletion:
            Script.waitForEnd(self, run)
        return run

    def makeModel(
        self,
        run: Path,
        *,
        name: str,
        version: str,
        summary: str,
        licence: str,
        datasetLicences: Mapping[str, str],
        notFor: Sequence[str] = (),
    ) -> dict:
        """Make a model package of a run and measure it, on its test patients where there are some; for scripts.

        Args:
            datasetLicences: By the data set's name; also of the ``heads of synthetic patients`` where some were drawn.
            notFor: Sentences on what it must not be used for.

        Returns:
            ``model``, ``rows``, ``facts``, ``page`` and ``curves``, as ``finish_run`` of `mstkd.worker` gives them.

        Raises:
            EngineError: Something is not said, or the run cannot be packaged; one sentence.
        """
        from . import Script
        from .Finished import Description

        return Script.makeModel(
            self, Path(run), Description(name, version, summary, licence, datasetLicences, tuple(notFor))
        )

    def start(self, run: Path, shareDevice: bool = False) -> None:
        """Start a detached trainer for a new run, one that stopped, or a folder with ``ablation.yaml``.

        Args:
            shareDevice: Also where another run computes on the same device.

        Raises:
            EngineError: It is being trained already, or the trainer cannot be started.
        """
        from mstkd.runs.layout import PAUSE, STOP

        if self._trainers.has(run) or self._isAlive(run):
            raise EngineError(_("{name} is being trained already.").format(name=run.name))
        for asked in (PAUSE, STOP):  # of a trainer that died before it obeyed
            (run / asked).unlink(missing_ok=True)
        options = ["--cache", str(self.cacheFolder), "--device", self.device]
        self.message = ""
        self._trainers.start(run, options + ["--share-device"] * shareDevice)
        self.look()

    def pause(self, run: Path) -> None:
        """Ask the trainer for a checkpoint, and to wait."""
        from mstkd.runs import ask_pause

        ask_pause(run)

    def resume(self, run: Path, shareDevice: bool = False) -> None:
        """Let a paused trainer go on, or start a new one from the last checkpoint; raises as `start`."""
        from mstkd.runs import ask_resume

        if self._isAlive(run):
            ask_resume(run)
        else:
            self.start(run, shareDevice)

    def stop(self, run: Path) -> None:
        """Ask the trainer for a checkpoint and its end."""
        from mstkd.runs import ask_stop

        ask_stop(run)

    def attach(self, run: Path | None) -> None:
        """Watch a run; only its folder is read."""
        self.monitor = RunMonitor(run) if run is not None else None
        self._memory.remember("attached", str(run or ""))
        self.look()
        self._tellNews()

    def attachAgain(self) -> None:
        """Watch the run that was watched last, whatever became of it, if it is still there."""
        from mstkd.runs import read_run

        last = self._memory.remembered("attached")
        if self.monitor is None and last and read_run(Path(last)) is not None:
            self.attach(Path(last))

    @property
    def silent(self) -> list[Path]:
        """Folders with a trainer of ours but no living run: it starts, or an ablation is between two arms."""
        return self._trainers.silent(self.runs)

    def isStarting(self, run: Path) -> bool:
        """Whether a trainer was started for a run that has not said anything yet."""
        return self._trainers.isStarting(run, self.runs)

    def problem(self, run: Run) -> str:
        """What ended a run, in one sentence; empty when nothing did."""
        from mstkd.runs import RunState

        if run.state not in (RunState.INTERRUPTED, RunState.WAITING):
            return run.message
        silent = _("The training ended without a word, as when it is killed or the computer goes off; resume it.")
        return self._trainers.whyEnded(run.folder) or (silent if run.state is RunState.INTERRUPTED else "")

    def rivals(self, device: str | None = None, run: Path | None = None) -> list[Run]:
        """Runs that this computer trains on the device, of which there is one each.

        Args:
            device: As the engine calls it; None takes the chosen one, and every device while that is not known.
            run: Not counted.
        """
        chosen = self.device
        if chosen == "auto" and self._session.device:
            chosen = self._session.device["device"]
        asked = device or chosen
        wanted = DEVICES.get(asked, asked)
        mine = [other for other in self.aliveHere() if other.folder != run]
        return [other for other in mine if not (wanted and other.device) or wanted == other.device]

    def aliveHere(self) -> list[Run]:
        """The runs that this computer trains."""
        return [run for run in self.runs if run.state.alive and run.host == socket.gethostname()]

    def watch(self, on: bool) -> None:
        """Look at the runs every second; switched off, it goes on while one lives."""
        self._watched = on
        if on:
            self.look()

    def look(self) -> None:
        """Look at all runs now."""
        self._listed = 0.0
        self._tick(isAsked=True)

    def close(self) -> None:
        """End questions and looking; runs go on."""
        super().close()
        self._timer.stop()

    def _tick(self, isAsked: bool = False) -> None:
        began, before = time.monotonic(), self._stand()
        self._hearTrainers()
        if time.monotonic() - self._listed >= LOOK_MS / 1000:
            self._list()
        if self.monitor is not None and self.monitor.poll():
            self._tellNews()
        if isAsked or self._watched or before != self._stand():
            self._changed()
        if self._watched or self._trainers.any or any(run.state.alive for run in self.runs):
            pause = CATCH_UP_MS if self.monitor is not None and self.monitor.behind else LOOK_MS
            self._timer.start(max(pause, round(REST * 1000 * (time.monotonic() - began))))
        else:
            self._timer.stop()

    def _stand(self) -> tuple:
        """What is worth a new look of a panel that nobody sees."""
        return self.message, [(run.folder, run.state) for run in self.runs]

    def _tellNews(self) -> None:
        if self.onNews is not None:
            self.onNews()

    def _list(self) -> None:
        from mstkd.runs import list_runs

        runs = [self._judged(run) for run in list_runs(self.runsFolder)]
        # Living runs by name: they give signs in turn, and the list would change under the mouse.
        self.runs = sorted(runs, key=lambda run: (False, run.name) if run.state.alive else (True, ""))
        self._listed = time.monotonic()

    def _judged(self, run: Run) -> Run:
        """A run that was seen alive is dead only when its watch says so: a laptop's sleep is no death."""
        from mstkd.runs import RunWatch

        if run.state.alive:
            self._watches.setdefault(run.folder, RunWatch(run.folder))
        watch = self._watches.get(run.folder)
        return (watch.look() or run) if watch is not None else run

    def _isAlive(self, run: Path) -> bool:
        from mstkd.runs import read_run

        known = read_run(run)
        return known is not None and known.state.alive

    def _hearTrainers(self) -> None:
        """Say why a trainer of ours ended, where the panel does not say it beside the run."""
        attached = self.monitor.folder if self.monitor is not None and self.monitor.run is not None else None
        for folder, reason in self._trainers.ended():
            if folder != attached:
                self.message = _("{name}: {reason}").format(name=folder.name, reason=reason)
