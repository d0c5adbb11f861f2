"""Requests, read while others are worked on."""

from __future__ import annotations

import json
import os
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import psutil

from mstkd.errors import CancelledError
from mstkd.worker.channels import Events

GRACE_S = 60
"""How long a step without a cancellation point may last once the parent has gone."""


class Inbox:
    """Requests in their order, until one says to cancel or the input ends.

    A thread reads, so that both are noticed at any time. Before `ready` they end the process
    at once: while libraries are loaded nothing else could.
    """

    def __init__(self, requests: int, events: Events) -> None:
        self._descriptor = requests
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
        for line in lines(self._descriptor):
            if is_cancel(line):
                self.cancelled = True
                self._end()
            self._lines.put(line)
        self._end()
        time.sleep(GRACE_S)
        end_children()
        os._exit(1)  # a parent could end a worker that hangs, but there is none

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


def lines(descriptor: int) -> Iterator[bytes]:
    """Non-empty lines until the end of the input; an unfinished last one counts.

    Not by a file object: its lock, held by a waiting thread, would crash Python as it ends.
    """
    rest = b""
    while block := os.read(descriptor, 65536):
        *whole, rest = (rest + block).split(b"\n")
        yield from filter(bytes.strip, whole)
    if rest.strip():
        yield rest


def is_cancel(line: bytes) -> bool:
    try:
        request = json.loads(line)
    except ValueError:
        return False
    return isinstance(request, dict) and request.get("task") == "cancel"
