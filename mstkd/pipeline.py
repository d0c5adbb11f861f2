"""One patient from sources to a result; the command line and the worker both call it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from mstkd.errors import InputError
from mstkd.inference import choose_device, segment
from mstkd.inference.predictor import Stop
from mstkd.inference.segment import NETWORK_SHARE, Report
from mstkd.modalities import Modality
from mstkd.models import ModelPackage, load_once
from mstkd.preprocessing import Volume, preprocess
from mstkd.preprocessing.brain import read_brain_mask
from mstkd.results import PatientResult, ResultFolder, measure_regions
from mstkd.sources import Source, Sources
from mstkd.store import shipped_model
from mstkd.timing import Clock
from mstkd.wishes import PLAIN, Wishes

Summary = dict[str, Any]


def read_patient(sources: Mapping[Modality, Source]) -> dict[Modality, Volume]:
    """Read each sequence; the same file twice is refused before reading.

    Raises InputError.
    """
    seen: dict[Path, Modality] = {}
    for modality, source in sources.items():
        if source.path is None:
            continue
        real = source.path.resolve()
        if real in seen:
            labels = f"as {seen[real].label} and as {modality.label}"
            raise InputError(f"{source.name} is given {labels}; give each file once.")
        seen[real] = modality
    return {modality: source.read() for modality, source in sources.items()}


def segment_patient(
    sources: Sources,
    model: ModelPackage,
    wishes: Wishes = PLAIN,
    report: Report = lambda share, text: None,
    stop: Stop = lambda: False,
) -> PatientResult:
    """Read, align, resample, mask, segment and measure one patient; writes nothing.

    Args:
        report: Told about progress; what it raises ends the work.
        stop: Asked between passes of the network.

    Raises:
        InputError: Bad input.
        CancelledError: ``stop`` said so.
    """
    clock = Clock()
    with clock.step("total"):
        device = choose_device(wishes.device)
        with clock.step("read"):
            report(0.0, "Reading the images")
            volumes = read_patient(sources.found)
            brain = read_brain_mask(wishes.brain, wishes.brain_name) if wishes.brain else None
        done = preprocess(
            volumes,
            reference=wishes.reference,
            registration=wishes.registration,
            brain=brain,
            device=device,
            clock=clock,
            report=lambda share, text: report(share * NETWORK_SHARE[0], text),
        )
        found = segment(done.prepared, model, device=device, flips=wishes.flips, report=report, stop=stop)
        clock.seconds |= found.seconds
        with clock.step("measure"):
            measurements = measure_regions(found.tissues, done.prepared.reference.affine)
    return PatientResult(sources, done, found, measurements, model, clock.seconds)


def segment_files(
    sources: Sources,
    output: Path,
    *,
    model: Path | None = None,
    wishes: Wishes = PLAIN,
    report: Report = lambda share, text: None,
    finish: Callable[[Path], None] = lambda draft: None,
) -> Summary:
    """Segment a patient and write the result folder; returns the summary.

    Args:
        model: Folder of a model package; None takes the default one.
        finish: Adds files to the result's draft before all are put in place.

    Raises:
        InputError: Bad input; nothing was written.
    """
    with ResultFolder(output) as folder:
        result = segment_patient(sources, load_once(model or shipped_model()), wishes, report)
        report(0.95, "Writing")
        return folder.write(result, finish)
