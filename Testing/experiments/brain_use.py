"""What a brain mask does for the whole tumour's Dice on head-on patients; the network is not trained anew.

Compares, per subset of sequences, against the reference on the patient's own grid:
head (z-score in the head, as `prepare` does), head_brain_z (mean and deviation of the
brain, the head kept), both also with the result outside the brain removed, the mask
dilated by 0, 3 and 5 mm, and stripped (brain only, z-scored in it, cropped to it). Masks
are deepbet's, of the subset's first sequence of T1, T1Gd, FLAIR, T2.

    python Testing/experiments/brain_use.py CASES_FOLDER MODEL_FOLDER CASE [CASE ...] --out FILE

A case folder holds flair, t1, t1c, t2 (whichever exist) and seg as .nii.gz; seg > 0 is the whole tumour.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage

from mstkd.inference.postprocessing import clean
from mstkd.inference.segment import predict_within_memory
from mstkd.modalities import Modality
from mstkd.models import load_package
from mstkd.preprocessing import Grid, prepare, read_labels, read_volume, resample, world_grid
from mstkd.preprocessing.brain import deep_bet
from mstkd.preprocessing.intensity import CLIP_PERCENTILES, air_value, head_mask, normalise
from mstkd.preprocessing.patient import MARGIN
from mstkd.regions import Region, from_probabilities, region_mask, region_probabilities

NAMES = {Modality.FLAIR: "flair", Modality.T1: "t1", Modality.T1GD: "t1c", Modality.T2: "t2"}
PREFERENCE = (Modality.T1, Modality.T1GD, Modality.FLAIR, Modality.T2)
CPU = torch.device("cpu")
DILATIONS_MM = (0, 3, 5)


def dice(a, b) -> float:
    total = int(a.sum() + b.sum())
    return 2 * int((a & b).sum()) / total if total else 1.0


def box_of(mask):
    ends = [np.flatnonzero(mask.any(axis=tuple(b for b in range(3) if b != a))) for a in range(3)]
    return tuple(
        slice(max(0, e[0] - MARGIN), min(n, e[-1] + 1 + MARGIN)) for e, n in zip(ends, mask.shape, strict=True)
    )


def z_score_by_brain(image, head, brain, air):
    """As `normalise` over the head, but with mean and deviation of the brain."""
    inside = head & (image != air)
    low, high = np.percentile(image[inside], CLIP_PERCENTILES)
    clipped = np.clip(image, low, high)
    values = clipped[inside & brain]
    return np.where(inside, (clipped - values.mean()) / values.std(), 0).astype(np.float32)


def measure(network, volumes, truth, brain_native) -> dict[str, float]:
    patient = prepare(volumes)
    native, grid = patient.reference_grid, patient.grid

    def tissues(images, working: Grid):
        probabilities, _ = predict_within_memory(network, images, patient.mask, CPU)
        regions = np.stack([resample(p, working, native) for p in region_probabilities(probabilities)])
        return from_probabilities(regions)

    def score(found) -> float:
        tissues, _ = clean(found, np.ones(found.shape), patient.reference.voxel_ml)
        return round(dice(region_mask(tissues, Region.WT), truth), 4)

    brain = resample(brain_native, native, grid) > 0.5
    distance = ndimage.distance_transform_edt(~brain)

    def cut(name, found) -> dict[str, float]:
        """The score of the whole result and of its part near the brain."""
        near = {margin: resample(distance <= margin, grid, native) > 0.5 for margin in DILATIONS_MM}
        inside = {f"{name}_cut_{mm}mm": score(np.where(where, found, 0).astype(np.uint8)) for mm, where in near.items()}
        return {name: score(found), **inside}

    scores = cut("head", tissues(patient.images, grid))

    by_brain, stripped = np.zeros_like(patient.images), np.zeros_like(patient.images)
    for modality, volume in volumes.items():
        air = air_value(volume.array)
        image = resample(volume.array, Grid(volume.shape, volume.affine), grid, outside=air)
        whole = world_grid(Grid(volume.shape, volume.affine))
        head = head_mask(resample(volume.array, Grid(volume.shape, volume.affine), whole, outside=air), air)
        head = resample(head, whole, grid) > 0.5
        by_brain[modality.channel] = z_score_by_brain(image, head, brain, air)
        stripped[modality.channel] = normalise(image, brain, air, brain)
    scores |= cut("head_brain_z", tissues(by_brain, grid))
    box = box_of(brain)
    scores["stripped"] = score(tissues(np.ascontiguousarray(stripped[(slice(None), *box)]), grid.crop(box)))
    scores["truth_inside_brain"] = round(float((brain_native & truth).sum() / truth.sum()), 4)
    return scores


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("names", nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    network = load_package(arguments.model).network
    results: dict[str, dict[str, dict[str, float]]] = {"all": {}, "flair": {}}
    for name in arguments.names:
        folder = arguments.cases / name
        volumes = {
            m: read_volume(folder / f"{n}.nii.gz") for m, n in NAMES.items() if (folder / f"{n}.nii.gz").exists()
        }
        truth = read_labels(folder / "seg.nii.gz").array > 0
        for subset, given in (("all", volumes), ("flair", {Modality.FLAIR: volumes[Modality.FLAIR]})):
            source = given[next(m for m in PREFERENCE if m in given)]
            results[subset][name] = measure(network, given, truth, deep_bet.find(source, CPU))
            print(name, subset, results[subset][name], flush=True)
    means = {
        subset: {key: round(float(np.mean([s[key] for s in cases.values()])), 4) for key in next(iter(cases.values()))}
        for subset, cases in results.items()
    }
    arguments.out.write_text(json.dumps({"mean": means, "cases": results}, indent=1) + "\n")
    print(json.dumps(means, indent=1))


if __name__ == "__main__":
    main()
