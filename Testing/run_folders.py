"""Run folders as trainers leave them, without training."""

from __future__ import annotations

import json
import os
import socket
import time
from pathlib import Path

TERMS = {"loss": 0.9, "dice": 0.5, "evd": 0.1, "mst": 0.1, "learning_rate": 1e-3, "seconds": 2.0, "waited": 0.0}
CONFIG = {
    "sampling": {"batch_size": 2},
    "phases": [{"steps": 100, "patch": [16, 16, 16]}],
    "validation": {"every": 40},
}


def write_status(run: Path, state: str, **values: object) -> None:
    """The status as a trainer of this computer writes it; this process stands for the trainer's."""
    record = {"state": state, "message": "", "text": "", "step": 40, "steps": 100}
    record |= {"pid": os.getpid(), "host": socket.gethostname(), "device": "cpu"} | values
    (run / "status.json").write_text(json.dumps(record).ljust(4096))


def write_run(folder: Path, name: str, state: str, *, scores: dict[int, float] | None = None, **values) -> Path:
    """A run that has done 40 of 100 steps, of 2 s each."""
    run = folder / name
    run.mkdir(parents=True)
    (run / "config.yaml").write_text("seed: 1\n")
    events = [{"event": "start", "step": 0, "steps": 100, "cases": 20, "config": CONFIG, "device": "cpu"}]
    for step in range(1, 41):
        events.append({"event": "step", "step": step, **TERMS})
        if step in (scores or {}):
            events.append({"event": "validation", "step": step, "dice": {}, "score": scores[step], "seconds": 1.0})
    lines = [json.dumps({"time": time.mktime((2026, 11, 5, 9, 30, 0, 0, 0, -1)), **event}) for event in events]
    (run / "journal.jsonl").write_text("\n".join(lines) + "\n")
    if state != "waiting":
        write_status(run, state, **values)
    return run
