"""A worker as a child process, spoken to as the module speaks to it."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
PATIENCE_S = 120


class WorkerProcess:
    """The worker in a process group of its own; ended with the context, whatever it does."""

    def __init__(self, module: tuple[str, ...] = ("-m", "mstkd.worker"), **environment: str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        requests = Path(self._folder.name) / "requests"
        self._requests = requests.open("ab")
        self._parent = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        self.process = subprocess.Popen(
            [sys.executable, "-u", *module, str(requests), str(self._parent.pid)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env={**os.environ, **environment},
            start_new_session=True,
        )
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()
        self.process.wait()
        self.hang_up()
        self._parent.wait()
        self._requests.close()
        self._folder.cleanup()

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)

    def _read(self) -> None:
        for line in self.process.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def ask(self, **request: object) -> None:
        self.send(json.dumps(request))

    def send(self, text: str) -> None:
        self._requests.write(text.encode() + b"\n")
        self._requests.flush()

    def hang_up(self) -> None:
        """End the process that the worker takes for its parent; nobody asks for its end yet, so it stays a zombie."""
        self._parent.kill()

    def event(self) -> dict | None:
        """The next event; None at the end of the output."""
        line = self._lines.get(timeout=PATIENCE_S)
        return None if line is None else json.loads(line)

    def is_silent(self, seconds: float) -> bool:
        """Whether no event comes for so long; what waited to be read before does not count."""
        time.sleep(0.1)
        while not self._lines.empty():
            self._lines.get()
        time.sleep(seconds)
        return self._lines.empty()

    def until(self, *kinds: str) -> list[dict]:
        """The events up to the first of these kinds, or to the end."""
        events: list[dict] = []
        while not events or events[-1]["event"] not in kinds:
            event = self.event()
            if event is None:
                break
            events.append(event)
        return events

    def exit_code(self) -> int:
        return self.process.wait(PATIENCE_S)
