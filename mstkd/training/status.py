"""What a trainer says of itself while it lives: one record in the run's folder, and a heartbeat."""

from __future__ import annotations

import errno
import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from mstkd.runs import Event, RunState
from mstkd.runs.layout import BEAT_S, STATUS, STATUS_BYTES
from mstkd.runs.state import told

TRAINING = "Training"


class Status:
    """Writes ``run/status.json`` in place, so that also a full disk can be told of.

    Args:
        speaks: Whether this is the process that speaks for the run; the others only say why they failed.
    """

    def __init__(self, run: Path, device: str, speaks: bool = True) -> None:
        earlier = told(run)
        self._run, self._path, self._speaks = run, run / STATUS, speaks
        self._lock = threading.Lock()
        self._record: dict[str, Any] = {
            "state": RunState.PREPARING.value,
            "message": "",
            "text": "Starting",
            "step": earlier.step if earlier is not None else 0,
            "steps": earlier.steps if earlier is not None else 0,
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "device": device,
        }

    @property
    def step(self) -> int:
        return int(self._record["step"])

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Say that a trainer is there, and touch the record for as long as it is.

        Raises:
            OSError: The record cannot be made; later failures to write are passed over.
        """
        if not self._speaks:
            yield
            return
        self._write()
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()

    def tell(self, **changes: Any) -> None:
        """Change parts of the record; a disk that refuses is no reason to end a run."""
        if self._speaks:
            self._tell(changes)

    def listen(self, event: Event) -> None:
        """Follow the journal."""
        kind = event["event"]
        if kind == "prepare":
            self.tell(text=f"Preparing patient {event['done'] + 1} of {event['of']}, {event['case']}")
        elif kind == "start":
            self.tell(state=RunState.RUNNING.value, text=TRAINING, step=event["step"], steps=event["steps"])
        elif kind in ("step", "validation"):
            self.tell(text=TRAINING, step=event["step"])
        elif kind in ("paused", "resumed"):
            paused = kind == "paused"
            state = RunState.PAUSED if paused else RunState.RUNNING
            self.tell(state=state.value, text="" if paused else TRAINING)
        elif kind in ("stopped", "finished"):
            self.tell(state=kind, text="", step=event["step"])

    def fail(self, message: str) -> str:
        """Say why the run ended, unless another of its processes has done so: what follows from that tells less.

        Returns:
            What is told of it now.
        """
        now = told(self._run)
        if now is not None and now.state is RunState.FAILED:
            return now.message
        known = {} if now is None or self._speaks else {"step": now.step, "steps": now.steps, "device": now.device}
        self._tell({**known, "state": RunState.FAILED.value, "message": message, "text": ""})
        return message

    def _tell(self, changes: dict[str, Any]) -> None:
        with self._lock, suppress(OSError):
            self._record |= changes
            self._write()

    def _write(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        file = os.open(self._path, flags, 0o666)
        try:
            if os.write(file, _padded(self._record)) < STATUS_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        finally:
            os.close(file)

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(BEAT_S):
            with suppress(OSError):
                os.utime(self._path)


def _padded(record: dict[str, Any]) -> bytes:
    """The record at its fixed length; a message too long for it is cut."""
    data = _encoded(record)
    while len(data) > STATUS_BYTES:
        longest = max(("message", "text"), key=lambda name: len(record[name]))
        record = record | {longest: record[longest][: len(record[longest]) * 3 // 4] + "…"}
        data = _encoded(record)
    return data.ljust(STATUS_BYTES)


def _encoded(record: dict[str, Any]) -> bytes:
    return json.dumps(record, ensure_ascii=False).encode("utf-8", "replace")  # a file's name may be no UTF-8
