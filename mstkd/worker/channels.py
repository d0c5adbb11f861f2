"""The worker's two channels, out of the reach of libraries."""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from typing import Any, BinaryIO


class Events:
    """Writes events, each one line; threads may share it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def emit(self, event: str, **values: Any) -> None:
        """Write one event. When nobody reads any more, the end of the input says so, not this."""
        line = json.dumps({"event": event, **values}).encode() + b"\n"
        with self._lock, suppress(OSError):
            self._stream.write(line)
            self._stream.flush()


def open_channels() -> tuple[int, Events]:
    """The file descriptor of requests, and events; to be called once, before anything is loaded.

    From then on standard output is standard error, so what libraries print is no event, and
    standard input is empty, so no library and no child process takes a request away. On
    Windows, loading numpy would also hang while a thread reads from the standard input itself
    (numpy issue 24290).
    """
    requests, events = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123  a device, not a path
        os.dup2(nothing.fileno(), 0)
    sys.stdout.flush()
    os.dup2(2, 1)
    return requests, Events(os.fdopen(events, "wb"))
