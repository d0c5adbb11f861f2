"""The detached process that trains a run and outlives Slicer; what it does, its run's folder tells."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from pathlib import Path

from MSTKDLib.Engine import EngineError, command, engineFolder, environment, temporaryPath
from MSTKDLib.Translation import _
from MSTKDLib.Worker import OWN_GROUP, explain

LOG = "trainer.log"
ABLATION = "ablation.yaml"
REFUSED, REFUSAL = 2, "mstkd: "
"""Exit code and first word of a command that says in one sentence why it does not work."""
TAIL = 1 << 14


class Trainer:
    """One trainer that this Slicer started.

    Nothing is piped: a pipe would break with Slicer's end, and the trainer with it.

    Args:
        home: The run's folder, or that of an ablation.
        options: For the command line: cache, device.

    Attributes:
        started: When, in seconds since the epoch.

    Raises:
        EngineError: The system refuses.
    """

    def __init__(self, home: Path, options: list[str]) -> None:
        self._log, self.started = home / LOG, time.time()
        try:
            Path(temporaryPath()).mkdir(parents=True, exist_ok=True)
            with self._log.open("ab") as log:
                self._before = log.tell()
                self._process = subprocess.Popen(
                    command("mstkd", *_task(home), *options),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=environment(temporaryPath()),
                    cwd=engineFolder(),  # `-m` looks in the working folder first
                    **OWN_GROUP,
                )
        except OSError as error:
            raise EngineError(
                _("The trainer cannot be started in {folder} ({reason}); check free space and permissions.").format(
                    folder=home, reason=error.strerror or error
                )
            ) from None

    @property
    def running(self) -> bool:
        """Also reaps: a dead child that nobody asks about seems to live."""
        return self._process.poll() is None

    def explainEnd(self) -> str:
        """One sentence on why it ended; empty when all is well."""
        code = self._process.wait()
        line = self._lastLine()
        if code == REFUSED and line.startswith(REFUSAL):
            return line.removeprefix(REFUSAL)
        return explain(code, line) if code else ""

    def _lastLine(self) -> str:
        """Of what this trainer has written, not those before it."""
        with contextlib.suppress(OSError), self._log.open("rb") as log:
            end = log.seek(0, os.SEEK_END)
            log.seek(max(self._before, end - TAIL))
            lines = log.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else ""
        return ""


def home(run: Path) -> Path:
    """The folder that a trainer is started for: the run's own, or that of the ablation whose arm it is."""
    ablation = run.parents[1]
    return ablation if (ablation / ABLATION).is_file() else run


def _task(folder: Path) -> list[str]:
    if (folder / ABLATION).is_file():
        return ["ablate", str(folder / ABLATION), "--data", str(folder / "datalist.json"), "--output", str(folder)]
    return ["train", "--resume", str(folder)]
