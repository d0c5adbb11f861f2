"""The worker's events, out of the reach of libraries."""

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
        """Write one event. When nobody reads any more, the parent's end says so, not this."""
        line = json.dumps({"event": event, **values}).encode() + b"\n"
        with self._lock, suppress(OSError):
            self._stream.write(line)
            self._stream.flush()


def open_events() -> Events:
    """The events; to be called once, before anything is loaded.

    From then on standard output is standard error, so what libraries print is no event.
    """
    events = os.dup(1)
    sys.stdout.flush()
    os.dup2(2, 1)
    return Events(os.fdopen(events, "wb"))
