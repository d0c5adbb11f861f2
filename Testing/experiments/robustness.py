"""What disturbances of a clean study cost: Dice lost per disturbance, on patients of a datalist.

Each disturbance changes how the same patient was imaged, never what is in the patient: slices
of 5 mm, oblique grids, axes stored in another order, half a field of view, sequences that
moved against each other (up to 15 degrees about and 15 mm along each axis), and, where the head
is on, all but the brain that was found removed. The result comes back on the disturbed
reference's grid and is compared with the reference segmentation there; the clean result, brought
to the same grid and field of view, is what it lost against.

    python Testing/experiments/robustness.py MODEL DATALIST CASE... -o FOLDER
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.transform import Rotation

from mstkd.data.datalist import Case, read_datalist
from mstkd.evaluation import region_dice
from mstkd.inference import segment
from mstkd.modalities import CHANNELS, Modality
from mstkd.models import ModelPackage, load_package
from mstkd.preprocessing import Grid, Volume, preprocess, read_labels, resample, resample_labels, world_grid
from mstkd.preprocessing.brain import Method
from mstkd.preprocessing.gather import choose_reference
from mstkd.timing import Clock

Array = np.ndarray
Volumes = Mapping[Modality, Volume]
SKULL_STRIPPED = "skull-stripped"
ANGLE_DEG, SHIFT_MM, TILT_DEG, THICKNESS_MM = 15.0, 15.0, 20.0, 5.0


def grid_of(volume: Volume) -> Grid:
    return Grid(volume.shape, volume.affine)


def on_grid(volume: Volume, grid: Grid) -> Volume:
    array = resample(volume.array, grid_of(volume), grid, outside=float(volume.array.min()))
    return replace(volume, array=array, affine=grid.affine, header=None)


def thick(volume: Volume, axis: int) -> Volume:
    """1 x 1 x 5 mm: the mean over slabs along an axis, as an acquisition of thick slices takes it."""
    fine = on_grid(volume, world_grid(grid_of(volume)))
    count = int(THICKNESS_MM)
    slabs = fine.shape[axis] // count
    array = np.moveaxis(fine.array, axis, 0)[: slabs * count]
    array = np.moveaxis(array.reshape(slabs, count, *array.shape[1:]).mean(axis=1), 0, axis)
    affine = fine.affine.copy()
    affine[:3, 3] += affine[:3, axis] * (count - 1) / 2
    affine[:3, axis] *= count
    return replace(fine, array=array, affine=affine)


def tilted(volume: Volume, random: np.random.Generator) -> Volume:
    """The same field of view on an oblique grid of the same spacing."""
    axis = random.normal(size=3)
    turn = np.eye(4)
    turn[:3, :3] = Rotation.from_rotvec(np.deg2rad(TILT_DEG) * axis / np.linalg.norm(axis)).as_matrix()
    middle = volume.affine[:3, :3] @ ((np.array(volume.shape) - 1) / 2) + volume.affine[:3, 3]
    affine = turn @ volume.affine
    affine[:3, 3] += middle - turn[:3, :3] @ middle
    return on_grid(volume, Grid(volume.shape, affine))


def permuted(volume: Volume, random: np.random.Generator) -> Volume:
    """Another order and direction of the axes in the file."""
    order = [int(a) for a in random.permutation(3)]
    array, affine = volume.array.transpose(order), volume.affine[:, [*order, 3]].copy()
    for axis in np.flatnonzero(random.integers(0, 2, 3)):
        array = np.flip(array, axis)
        affine[:3, 3] += affine[:3, axis] * (array.shape[axis] - 1)
        affine[:3, axis] *= -1
    return replace(volume, array=np.ascontiguousarray(array), affine=affine, header=None)


def half(volume: Volume) -> Volume:
    """The upper half of the field of view."""
    axis = int(np.argmax(np.abs(volume.affine[2, :3])))
    count = volume.shape[axis]
    upper = slice(count // 2, None) if volume.affine[2, axis] > 0 else slice(0, count - count // 2)
    box = tuple(upper if a == axis else slice(0, volume.shape[a]) for a in range(3))
    affine = volume.affine.copy()
    affine[:3, 3] += affine[:3, axis] * upper.start
    return replace(volume, array=volume.array[box], affine=affine, header=None)


def moved(volume: Volume, random: np.random.Generator) -> Volume:
    """As if the patient had moved: another position in space, the same voxels."""
    turn = Rotation.from_euler("xyz", random.uniform(-ANGLE_DEG, ANGLE_DEG, 3), degrees=True).as_matrix()
    middle = volume.affine[:3, :3] @ ((np.array(volume.shape) - 1) / 2) + volume.affine[:3, 3]
    affine = volume.affine.copy()
    affine[:3, :3] = turn @ affine[:3, :3]
    affine[:3, 3] = turn @ (affine[:3, 3] - middle) + middle + random.uniform(-SHIFT_MM, SHIFT_MM, 3)
    return replace(volume, affine=affine, header=None)


def without_skull(volumes: Volumes, device: torch.device) -> dict[Modality, Volume]:
    """Each sequence with its lowest value all around the brain that is found in the heads."""
    done = preprocess(volumes, device=device)
    brain, grid = done.brain.mask.astype(np.uint8), done.gathered.grid

    def cut(volume: Volume) -> Volume:
        inside = resample_labels(brain, grid, grid_of(volume)) > 0
        return replace(volume, array=np.where(inside, volume.array, volume.array.min()), header=None)

    return all_of(cut, volumes)


def others(change: Callable[[Volume], Volume], volumes: Volumes) -> dict[Modality, Volume]:
    """All but the reference changed."""
    reference = choose_reference(volumes, None)
    return {m: v if m is reference else change(v) for m, v in volumes.items()}


def all_of(change: Callable[[Volume], Volume], volumes: Volumes) -> dict[Modality, Volume]:
    return {m: change(v) for m, v in volumes.items()}


def disturbances(
    random: np.random.Generator, device: torch.device
) -> dict[str, Callable[[Volumes], dict[Modality, Volume]]]:
    """Each by name; 'moved, not aligned' is the same motion without registration, for comparison."""
    return {
        "clean": dict,
        SKULL_STRIPPED: lambda v: without_skull(v, device),
        "5 mm slices, all axial": lambda v: all_of(lambda x: thick(x, 2), v),
        "5 mm slices, each in its plane": lambda v: {m: thick(x, (2, 0, 2, 1)[m.channel]) for m, x in v.items()},
        "tilted by 20 degrees, each otherwise": lambda v: all_of(lambda x: tilted(x, random), v),
        "axes permuted and flipped": lambda v: all_of(lambda x: permuted(x, random), v),
        "half field of view, all but the reference": lambda v: others(half, v),
        "half field of view, the reference": lambda v: {
            m: half(x) if m is choose_reference(v, None) else x for m, x in v.items()
        },
        "moved": lambda v: others(lambda x: moved(x, random), v),
        "moved, 5 mm slices, tilted": lambda v: others(
            lambda x: moved(x, random), all_of(lambda x: tilted(thick(x, 2), random), v)
        ),
    }


def measure(case: Case, model: ModelPackage, device: torch.device) -> list[dict]:
    """Rows of one patient: disturbance, sequences, Dice per region, warnings."""
    truth = read_labels(case.label)
    tissues = case.convention.decode(truth.array, str(case.label))
    volumes = {m: case.read(m) for m in CHANNELS if m in case.images}
    random = np.random.default_rng(int.from_bytes(case.id.encode()[-4:], "big"))
    rows = []
    clean: tuple[Array, Grid] | None = None
    head_on = True
    for name, disturb in disturbances(random, device).items():
        if name == SKULL_STRIPPED and not head_on:
            continue
        given = disturb(volumes)
        for registration in (True, False) if name == "moved" else (True,):
            clock = Clock()
            done = preprocess(given, registration=registration, device=device, clock=clock)
            found = segment(done.prepared, model, device=device)
            grid = found.patient.reference_grid
            there = resample_labels(tissues, Grid(truth.shape, truth.affine), grid)
            scores = region_dice(found.tissues, there)
            if clean is None:
                clean, head_on = (found.tissues, grid), done.brain.method is not Method.STRIPPED
            undisturbed = region_dice(resample_labels(*clean, grid), there)
            rows.append(
                {
                    "case": case.id,
                    "given": "head on" if head_on else "stripped",
                    "disturbance": name if registration else f"{name}, not aligned",
                    "dice": {r.value: scores[r] for r in case.convention.regions},
                    "clean": {r.value: undisturbed[r] for r in case.convention.regions},
                    "reference_ml": float((there > 0).sum() * found.patient.reference.voxel_ml),
                    "verdicts": [a.verdict.value for a in done.alignments.values()],
                    "seconds": {**clock.seconds, **found.seconds},
                    "warnings": found.warnings,
                }
            )
            print(json.dumps(rows[-1]), flush=True)
    return rows


def table(rows: list[dict]) -> str:
    """Mean WT Dice per kind of patient and disturbance, and the points lost against the clean input, as Markdown.

    Patients whose tumour lies outside the field of view are left out.
    """
    lines = ["| given | disturbance | WT Dice (%) | points lost, mean | worst | patients |"]
    lines.append("| --- | --- | --- | --- | --- | --- |")
    seen = [row for row in rows if row["reference_ml"] > 0]
    for given, name in sorted({(row["given"], row["disturbance"]): None for row in seen}, key=lambda key: key[0]):
        these = [row for row in seen if (row["given"], row["disturbance"]) == (given, name)]
        lost = [100 * (row["clean"]["WT"] - row["dice"]["WT"]) for row in these]
        mean = 100 * statistics.mean(row["dice"]["WT"] for row in these)
        figures = f"{mean:.1f} | {statistics.mean(lost):+.1f} | {max(lost):+.1f} | {len(these)}"
        lines.append(f"| {given} | {name} | {figures} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("datalist", type=Path)
    parser.add_argument("cases", nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    cases = {case.id: case for case in read_datalist(options.datalist)}
    model = load_package(options.model)
    rows = [row for name in options.cases for row in measure(cases[name], model, torch.device("cpu"))]
    (options.output / "robustness.json").write_text(json.dumps(rows, indent=1))
    (options.output / "robustness.md").write_text(table(rows) + "\n")
    print(table(rows))


if __name__ == "__main__":
    main()
