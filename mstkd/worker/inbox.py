"""Requests, read while others are worked on.

They come in a file: PythonSlicer, between Slicer and this process, is not known to hand on its standard
input on every system.
"""

from __future__ import annotations

import io
import json
import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

from mstkd.errors import CancelledError
from mstkd.worker.channels import Events

LOOK_S = 0.1
"""Between two looks into the file."""
LOOKS_AT_FILE = 10
"""For each look at the parent, which costs more; a worker that waits must not count as one that works."""
GRACE_S = 60
"""How long a step without a cancellation point may last after the end was asked for or the parent has gone."""


class Inbox:
    """Requests in their order, until one says to cancel or the parent has gone.

    A thread reads, so that both are noticed at any time. Before `ready` they end the process
    at once: while libraries are loaded nothing else could.

    Args:
        requests: The file to which the parent appends them, each one line.
        parent: Its process number.
    """

    def __init__(self, requests: Path, parent: int, events: Events) -> None:
        # Unbuffered: a buffer has a lock, which, held by a waiting thread, would crash Python as it ends.
        self._stream = requests.open("rb", buffering=0)
        self._parent = parent
        self._events = events
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._stop = threading.Event()
        self.cancelled = False
        """Whether the end was asked for, not only the parent gone."""
        threading.Thread(target=self._read, name="requests", daemon=True).start()

    def requests(self) -> Iterator[bytes]:
        """The lines, as they come; the first call says that the worker is ready for them."""
        self._ready.set()
        while (line := self._lines.get()) is not None and not self.stopped():
            yield line

    def stopped(self) -> bool:
        return self._stop.is_set()

    def check(self) -> None:
        """Raise CancelledError when it is time to stop."""
        if self.stopped():
            raise CancelledError("stopped before the result was complete")

    def _read(self) -> None:
        for line in lines(self._stream, self._parent):
            self.cancelled = is_cancel(line)
            if self.cancelled:
                break
            self._lines.put(line)
        self._end()
        time.sleep(GRACE_S)
        end_children()
        os._exit(1)  # a parent could end a worker that hangs, but there may be none

    def _end(self) -> None:
        if not self._ready.is_set():
            if self.cancelled:
                self._events.emit("cancelled")
            os._exit(0)
        self._stop.set()
        self._lines.put(None)


def end_children() -> None:
    """End what this process has started (HD-BET), which would otherwise go on without it."""
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            child.kill()


def lines(stream: io.RawIOBase, parent: int) -> Iterator[bytes]:
    """Non-empty lines as they are appended to a file, until the process that appends them has gone.

    A file that cannot be read any more counts as that, too: no request would be heard again.
    """
    rest = b""
    with suppress(psutil.Error, OSError):
        appending = psutil.Process(parent)
        while appending.is_running() and appending.status() != psutil.STATUS_ZOMBIE:
            for _ in range(LOOKS_AT_FILE):
                *whole, rest = (rest + stream.read()).split(b"\n")
                yield from filter(bytes.strip, whole)
                time.sleep(LOOK_S)


def is_cancel(line: bytes) -> bool:
    try:
        request = json.loads(line)
    except ValueError:
        return False
    return isinstance(request, dict) and request.get("task") == "cancel"
