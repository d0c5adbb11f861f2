"""One patient from files to files; the command line and the worker both call it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mstkd.errors import InputError
from mstkd.inference import choose_device, segment
from mstkd.inference.segment import Report
from mstkd.modalities import Modality
from mstkd.models import load_package, shipped_model
from mstkd.preprocessing import Volume, read_volume
from mstkd.results import ResultFolder, summarise


def read_patient(files: Mapping[Modality, Path]) -> dict[Modality, Volume]:
    """Read each sequence; the same file twice is refused before reading.

    Raises InputError.
    """
    seen: dict[Path, Modality] = {}
    for modality, path in files.items():
        real = path.resolve()
        if real in seen:
            raise InputError(f"{path} is given as {seen[real].label} and as {modality.label}; give each file once.")
        seen[real] = modality
    return {modality: read_volume(path) for modality, path in files.items()}


def segment_files(
    files: Mapping[Modality, Path],
    output: Path,
    *,
    reference: Modality | None = None,
    model: Path | None = None,
    device: str = "auto",
    flips: bool = False,
    report: Report = lambda share, text: None,
) -> dict[str, Any]:
    """Segment a patient and write the result folder; returns the summary.

    Args:
        model: Folder of a model package; None takes the shipped one.

    Raises:
        InputError: Bad input; nothing was written.
    """
    started = time.perf_counter()
    where = choose_device(device)
    with ResultFolder(output) as folder:
        report(0.0, "Reading the images")
        volumes = read_patient(files)
        package = load_package(model or shipped_model())
        reading = time.perf_counter() - started
        result = segment(volumes, package, device=where, reference=reference, flips=flips, report=report)
        result.seconds["read"] = reading
        result.seconds["total"] = time.perf_counter() - started
        report(0.95, "Writing")
        summary = summarise(result, {modality: str(path) for modality, path in files.items()}, package)
        folder.write(result, summary)
    return summary
