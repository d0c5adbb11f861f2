"""How good the methods of the brain room are: Dice, volume and seconds per sequence; one JSON file and pictures.

On a clinical patient against HD-BET's masks, on synthetic heads (`synthetic_heads`) against
their anatomy (with sulci closed, and with all fluid up to the dura and around the cord),
and, as pictures only, on head-on cases without a reference. On the patient deepbet also
runs on the image resampled to 1 mm, to see on which grid it does better.

    python Testing/experiments/brain_masks.py --patient FOLDER --anatomy FILE ... --cases FOLDER ... --out FOLDER

The patient's folder holds flair, t1, t1c, t2 and hdbet_mask_NAME for each as .nii.gz.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import mean, median

import matplotlib as mpl
import nibabel as nib
import numpy as np
import torch
from synthetic_heads import HEAD_LABELS, brain_truth, draw

from mstkd.modalities import Modality
from mstkd.preprocessing import Grid, Volume, read_labels, read_volume, resample, world_grid
from mstkd.preprocessing.brain import built_in, deep_bet
from mstkd.preprocessing.intensity import air_value

mpl.use("Agg")
from matplotlib import pyplot as plt

NAMES = {Modality.FLAIR: "flair", Modality.T1: "t1", Modality.T1GD: "t1c", Modality.T2: "t2"}
CPU = torch.device("cpu")


def dice(a, b) -> float:
    return 2 * int((a & b).sum()) / max(1, int(a.sum() + b.sum()))


def masks_of(volume: Volume, at_1mm: bool = False):
    """The working grid, the image there, and per method mask and seconds."""
    native = Grid(volume.shape, volume.affine)
    grid, air = world_grid(native), air_value(volume.array)
    image = resample(volume.array, native, grid, outside=air)
    working = Volume(image, grid.affine, volume.source)
    methods = {
        "deepbet": lambda: resample(deep_bet.find(volume, CPU), native, grid) > 0.5,
        "built-in": lambda: built_in.find(image, air),
    }
    if at_1mm:
        methods["deepbet_at_1mm"] = lambda: deep_bet.find(working, CPU)
    found = {}
    for name, method in methods.items():
        started = time.perf_counter()
        mask = method()
        found[name] = (mask, time.perf_counter() - started)
    return grid, image, found


def score(volume: Volume, truths: dict[str, np.ndarray], truth_grid: Grid, at_1mm: bool = False):
    """Per method volume, seconds and Dice with each truth, and the truths' volumes."""
    grid, _, found = masks_of(volume, at_1mm)
    on_grid = {key: resample(truth.astype(np.float32), truth_grid, grid) > 0.5 for key, truth in truths.items()}
    row = {
        name: {
            **{key: round(dice(mask, truth), 4) for key, truth in on_grid.items()},
            "ml": int(mask.sum() / 1000),
            "seconds": round(seconds, 2),
        }
        for name, (mask, seconds) in found.items()
    }
    row["truth_ml"] = {key: int(truth.sum() / 1000) for key, truth in on_grid.items()}
    print(volume.source, row, flush=True)
    return row


def on_patient(folder: Path):
    rows = {}
    for modality, name in NAMES.items():
        mask = read_labels(folder / f"hdbet_mask_{name}.nii.gz")
        truth = {"dice": mask.array > 0}
        rows[modality.value] = score(
            read_volume(folder / f"{name}.nii.gz"), truth, Grid(mask.shape, mask.affine), at_1mm=True
        )
    return rows


def on_anatomy(files: list[Path]):
    rows = {}
    for index, path in enumerate(files):
        head = nib.as_closest_canonical(nib.load(path))
        labels = np.asarray(head.dataobj).astype(np.int16)
        truths = {"dice": brain_truth(labels), "dice_with_fluid": (labels > 0) & (labels < HEAD_LABELS)}
        grid = Grid(labels.shape, head.affine)
        rows[path.name] = {m.value: score(draw(labels, head.affine, m, 100 + index), truths, grid) for m in Modality}
    return rows


def picture(folder: Path, out: Path) -> None:
    """Outlines on the middle slices of each sequence: red deepbet, cyan built-in."""
    names = [n for n in NAMES.values() if (folder / f"{n}.nii.gz").exists()]
    figure, axes = plt.subplots(len(names), 3, figsize=(15, 5 * len(names)))
    for row, name in zip(axes, names, strict=True):
        _, image, found = masks_of(read_volume(folder / f"{name}.nii.gz"))
        middle = [n // 2 for n in image.shape]
        for axis, shown in enumerate(row):
            shown.imshow(
                np.take(image, middle[axis], axis).T, origin="lower", cmap="gray", vmax=np.percentile(image, 99.5)
            )
            for method, colour in (("deepbet", "red"), ("built-in", "cyan")):
                outline = np.take(found[method][0], middle[axis], axis).T
                if outline.any():
                    shown.contour(outline, [0.5], colors=colour, linewidths=1)
            shown.set_axis_off()
        row[0].set_title(f"{folder.name} {name}")
    figure.tight_layout()
    figure.savefig(out / f"brain_{folder.name}.png", dpi=60)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--patient", type=Path)
    parser.add_argument("--anatomy", type=Path, nargs="*", default=[])
    parser.add_argument("--cases", type=Path, nargs="*", default=[])
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    patient = on_patient(arguments.patient) if arguments.patient else {}
    heads = on_anatomy(arguments.anatomy)
    methods = ("deepbet", "built-in")
    summary = {
        key: {
            m.value: {name: round(mean(h[m.value][name][key] for h in heads.values()), 4) for name in methods}
            for m in Modality
        }
        for key in ("dice", "dice_with_fluid")
        if heads
    }
    rows = [*patient.values(), *(row for head in heads.values() for row in head.values())]
    if rows:
        summary["median_seconds"] = {name: median(row[name]["seconds"] for row in rows) for name in methods}
    report = {"threads": 2, "synthetic_mean": summary, "patient": patient, "synthetic": heads}
    (arguments.out / "brain_masks.json").write_text(json.dumps(report, indent=1) + "\n")
    print(json.dumps(summary, indent=1))
    for folder in arguments.cases:
        picture(folder, arguments.out)


if __name__ == "__main__":
    main()
