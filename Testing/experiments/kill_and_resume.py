"""A run killed with SIGKILL at random moments and resumed each time against an uninterrupted one.

Prints one JSON object; exit code 1 when any weight differs in any bit.

    .venv/bin/python Testing/experiments/kill_and_resume.py [--kills 10] [--steps 200]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[1]))

from small_run import write_config, write_patients

from mstkd.runs import read_journal
from mstkd.training.checkpoint import load_checkpoint


def train(arguments: list[str], kill_after: float | None, journal: Path) -> int:
    """Run ``mstkd train``; SIGKILL it so many seconds after it has begun its steps. Returns the exit code."""
    begun = journal.stat().st_size if journal.exists() else 0
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # so small tensors only wait for each other's threads
    command = [sys.executable, "-m", "mstkd", "train", *arguments]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment)
    if kill_after is not None:
        while process.poll() is None and (not journal.exists() or journal.stat().st_size == begun):
            time.sleep(0.01)
        time.sleep(kill_after)
        process.kill()
    return process.wait()


def differing(a: object, b: object, name: str = "") -> list[str]:
    """Names of the values that are not the same to the last bit."""
    if isinstance(a, torch.Tensor):
        return [] if isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b) else [name]
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [found for key in a for found in differing(a[key], b[key], f"{name}.{key}")]
    if isinstance(a, list | tuple) and isinstance(b, list | tuple) and len(a) == len(b):
        return [found for i, (x, y) in enumerate(zip(a, b, strict=True)) for found in differing(x, y, f"{name}.{i}")]
    return [] if a == b else [name]


def experiment(folder: Path, kills: int, steps: int, seed: int = 0) -> dict[str, object]:
    """Train twice, once killed so often, and compare the checkpoints at the end."""
    rng = random.Random(seed)
    datalist = write_patients(folder / "patients")
    phases = [
        {"steps": steps // 2, "patch": [16, 16, 16], "learning_rate": 1e-3},
        {"steps": steps - steps // 2, "patch": [24, 24, 16], "learning_rate": 5e-4},
    ]
    config = write_config(
        folder / "config.yaml", phases=phases, checkpoint_every=7, validation={"every": 25, "combinations": ["flair"]}
    )
    common = ["--cache", str(folder / "cache"), "--device", "cpu"]
    whole, killed = folder / "whole", folder / "killed"
    fresh = [str(config), "--data", str(datalist), "-o"]
    assert train([*fresh, str(whole), *common], None, whole / "journal.jsonl") == 0
    seconds = sum(event["seconds"] for event in read_journal(whole) if event["event"] == "step")
    moments = []
    arguments = [*fresh, str(killed), *common]
    for _ in range(kills):
        wait = rng.uniform(0, 0.8 * seconds / kills)
        code = train(arguments, wait, killed / "journal.jsonl")
        moments.append({"seconds": round(wait, 3), "exit": code, "step": _last_step(killed)})
        arguments = ["--resume", str(killed), *common]
    assert train(arguments, None, killed / "journal.jsonl") == 0
    a, b = load_checkpoint(whole), load_checkpoint(killed)
    return {"steps": a["step"], "kills": moments, "differing": differing(a, b), "tensors": _tensors(a)}


def _last_step(run: Path) -> int:
    return max((event["step"] for event in read_journal(run) if event["event"] == "step"), default=0)


def _tensors(value: object) -> int:
    if isinstance(value, dict):
        return sum(map(_tensors, value.values()))
    if isinstance(value, list | tuple):
        return sum(map(_tensors, value))
    return int(isinstance(value, torch.Tensor))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--steps", type=int, default=200)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        report = experiment(Path(folder), arguments.kills, arguments.steps)
    print(json.dumps(report, indent=1))
    sys.exit(bool(report["differing"]))


if __name__ == "__main__":
    main()
