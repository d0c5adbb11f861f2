"""Seconds per step of one patient, from reading to the written report: medians over turns, as JSON.

python Testing/benchmarks/patient_steps.py FOLDER... [--turns 5]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path

from mstkd.pipeline import segment_files
from mstkd.sources import find_sources


def measure(folder: Path, turns: int) -> dict[str, object]:
    """The median of each step, its share of all, and the seconds outside the network."""
    steps: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as output:
        segment_files(find_sources(folder, {}), Path(output))  # imports and caches
        for _ in range(turns):
            seconds = segment_files(find_sources(folder, {}), Path(output))["seconds"]
            for step, value in seconds.items():
                steps.setdefault(step, []).append(value)
    medians = {step: round(statistics.median(values), 2) for step, values in steps.items()}
    outside = [total - network for total, network in zip(steps["total"], steps["network"], strict=True)]
    return {
        "seconds": medians,
        "share": {step: round(value / medians["total"], 3) for step, value in medians.items()},
        "outside_the_network": round(statistics.median(outside), 2),
        "turns": turns,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--turns", type=int, default=5)
    options = parser.parse_args()
    print(json.dumps({folder.name: measure(folder, options.turns) for folder in options.folders}, indent=1))


if __name__ == "__main__":
    main()
