"""What one full training step costs at 160 x 192 x 128: student, teacher, discriminator, optimisers.

Prints one JSON object with CPU-seconds and peak memory of a step of the presets `paper` and
`compact` (batch 1, the sample patient), medians over the turns, beside the published code's
296 CPU-seconds and 12.8 GB, and of `compact` in mixed precision, which a CPU without bfloat16 matrices
computes in 32 bits all the same: as it is, and with freed memory given back to the system. Each
measurement is a process of its own, and the presets take turns; the first step of a process warms up
and is not counted.

    .venv/bin/python Testing/benchmarks/step_cost.py [--turns 3]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

SAMPLE = Path(__file__).parents[2] / "Resources" / "SampleData" / "BraTS2021_01479"
PUBLISHED = {"cpu_seconds": 296.0, "peak_gb": 12.8}
GIVEN_BACK = "compact, mixed, memory given back"
WAYS = {"compact": "32-true", "compact, mixed": "bf16-mixed", GIVEN_BACK: "bf16-mixed", "paper": "32-true"}
"""Presets and what is changed in them, with the precision of each."""
STEPS = 2


class MeasuredError(Exception):
    """Ends a run before it writes a checkpoint, which would measure the disk."""


def measure(way: str, folder: Path) -> dict[str, float]:
    import torch

    from mstkd.inference.memory import peak_memory_gb
    from mstkd.training import loop
    from mstkd.training.config import PRESET_FOLDER, read_config
    from mstkd.training.devices import make_fabric
    from mstkd.training.run import continue_run, start_run

    files = {"flair": "flair", "t1": "t1", "t1gd": "t1c", "t2": "t2"}
    entry = {
        "id": SAMPLE.name,
        "dataset": "BraTS2021",
        "images": {sequence: str(SAMPLE / f"{name}.nii.gz") for sequence, name in files.items()},
        "label": str(SAMPLE / "seg.nii.gz"),
        "labels": "brats2018-21",
        "split": "train",
    }
    (folder / "datalist.json").write_text(json.dumps({"cases": [entry]}))
    changes = [
        "phases=[{steps: 100, patch: [160, 192, 128], learning_rate: 1.0e-4}]",
        "sampling.batch_size=1",
        "sampling.workers=0",
        "sampling.full_set_ramp=0",
        f"precision={WAYS[way]}",
    ]
    config = read_config(PRESET_FOLDER / f"{way.partition(',')[0]}.yaml", changes)
    start_run(config, folder / "datalist.json", folder / "run")
    found: list[dict[str, float]] = []

    def listen(event: dict[str, float | str]) -> None:
        if event["event"] == "step":
            spent = os.times()
            found.append({"cpu": spent.user + spent.system, "seconds": float(event["seconds"])})
            if len(found) > STEPS:
                raise MeasuredError

    if way == GIVEN_BACK:
        loop.keep_freed_memory = lambda: None
    try:
        fabric = make_fabric(torch.device("cpu"), config.precision)
        continue_run(folder / "run", config, cache=folder / "cache", fabric=fabric, listeners=(listen,))
    except MeasuredError:
        pass
    return {
        "cpu_seconds": (found[-1]["cpu"] - found[0]["cpu"]) / STEPS,
        "seconds": median(step["seconds"] for step in found[1:]),
        "peak_gb": peak_memory_gb(),
        "threads": torch.get_num_threads(),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--one", choices=WAYS)
    arguments = parser.parse_args()
    if arguments.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(measure(arguments.one, Path(folder))))
        return
    turns: list[dict[str, dict[str, float]]] = []
    for _ in range(arguments.turns):
        answers = {
            name: subprocess.run([sys.executable, __file__, "--one", name], stdout=subprocess.PIPE, check=True).stdout
            for name in WAYS
        }
        turns.append({name: json.loads(answer) for name, answer in answers.items()})
    report: dict[str, object] = {"size": (160, 192, 128), "turns": len(turns), "published": PUBLISHED}
    for name in WAYS:
        values = {key: round(median(turn[name][key] for turn in turns), 2) for key in turns[0][name]}
        shares = {f"{key}_over_published": round(values[key] / PUBLISHED[key], 3) for key in PUBLISHED}
        report[name] = values | shares
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
