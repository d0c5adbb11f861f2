"""What a strong bias field costs, and what its correction saves: whole-tumour Dice of each sequence alone.

    python Testing/experiments/bias_fields.py MODEL DATALIST CASE... -o FILE

Each sequence is multiplied by what a coil 110 mm from the head's middle would receive, which falls with the squared
distance; the strength is the standard deviation of its logarithm in the brain. Everything after, the brain mask too,
sees the brightened image. Writes and prints a JSON object: means of the Dice (%) with the field kept and corrected, and
how often it was found strong enough to be corrected.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from mstkd.data.datalist import Case, read_datalist
from mstkd.evaluation import region_dice
from mstkd.inference import segment
from mstkd.modalities import CHANNELS, Modality
from mstkd.models import ModelPackage, load_package
from mstkd.preprocessing import Grid, Preprocessed, Volume, preprocess, read_labels, resample_labels
from mstkd.regions import Region

STRENGTHS = (0.0, 0.1, 0.2, 0.3)
DISTANCE_MM, RADIUS_MM = 110.0, 30.0
CPU = torch.device("cpu")
Truth = tuple[np.ndarray, Grid]


def brightened(volume: Volume, brain: np.ndarray, strength: float, towards: np.ndarray) -> Volume:
    """The volume as a coil in a direction (RAS) receives it; the brain is ``(I, J, K)`` bool on its grid."""
    points = np.moveaxis(np.indices(volume.shape), 0, -1) @ volume.affine[:3, :3].T
    coil = points[brain].mean(axis=0) + DISTANCE_MM * towards / np.linalg.norm(towards)
    logarithm = -np.log(((points - coil) ** 2).sum(axis=-1) + RADIUS_MM**2)
    logarithm = strength * (logarithm - logarithm[brain].mean()) / logarithm[brain].std()
    lowest = volume.array.min()
    array = (volume.array - lowest) * np.exp(logarithm) + lowest
    return replace(volume, array=array.astype(np.float32), source=f"{volume.source}, brightened", header=None)


def measure(case: Case, model: ModelPackage) -> Iterator[dict]:
    truth = read_labels(case.label)
    tissues = case.convention.decode(truth.array, str(case.label)), Grid(truth.shape, truth.affine)
    random = np.random.default_rng(int.from_bytes(case.id.encode()[-4:], "big"))
    for modality in (m for m in CHANNELS if m in case.images):
        volume, towards = case.read(modality), random.normal(size=3)
        brain = preprocess({modality: volume}, device=CPU).prepared.brain_on_reference()
        for strength in STRENGTHS:
            row = {"case": case.id, "split": case.split, "sequence": modality.label, "strength": strength}
            row |= dice({modality: brightened(volume, brain, strength, towards)}, model, tissues)
            print(json.dumps(row), flush=True)
            yield row


def dice(given: dict[Modality, Volume], model: ModelPackage, truth: Truth) -> dict[str, float]:
    """Of the whole tumour, in per cent, with the field corrected if it is strong and with it kept."""

    def score(done: Preprocessed) -> float:
        found = segment(done.prepared, model, device=CPU)
        there = resample_labels(*truth, found.patient.reference_grid)
        return round(100 * region_dice(found.tissues, there)[Region.WT], 1)

    done = preprocess(given, device=CPU)
    strong = bool(done.prepared.corrected)
    row = {"strong": strong, "corrected": score(done)}
    if not strong:
        return row | {"kept": row["corrected"]}
    with mock.patch("mstkd.preprocessing.patient.without_strong_field", return_value=None):
        return row | {"kept": score(preprocess(given, device=CPU))}


def summary(rows: list[dict]) -> dict[str, dict]:
    """Means per sequence and strength."""
    means: dict[str, dict] = {}
    for sequence in {row["sequence"]: None for row in rows}:
        for strength in STRENGTHS:
            these = [row for row in rows if row["sequence"] == sequence and row["strength"] == strength]
            arms = {arm: round(float(np.mean([row[arm] for row in these])), 1) for arm in ("kept", "corrected")}
            counts = {"cases": len(these), "strong": sum(row["strong"] for row in these)}
            means.setdefault(sequence, {})[f"{strength:g}"] = counts | arms
    return means


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("datalist", type=Path)
    parser.add_argument("cases", nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    cases = {case.id: case for case in read_datalist(options.datalist)}
    model = load_package(options.model)
    rows = [row for name in options.cases for row in measure(cases[name], model)]
    result = {"means": summary(rows), "rows": rows}
    options.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result["means"], indent=1))


if __name__ == "__main__":
    main()
