"""The demonstration: the sample patient with all sequences and with FLAIR alone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from mstkd.errors import InputError
from mstkd.evaluation.dice import region_dice
from mstkd.preprocessing import read_labels
from mstkd.regions import CONVENTIONS, REGIONS, RESULT_CONVENTION
from mstkd.results import LABELS, PAGE, measure_regions
from mstkd.store import ALL, shipped_model
from mstkd.store.card import read_model

SAMPLE = Path(__file__).parents[1] / "Resources" / "SampleData" / "BraTS2021_01479"
RUNS: dict[str, list[str]] = {
    "all": [str(SAMPLE)],
    "flair": ["--flair", str(SAMPLE / "flair.nii.gz")],
}


def run_demo(output: Path, console: Console) -> None:
    """Segment the sample twice and print a table with the Dice and volumes of its reference, the expert's.

    Each run is a process of its own, so that seconds and peak memory are its own.

    Raises:
        InputError: There is no sample (an installation without the repository), or a
            run failed.
    """
    if not SAMPLE.is_dir():
        raise InputError(f"{SAMPLE} does not exist; run the demonstration in a clone of the repository.")
    reference = read_labels(SAMPLE / "seg.nii.gz")
    truth = CONVENTIONS["brats2018-21"].decode(reference.array)
    expected = measure_regions(truth, reference.affine)
    table = Table(
        *("Given", "Missing", "Region", "mL", "Expert mL", "Dice", "Seconds", "Peak memory"),
        title=f"Sample patient {SAMPLE.name}",
    )
    warnings = []
    for name, arguments in RUNS.items():
        summary = _segment(arguments, output / name)
        found = RESULT_CONVENTION.decode(read_labels(output / name / LABELS).array)
        scores = region_dice(found, truth)
        for region in REGIONS:
            first = region is REGIONS[0]
            table.add_row(
                ", ".join(summary["sequences"]) if first else "",
                (", ".join(summary["missing"]) or "none") if first else "",
                region.value,
                f"{summary['measurements'][region.value]['ml']:.1f}",
                f"{expected[region].ml:.1f}",
                f"{scores[region]:.3f}",
                f"{summary['seconds']['total']:.1f}" if first else "",
                f"{summary['peak_memory_gb']:.1f} GB" if first else "",
                end_section=region is REGIONS[-1],
            )
        warnings += [f"Warning, given {', '.join(summary['sequences'])}: {text}" for text in summary["warnings"]]
    console.print(table)
    console.print(f"{SAMPLE.name} is one of the test patients. {_expected()}", markup=False)
    for warning in warnings:
        console.print(warning, markup=False)
    reports = " and ".join(str(output / name / PAGE) for name in RUNS)
    console.print(f"Reports with pictures: {reports}. Research use only.", markup=False)


def _expected() -> str:
    model = read_model(shipped_model())
    stated = {region.value: model.measured_dice(ALL, region.value) for region in REGIONS}
    figures = ", ".join(f"{name} {mean.dice:.2f} ({mean.cases})" for name, mean in stated.items() if mean)
    return f"Mean Dice over all of them, with what each has, and how many they are: {figures}."


def _segment(arguments: list[str], output: Path) -> dict[str, Any]:
    answer = subprocess.run(
        [sys.executable, "-m", "mstkd", "segment", *arguments, "-o", str(output), "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if answer.returncode:
        raise InputError(f"the demonstration could not segment {arguments[-1]}; its message stands above.")
    summary: dict[str, Any] = json.loads(answer.stdout)
    return summary
