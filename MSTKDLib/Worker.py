"""The engine's child process `mstkd.worker`: JSON lines both ways, and never a blocking read."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from .Engine import EngineError, command, engineFolder, environment, temporaryFolder
from .Translation import _

# A group of its own can be ended as a whole; on Windows, no console window either.
OWN_GROUP = (
    {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
    if sys.platform == "win32"
    else {"start_new_session": True}
)
KILLED = (-9, 137)
"""Exit codes of a process that the system killed."""
KILLED_BEHIND_LAUNCHER = "exit abnormally"
"""What PythonSlicer says, with exit code 1, when the interpreter that it started was killed or crashed."""
WAIT_SECONDS = 5
"""A process that hangs in a driver does not go even when killed; Slicer does not wait for it."""


LOGGED_LINES = 50
ASLEEP_SECONDS = 10
"""No one looks that rarely, unless everything stood still."""


class WorkerProcess:
    """One child process that answers many requests.

    It writes into files, which are read as far as they have grown: a pipe would need a
    reading thread, and Python threads starve while Qt's event loop runs. It is also spoken to
    through a file: whether PythonSlicer hands on what is written to it depends on the system.

    Attributes:
        ready: The worker's `ready` event, once it has been read.
    """

    def __init__(self) -> None:
        self.ready: dict | None = None
        self._folder = temporaryFolder()
        answers, complaints, requests = (
            Path(self._folder.name) / name for name in ("answers", "complaints", "requests")
        )
        self._requests = requests.open("ab")
        with answers.open("wb") as out, complaints.open("wb") as err:
            self.process = subprocess.Popen(
                command("mstkd.worker", str(requests), str(os.getpid())),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=environment(self._folder.name),
                cwd=engineFolder(),  # `-m` looks in the working folder first
                **OWN_GROUP,
            )
        self._answers = answers.open("rb")
        self._complaints = complaints
        self._heard = self._looked = time.monotonic()

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    @property
    def silence(self) -> float:
        """Seconds since the last sign of life; the worker gives one every few seconds while it works."""
        return time.monotonic() - self._heard

    def send(self, request: dict[str, object]) -> None:
        """Hand over a request; a worker that has died is found dead at the next look.

        Raises:
            EngineError: The disk refuses.
        """
        self._heard = time.monotonic()
        try:
            self._requests.write(json.dumps(request).encode() + b"\n")
            self._requests.flush()
        except OSError:
            raise EngineError(
                _("The engine cannot be asked, as {folder} cannot be written; free some disk space.").format(
                    folder=self._folder.name
                )
            ) from None

    def events(self) -> list[dict]:
        """The events that came since the last call."""
        now, before = time.monotonic(), self._looked
        if now - before > ASLEEP_SECONDS:  # the computer slept, and the worker with it
            self._heard = now
        self._looked = now
        events = []
        while line := self._answers.readline():
            if not line.endswith(b"\n"):  # still being written
                self._answers.seek(-len(line), os.SEEK_CUR)
                break
            events.append(json.loads(line))
        if events:
            self._heard = now
        self.ready = next((event for event in events if event["event"] == "ready"), self.ready)
        return events

    def explainEnd(self) -> str:
        """One sentence on why the worker ended without an answer."""
        lines = self._complaints.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        logging.error("The engine ended without an answer:\n%s", "\n".join(lines[-LOGGED_LINES:]))
        return explain(self.process.wait(), lines[-1] if lines else "")

    def end(self) -> None:
        """End the process and all it started: PythonSlicer is a launcher, the interpreter is its child."""
        with contextlib.suppress(EngineError):
            self.send({"task": "cancel"})  # taskkill finds no interpreter whose launcher has gone
        with contextlib.suppress(OSError):
            self._requests.close()
        if sys.platform == "win32":
            taskkill = ["taskkill", "/PID", str(self.process.pid), "/T", "/F"]
            subprocess.run(taskkill, capture_output=True, check=False, creationflags=subprocess.CREATE_NO_WINDOW)
        else:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(WAIT_SECONDS)
        self._answers.close()
        self._folder.cleanup()


def explain(code: int, lastLine: str) -> str:
    """One sentence on why a worker ended without an answer."""
    if code in KILLED or KILLED_BEHIND_LAUNCHER in lastLine:
        return _(
            "The engine crashed or was killed by the system, probably for lack of memory; "
            "close other programs and try again."
        )
    if "No module named" in lastLine:
        return _("The engine cannot start ({reason}); install its Python packages.").format(reason=lastLine)
    return _("The engine stopped with exit code {code} ({reason}); try again.").format(
        code=code, reason=lastLine or _("no message")
    )


def startWorker() -> WorkerProcess:
    """Start a worker.

    Raises:
        EngineError: The system refuses to start it.
    """
    try:
        return WorkerProcess()
    except OSError as error:
        raise EngineError(
            _("The engine cannot be started ({reason}); reinstall the extension.").format(reason=error)
        ) from None
