"""Two processes under torchrun (gloo) against one process with the same global batch: their loss curves.

Prints one JSON object; exit code 1 when a loss differs by more than 1e-5 relative.

    .venv/bin/python Testing/experiments/two_processes.py [--steps 20]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from small_run import write_config, write_patients

from mstkd.runs import read_journal

LIMIT = 1e-5
TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")


def losses(run: Path, launcher: tuple[str, ...], arguments: list[str]) -> list[float]:
    """Train and return the loss of each step."""
    command = [sys.executable, *launcher, "-m", "mstkd", "train", *arguments, "-o", str(run), "--device", "cpu"]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return [event["loss"] for event in read_journal(run) if event["event"] == "step"]


def experiment(folder: Path, steps: int) -> dict[str, object]:
    """Train the same configuration both ways and compare."""
    datalist = write_patients(folder / "patients")
    phases = [{"steps": steps, "patch": [24, 24, 24], "learning_rate": 5e-5}]
    config = write_config(
        folder / "config.yaml", phases=phases, validation={"every": steps, "combinations": ["flair", "flair+t1gd"]}
    )
    common = [str(config), "--data", str(datalist), "--cache", str(folder / "cache")]
    one, two = losses(folder / "one", (), common), losses(folder / "two", TORCHRUN, common)
    validations = [
        [event["dice"] for event in read_journal(folder / run) if event["event"] == "validation"]
        for run in ("one", "two")
    ]
    worst = max(abs(a - b) / abs(a) for a, b in zip(one, two, strict=True))
    return {"one": one, "two": two, "worst_relative_difference": worst, "validations": validations}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=20)
    with tempfile.TemporaryDirectory() as folder:
        report = experiment(Path(folder), parser.parse_args().steps)
    print(json.dumps(report, indent=1))
    sys.exit(report["worst_relative_difference"] > LIMIT)


if __name__ == "__main__":
    main()
