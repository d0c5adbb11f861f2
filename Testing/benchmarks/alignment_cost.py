"""What alignment costs: recognising that a patient's sequences lie together, and moving one that does not.

Both are timed in turns on the same patient: `in_place` is align_all over the folder's
sequences as they are, `search` is one sequence moved by 10 mm and 10 degrees. Prints one
JSON object with the medians of wall-clock and CPU seconds.

    .venv/bin/python Testing/benchmarks/alignment_cost.py PATIENT_FOLDER [--turns 5]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median

import numpy as np

from mstkd.modalities import REFERENCE_PREFERENCE
from mstkd.preprocessing import read_volume
from mstkd.preprocessing.alignment import align, align_all
from mstkd.preprocessing.alignment.head import find_head
from mstkd.preprocessing.alignment.rigid import rigid
from mstkd.recognition import recognise_folder


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("patient", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    arguments = parser.parse_args()
    volumes = {modality: read_volume(path) for modality, path in recognise_folder(arguments.patient).items()}
    reference = next(m for m in REFERENCE_PREFERENCE if m in volumes)
    head = find_head(volumes[reference])
    assert head is not None
    other = next(volume for modality, volume in volumes.items() if modality is not reference)
    motion = rigid(np.array([10.0, 0, 0]), np.array([0, 6.0, 8.0]), head.centre)
    displaced = replace(other, affine=motion @ other.affine)
    turns = [
        (seconds(lambda: align_all(volumes, reference)), seconds(lambda: align(displaced, volumes[reference])))
        for _ in range(arguments.turns)
    ]
    report: dict[str, object] = {"patient": arguments.patient.name, "sequences": len(volumes), "turns": len(turns)}
    for index, name in enumerate(("in_place", "search")):
        report[name] = {
            "wall_s": round(median(turn[index][0] for turn in turns), 3),
            "cpu_s": round(median(turn[index][1] for turn in turns), 3),
        }
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
