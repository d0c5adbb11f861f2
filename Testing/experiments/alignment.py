"""How well co-registration undoes known motions of aligned patients, and whether it knows when it cannot.

Each trial moves one sequence by a random rigid motion: Euler angles about x, y and z and a
shift along each, all uniform within a limit (15 degrees, 15 mm), about the reference's head
centre. The target registration error (TRE) is the distance in mm between the true and the
found position of the reference's head voxels (brain where the skull was stripped), mean and
maximum over them. Kinds of trials:

    affine     the stored affine is moved
    resampled  the moved image is interpolated onto a new upright 1 mm grid
    thick      the same with slices of 5 mm, each the mean of five 1 mm slices
    none       no motion: what is then moved is a false alarm
    other, mirrored, noise
               the same motions of another patient's image, of the image reflected left to
               right, and of noise: whatever is not called a failure is one missed

Prints a table; --output takes the same and every trial as JSON.

    .venv/bin/python Testing/experiments/alignment.py CASES_DIR CASE CASE [--trials 30] [--output FILE]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from mstkd.modalities import Modality
from mstkd.preprocessing import Grid, Volume, read_volume, resample, world_grid
from mstkd.preprocessing.alignment import Verdict, align
from mstkd.preprocessing.alignment.head import find_head, transform
from mstkd.preprocessing.intensity import air_value

NAMES = {Modality.T1GD: "t1c", Modality.FLAIR: "flair", Modality.T1: "t1", Modality.T2: "t2"}
LIMIT_DEG, LIMIT_MM = 15.0, 15.0
FAILURE_MM = 3.0
SLICE = 5
IMPOSTORS = ("other", "mirrored", "noise")


def read_case(folder: Path) -> dict[Modality, Volume]:
    """The sequences of a case, the reference (T1Gd, or FLAIR without it) first."""
    paths = {modality: folder / f"{name}.nii.gz" for modality, name in NAMES.items()}
    return {modality: read_volume(path) for modality, path in paths.items() if path.is_file()}


def random_motion(random: np.random.Generator, centre: np.ndarray) -> np.ndarray:
    motion = np.eye(4)
    angles = random.uniform(-LIMIT_DEG, LIMIT_DEG, 3)
    motion[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    motion[:3, 3] = centre - motion[:3, :3] @ centre + random.uniform(-LIMIT_MM, LIMIT_MM, 3)
    return motion


def moved(volume: Volume, motion: np.ndarray) -> Volume:
    return replace(volume, affine=motion @ volume.affine, header=None)


def scanned_again(volume: Volume, thickness: int) -> Volume:
    """The volume on an upright grid of 1 mm in plane, with slices of ``thickness`` mm."""
    source = Grid(volume.shape, volume.affine)
    grid = world_grid(source, 1.0)
    image = resample(volume.array, source, grid, outside=air_value(volume.array))
    count = image.shape[2] // thickness
    slices = image[..., : count * thickness].reshape(*image.shape[:2], count, thickness).mean(axis=3)
    affine = grid.affine @ np.diag([1, 1, thickness, 1])
    affine[2, 3] += (thickness - 1) / 2
    return Volume(slices, affine, volume.source)


def errors(motion: np.ndarray, points: np.ndarray) -> tuple[float, float]:
    distance = np.linalg.norm(transform(motion, points) - points, axis=1)
    return float(distance.mean()), float(distance.max())


def trials(case: Path, stranger: Path, count: int, seed: int) -> Iterator[dict[str, object]]:
    random = np.random.default_rng(seed)
    sequences = read_case(case)
    (_, fixed), *others = sequences.items()
    strangers = list(read_case(stranger).items())[1:]
    head = find_head(fixed)
    assert head is not None
    plan = [("affine", count), ("resampled", count // 3), ("thick", count // 3), ("none", len(others))]
    plan += [(kind, count // 10) for kind in IMPOSTORS]
    for kind, number in plan:
        for index in range(number):
            modality, volume = others[index % len(others)]
            motion = np.eye(4) if kind == "none" else random_motion(random, head.centre)
            if kind == "other":
                modality, volume = strangers[index % len(strangers)]
            elif kind == "mirrored":
                volume = replace(volume, array=volume.array[::-1])
            elif kind == "noise":
                volume = replace(volume, array=random.normal(100, 10, volume.shape).astype(np.float32))
            moving = moved(volume, motion)
            if kind in ("resampled", "thick"):
                moving = scanned_again(moving, SLICE if kind == "thick" else 1)
            started, cpu = time.perf_counter(), time.process_time()
            answer = align(moving, fixed)
            seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu
            mean, largest = errors(answer.motion @ motion, head.points)
            yield {
                "case": case.name,
                "kind": kind,
                "sequence": modality.value,
                "initial_mm": errors(motion, head.points)[0],
                "tre_mm": mean,
                "tre_max_mm": largest,
                "verdict": answer.verdict.value,
                "before": answer.before,
                "after": answer.after,
                "overlap": answer.overlap,
                "seconds": seconds,
                "cpu_seconds": cpu_seconds,
                "sentence": answer.sentence,
            }


def summary(rows: list[dict[str, object]]) -> dict[str, float]:
    failed = [row for row in rows if row["verdict"] == Verdict.FAILED.value]
    settled = [row for row in rows if row["verdict"] != Verdict.FAILED.value]
    tre = np.array([row["tre_mm"] for row in rows], dtype=float)
    return {
        "trials": len(rows),
        "initial": float(np.median([row["initial_mm"] for row in rows])),
        "median": float(np.median(tre)),
        "p90": float(np.percentile(tre, 90)),
        "worst": float(tre.max()),
        "worst_voxel": max(float(row["tre_max_mm"]) for row in rows),
        "moved": sum(row["verdict"] == Verdict.MOVED.value for row in rows),
        "in_place": sum(row["verdict"] == Verdict.IN_PLACE.value for row in rows),
        "failed": len(failed),
        "undetected": sum(float(row["tre_mm"]) > FAILURE_MM for row in settled),
        "seconds": float(np.median([row["seconds"] for row in rows])),
        "cpu_seconds": float(np.median([row["cpu_seconds"] for row in rows])),
    }


def table(rows: list[dict[str, object]]) -> dict[str, dict[str, float]]:
    """Summaries of each kind over all cases, and of the main kind for each case."""
    kinds = list(dict.fromkeys(str(row["kind"]) for row in rows))
    cases = list(dict.fromkeys(str(row["case"]) for row in rows))
    out = {kind: summary([row for row in rows if row["kind"] == kind]) for kind in kinds}
    for case in cases:
        out[f"affine {case}"] = summary([row for row in rows if row["kind"] == "affine" and row["case"] == case])
    return out


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("cases_dir", type=Path)
    parser.add_argument("cases", nargs="+")
    parser.add_argument("--trials", type=int, default=30, help="affine trials for each case; the other kinds get fewer")
    parser.add_argument("--output", type=Path)
    arguments = parser.parse_args()
    folders = [arguments.cases_dir / case for case in arguments.cases]
    rows = []
    for seed, (case, stranger) in enumerate(zip(folders, [*folders[1:], folders[0]], strict=True)):
        rows += list(trials(case, stranger, arguments.trials, seed))
    summaries = table(rows)
    columns = list(next(iter(summaries.values())))
    width = max(map(len, summaries))
    print(" " * width, *(f"{column:>11}" for column in columns))
    for name, values in summaries.items():
        print(f"{name:{width}}", *(f"{value:11.4g}" for value in values.values()))
    if arguments.output:
        arguments.output.write_text(json.dumps({"summary": summaries, "trials": rows}, indent=1))


if __name__ == "__main__":
    main()
