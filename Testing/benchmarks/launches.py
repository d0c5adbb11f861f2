"""Ten patients in one launch of the engine, beside ten launches; medians and ratios, as JSON.

python Testing/benchmarks/launches.py [--patients 10]

The ten are copies of the sample patient that differ in their headers only, so that each is
computed. A launch is the command ``mstkd segment`` in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import nibabel as nib

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "Resources" / "SampleData" / "BraTS2021_01479"
sys.path[:0] = [str(ROOT), str(ROOT / "MSTKDSegment")]

from MSTKDSegmentLib import SegmentLogic  # noqa: E402  needs the path set above


def copy_sample(folder: Path, number: int) -> None:
    """The sample patient under a description of its own."""
    folder.mkdir(parents=True)
    for name in ("flair", "t1", "t1c", "t2"):
        image = nib.load(SAMPLE / f"{name}.nii.gz")
        image.header["descrip"] = f"patient {number}"
        nib.save(image, folder / f"{name}.nii.gz")


def launch(study: Path, output: Path) -> tuple[float, float]:
    """Seconds of one launch, and those of them that the engine worked on the patient."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "mstkd", "segment", str(study), "-o", str(output), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return time.perf_counter() - started, json.loads(done.stdout)["seconds"]["total"]


def batch(studies: Path, results: Path) -> float:
    """Seconds of all studies in one launch."""
    logic = SegmentLogic()
    started = time.perf_counter()
    outcomes = logic.segmentFolder(studies, results)
    seconds = time.perf_counter() - started
    logic.close()
    assert all(outcome.status == "done" for outcome in outcomes)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--patients", type=int, default=10)
    count = parser.parse_args().patients
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        for number in range(count):
            copy_sample(folder / "studies" / f"patient_{number:02d}", number)
        together = batch(folder / "studies", folder / "batch")
        single = [launch(study, folder / "out") for study in sorted((folder / "studies").iterdir())]
    alone = sum(seconds for seconds, _ in single)
    report = {
        "patients": count,
        "one_launch_s": round(together, 1),
        "single_launches_s": round(alone, 1),
        "single_over_one": round(alone / together, 2),
        "start_up_share_of_a_single_launch": round(
            statistics.median((seconds - work) / seconds for seconds, work in single), 2
        ),
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
