"""How often rightly named images are doubted, and how often two swapped ones are found and named.

Each case is a folder with some of flair, t1, t1c and t2 (.nii.gz) on one grid, with or
without the skull; brain masks are not needed. Prints one JSON object for the cases of a
model's training and one for those it holds out, by the given card.

    .venv/bin/python Testing/experiments/intensity_check.py CASES --card Resources/Models/compact-student/card.json
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import TypeVar

import numpy as np

from mstkd.modalities import CHANNELS, Modality
from mstkd.preprocessing import Grid, read_volume, resample, world_grid
from mstkd.preprocessing.intensity import air_value, head_mask
from mstkd.recognition.intensities import check_intensities

FILES = {Modality.FLAIR: "flair", Modality.T1: "t1", Modality.T1GD: "t1c", Modality.T2: "t2"}
STRIPPED_AIR = 0.5
"""Share of voxels that are exactly air from which on the skull was stripped."""
T = TypeVar("T")
NAMES = {modality: f"<{modality.label}>" for modality in CHANNELS}


def read(folder: Path) -> tuple[dict[Modality, np.ndarray], dict[Modality, float], np.ndarray]:
    """The images at 1 mm, their air, and the brain where the skull was stripped, else the head."""
    images, airs, inside = {}, {}, []
    for modality, stem in FILES.items():
        path = folder / f"{stem}.nii.gz"
        if not path.exists():
            continue
        volume = read_volume(path)
        source = Grid(volume.shape, volume.affine)
        air = air_value(volume.array)
        airs[modality] = air
        image = resample(volume.array, source, world_grid(source), outside=air)
        stripped = np.mean(volume.array == air) > STRIPPED_AIR
        inside.append(image != air if stripped else head_mask(image, air))
        images[modality] = image
    return images, airs, np.logical_and.reduce(inside)


def swapped(things: dict[Modality, T], first: Modality, second: Modality) -> dict[Modality, T]:
    return {**things, first: things[second], second: things[first]}


def measure(folders: list[Path]) -> dict[str, object]:
    false: dict[str, list[str]] = {}
    found: dict[str, list[int]] = {}
    for folder in folders:
        images, air, brain = read(folder)
        if warnings := check_intensities(images, air, brain, NAMES):
            false[folder.name] = warnings
        for first, second in itertools.combinations(images, 2):
            tally = found.setdefault(f"{first.label}<->{second.label}", [0, 0])
            warnings = check_intensities(swapped(images, first, second), swapped(air, first, second), brain, NAMES)
            tally[0] += any(NAMES[first] in warning and NAMES[second] in warning for warning in warnings)
            tally[1] += 1
    detected = {pair: f"{hits} of {cases}" for pair, (hits, cases) in found.items()}
    return {"cases": len(folders), "false warnings": false, "swaps found": detected}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", type=Path)
    parser.add_argument("--card", type=Path, required=True, help="Model card that names the cases held out.")
    arguments = parser.parse_args()
    held_out = set(json.loads(arguments.card.read_text())["training"]["held_out"])
    folders = sorted(folder for folder in arguments.cases.iterdir() if folder.is_dir())
    report = {
        "training": measure([f for f in folders if f.name not in held_out]),
        "held out": measure([f for f in folders if f.name in held_out]),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
