"""How far the estimate of a training lies from what the training then takes.

Estimates three configurations, then really trains them for some steps on the same cases (the
sample patient, as if it were four), with one validation before the last step. Prints one JSON
object with ratios, estimated over measured: 1 is right. Estimate and run each are a process of
their own. On a machine that others use, run it more than once.

    .venv/bin/python Testing/benchmarks/estimate_against_run.py [--only NAME] [--device cpu]
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import fmean
from typing import Any

SAMPLE = Path(__file__).parents[2] / "Resources" / "SampleData" / "BraTS2021_01479"
FILES = {"flair": "flair", "t1": "t1", "t1gd": "t1c", "t2": "t2"}
PATIENTS = {"a": "train", "b": "train", "c": "train", "d": "validation"}
NARROW = (
    "network={stem_stride: 2, channels: [8, 24, 64], blocks: [1, 1, 1], hidden: 64, heads: 4, layers: 4, "
    "taps: [2, 4], feed_forward: 128, scale_channels: [32, 32]}"
)
STEPS, WARM_UP = 8, 1
"""Steps that are really trained with each, and those that are not counted."""


def settings(patch: str, batch: int, *more: str) -> list[str]:
    return [
        f"phases=[{{steps: {STEPS}, patch: {patch}, learning_rate: 8.0e-4}}]",
        f"sampling.batch_size={batch}",
        "sampling.workers=1",
        "deep_supervision=[]",
        "validation.combinations=[flair+t1+t1gd+t2]",
        f"validation.every={STEPS - 1}",
        "checkpoint_every=100",
        *more,
    ]


CONFIGURATIONS = {
    "compact, 48, batch 2": settings("[48, 48, 48]", 2),
    "compact, 64, batch 1": settings("[64, 64, 64]", 1),
    "narrow, 96 x 64 x 64, batch 1": settings("[96, 64, 64]", 1, NARROW),
}


def command(*arguments: object) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", "mstkd", *map(str, arguments)], stdout=subprocess.PIPE, text=True, check=True
    )
    return answer.stdout


def compare(name: str, folder: Path, datalist: Path, device: str) -> dict[str, Any]:
    changes = [part for change in CONFIGURATIONS[name] for part in ("--set", change)]
    places = ["--cache", folder / "cache", "--device", device]
    estimate = json.loads(
        command("estimate", "compact", "--data", datalist, *changes, *places, "--runs", folder, "--json")
    )
    command("train", "compact", "--data", datalist, "-o", folder / "run", *changes, *places)
    events = [json.loads(line) for line in (folder / "run" / "journal.jsonl").read_text().splitlines()]
    steps = [event for event in events if event["event"] == "step"]
    (_, validation) = (event for event in events if event["event"] == "validation")  # the first one warms up
    seconds = fmean(step["seconds"] + step["waited"] for step in steps[WARM_UP:])
    measured = {
        "epoch_seconds": seconds * estimate["steps_per_epoch"],
        "memory_gb": steps[-1]["memory_gb"],  # with what the validation before it took
        "validation_seconds": validation["seconds"],
    }
    estimated = {
        "epoch_seconds": estimate["phases"][0]["seconds_per_epoch"],
        "memory_gb": estimate["memory_gb"],
        "validation_seconds": estimate["validation_seconds"],
    }
    ratios = {key: round(estimated[key] / measured[key], 3) for key in measured}
    return {"estimated": rounded(estimated), "measured": rounded(measured), "ratios": ratios}


def rounded(values: dict[str, float]) -> dict[str, float]:
    return {key: round(value, 2) for key, value in values.items()}


def write_datalist(folder: Path) -> Path:
    entries = [
        {
            "id": name,
            "dataset": "BraTS2021",
            "images": {sequence: str(SAMPLE / f"{file}.nii.gz") for sequence, file in FILES.items()},
            "label": str(SAMPLE / "seg.nii.gz"),
            "labels": "brats2018-21",
            "split": split,
        }
        for name, split in PATIENTS.items()
    ]
    (folder / "datalist.json").write_text(json.dumps({"cases": entries}))
    return folder / "datalist.json"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", choices=CONFIGURATIONS)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    report = {}
    for name in [arguments.only] if arguments.only else CONFIGURATIONS:
        folder = Path(tempfile.mkdtemp())
        try:
            report[name] = compare(name, folder, write_datalist(folder), arguments.device)
        finally:
            shutil.rmtree(folder)
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
