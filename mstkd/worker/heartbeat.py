"""A sign of life that a worker which hangs does not give."""

from __future__ import annotations

import threading
import time
from contextlib import suppress

import psutil

from mstkd.worker.channels import Events

EVERY_S = 2.0
NOTICEABLE_S = 0.02
"""Processor time in one interval that counts as work; waiting threads take some, too."""


def start_heartbeat(events: Events) -> None:
    """Emit ``alive`` every two seconds in which something was computed."""
    threading.Thread(target=_beat, args=(events,), name="heartbeat", daemon=True).start()


def _beat(events: Events) -> None:
    before = work_done()
    while True:
        time.sleep(EVERY_S)
        now = work_done()
        if abs(now - before) >= NOTICEABLE_S:  # a child that ended takes its seconds with it
            events.emit("alive")
        before = now


def work_done() -> float:
    """Processor seconds of this process and its living children (HD-BET), less this thread's own."""
    seconds = time.process_time()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            times = child.cpu_times()
            seconds += times.user + times.system
    return seconds - time.thread_time()
