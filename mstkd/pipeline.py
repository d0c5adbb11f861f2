"""One patient from files to a result; the command line and the worker both call it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from mstkd.errors import InputError
from mstkd.inference import choose_device, segment
from mstkd.inference.segment import Report, Segmentation
from mstkd.modalities import Modality
from mstkd.models import ModelPackage, load_package, shipped_model
from mstkd.preprocessing import Volume, read_volume
from mstkd.results import ResultFolder, summarise

Summary = dict[str, Any]


def read_patient(files: Mapping[Modality, Path], names: Mapping[Modality, str]) -> dict[Modality, Volume]:
    """Read each sequence; the same file twice is refused before reading.

    Args:
        names: What messages call a sequence, where that is not its file.

    Raises InputError.
    """
    seen: dict[Path, Modality] = {}
    for modality, path in files.items():
        real = path.resolve()
        if real in seen:
            raise InputError(f"{path} is given as {seen[real].label} and as {modality.label}; give each file once.")
        seen[real] = modality
    volumes = {}
    for modality, path in files.items():
        name = names.get(modality, str(path))
        try:
            volumes[modality] = replace(read_volume(path), source=name)
        except InputError as error:
            raise InputError(str(error).replace(str(path), name)) from error
    return volumes


def segment_patient(
    files: Mapping[Modality, Path],
    *,
    model: ModelPackage,
    names: Mapping[Modality, str] | None = None,
    reference: Modality | None = None,
    device: str = "auto",
    flips: bool = False,
    report: Report = lambda share, text: None,
) -> tuple[Segmentation, Summary]:
    """Read, segment and summarise one patient; writes nothing.

    Raises:
        InputError: Bad input.
    """
    started = time.perf_counter()
    where = choose_device(device)
    report(0.0, "Reading the images")
    volumes = read_patient(files, names or {})
    reading = time.perf_counter() - started
    result = segment(volumes, model, device=where, reference=reference, flips=flips, report=report)
    result.seconds["read"] = reading
    result.seconds["total"] = time.perf_counter() - started
    return result, summarise(result, {m: volume.source for m, volume in volumes.items()}, model)


def segment_files(
    files: Mapping[Modality, Path],
    output: Path,
    *,
    reference: Modality | None = None,
    model: Path | None = None,
    device: str = "auto",
    flips: bool = False,
    report: Report = lambda share, text: None,
) -> Summary:
    """Segment a patient and write the result folder; returns the summary.

    Args:
        model: Folder of a model package; None takes the shipped one.

    Raises:
        InputError: Bad input; nothing was written.
    """
    with ResultFolder(output) as folder:
        package = load_package(model or shipped_model())
        result, summary = segment_patient(
            files, model=package, reference=reference, device=device, flips=flips, report=report
        )
        report(0.95, "Writing")
        folder.write(result, summary)
    return summary
