"""How often `is_stripped` is right: over cases as they are, and over copies that make it harder.

Copies of a head have the surroundings set to the air value; copies of either are boxed
tightly or halved along each axis, and stripped ones also z-scored with zero around them.

    python Testing/experiments/stripped.py --stripped FOLDER ... --heads FOLDER ...

A folder holds flair, t1, t1c, t2 (whichever exist) as .nii.gz. Prints one JSON object: right and seen per kind.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from mstkd.preprocessing import Grid, read_volume, resample, world_grid
from mstkd.preprocessing.brain import is_stripped
from mstkd.preprocessing.intensity import air_value, head_mask

NAMES = ("flair", "t1", "t1c", "t2")


def tight(image, air):
    return image[tuple(slice(w.min(), w.max() + 1) for w in np.nonzero(image != air))]


def halves(image) -> Iterator:
    for axis, n in enumerate(image.shape):
        for part in (slice(0, n // 2), slice(n // 2, None)):
            yield image[tuple(part if a == axis else slice(None) for a in range(3))]


def copies(image, air, head: bool) -> Iterator[tuple[str, np.ndarray, float]]:
    yield "as it is", image, air
    if head:
        image = np.where(head_mask(image, air), image, air)
        yield "background set to air", image, air
    else:
        values = image[image != air]
        yield "z-scored", np.where(image != air, (image - values.mean()) / values.std(), 0).astype(np.float32), 0.0
    yield "tight box", tight(image, air), air
    for half in halves(image):
        yield "half", half, air


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--stripped", type=Path, nargs="*", default=[])
    parser.add_argument("--heads", type=Path, nargs="*", default=[])
    arguments = parser.parse_args()
    right: dict[str, list[bool]] = {}
    milliseconds = []
    for head, folders in ((False, arguments.stripped), (True, arguments.heads)):
        for path in (folder / f"{name}.nii.gz" for folder in folders for name in NAMES):
            if not path.exists():
                continue
            volume = read_volume(path)
            native, air = Grid(volume.shape, volume.affine), air_value(volume.array)
            image = resample(volume.array, native, world_grid(native), outside=air)
            for kind, copy, copy_air in copies(image, air, head):
                started = time.perf_counter()
                answer = is_stripped(copy, copy_air)
                milliseconds.append(1000 * (time.perf_counter() - started))
                right.setdefault(f"{'head' if head else 'stripped'}, {kind}", []).append(answer is not head)
    table = {kind: {"right": sum(answers), "seen": len(answers)} for kind, answers in right.items()}
    print(json.dumps({"table": table, "median_ms": round(median(milliseconds), 1)}, indent=1))


if __name__ == "__main__":
    main()
