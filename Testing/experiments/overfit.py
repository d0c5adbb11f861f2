"""The full objective on one patient: can the student learn it from every subset?

Trains on the sample patient, cut to 64 mm at the edge of the tumour, without augmentation,
and measures the same patient. Prints Dice per combination as one JSON object; exit code 1
when whole tumour stays below 0.95 with all sequences or 0.90 with a single one.

    .venv/bin/python Testing/experiments/overfit.py [--steps 300]
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

import nibabel as nib
import torch

from mstkd.data.cache import load_cached
from mstkd.data.datalist import read_datalist
from mstkd.modalities import COMBINATIONS, describe
from mstkd.network import MSTKDNet
from mstkd.training.checkpoint import load_checkpoint
from mstkd.training.config import PRESET_FOLDER, read_config
from mstkd.training.devices import make_fabric
from mstkd.training.run import continue_run, start_run
from mstkd.training.validation import figures_of, validation_dice

SAMPLE = Path(__file__).parents[2] / "Resources" / "SampleData" / "BraTS2021_01479"
BOX = (slice(52, 116), slice(44, 108), slice(46, 110))
FILES = {"flair": "flair", "t1": "t1", "t1gd": "t1c", "t2": "t2"}


def write_patient(folder: Path) -> Path:
    """64 mm of the sample patient at the edge of the tumour, and a datalist that trains on it."""
    for name in [*FILES.values(), "seg"]:
        image = nib.load(SAMPLE / f"{name}.nii.gz")
        nib.save(image.slicer[BOX], folder / f"{name}.nii.gz")
    entry = {
        "id": SAMPLE.name,
        "dataset": "BraTS2021",
        "images": {sequence: f"{name}.nii.gz" for sequence, name in FILES.items()},
        "label": "seg.nii.gz",
        "labels": "brats2018-21",
        "split": "train",
    }
    path = folder / "datalist.json"
    path.write_text(json.dumps({"cases": [entry]}))
    return path


def experiment(folder: Path, steps: int) -> dict[str, object]:
    """Train and measure."""
    datalist = write_patient(folder)
    config = read_config(
        PRESET_FOLDER / "quick.yaml",
        [
            f"phases=[{{steps: {steps}, patch: [64, 64, 64], learning_rate: 1.0e-3}}]",
            "sampling.augmentation=none",
            "sampling.batch_size=4",
            "sampling.full_set_ramp=0",
            f"validation.every={steps}",
        ],
    )
    fabric = make_fabric(torch.device("cpu"), config.precision)
    start_run(config, datalist, folder / "run")
    assert continue_run(folder / "run", config, cache=folder / "cache", fabric=fabric)
    network = MSTKDNet(config.architecture)
    network.load_state_dict(load_checkpoint(folder / "run")["average"]["network"])
    case = load_cached(read_datalist(datalist)[0], folder / "cache")
    dice = {
        describe(c): figures_of(validation_dice(network, [case], [c], fabric, stop=lambda: False)).popitem()[1]
        for c in COMBINATIONS
    }
    singles = [dice[describe(c)]["WT"] for c in COMBINATIONS if len(c) == 1]
    return {
        "steps": steps,
        "dice": dice,
        "all_wt": dice[describe(COMBINATIONS[-1])]["WT"],
        "worst_single_wt": min(singles),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=300)
    with tempfile.TemporaryDirectory() as folder:
        report = experiment(Path(folder), parser.parse_args().steps)
    print(json.dumps(report, indent=1))
    sys.exit(not (report["all_wt"] > 0.95 and report["worst_single_wt"] > 0.9))


if __name__ == "__main__":
    main()
