"""The report on one patient as plain values."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import mstkd
from mstkd.inference.memory import peak_memory_gb
from mstkd.inference.uncertainty import UNCERTAIN_PERCENT
from mstkd.modalities import Modality, ordered
from mstkd.preprocessing import Alignment, Volume
from mstkd.regions import Tissue
from mstkd.results.measure import Measurement
from mstkd.results.patient import PatientResult

NOTICE = "Research use only. Not a medical device; not for diagnosis or treatment."


def summarise(result: PatientResult) -> dict[str, Any]:
    """What ``summary.json`` holds; lengths in mm, angles in degrees, volumes in mL, times in seconds."""
    found, done = result.segmentation, result.preprocessed
    return {
        "notice": NOTICE,
        "made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "study": result.sources.study,
        "mstkd": mstkd.__version__,
        "sequences": {modality.label: _sequence(result, modality) for modality in result.sources.found},
        "missing": [modality.label for modality in found.missing],
        "reference": {"sequence": found.patient.reference_modality.label, **_image(found.patient.reference)},
        "bias_field_corrected": [modality.label for modality in found.patient.corrected],
        "enhancement_without": _enhancement_without(result),
        "working_grid": {"shape": list(found.patient.grid.shape), "spacing_mm": [1.0, 1.0, 1.0]},
        "brain": {
            "method": done.brain.method.value,
            "sequence": done.brain_from.label,
            "ml": round(done.brain.ml, 1),
        },
        "labels": {str(tissue.value): tissue.name for tissue in Tissue if tissue},
        "measurements": {region.value: _size(size) for region, size in result.measurements.items()},
        "uncertain_ml": round(
            float((found.uncertainty >= UNCERTAIN_PERCENT).sum() * found.patient.reference.voxel_ml), 3
        ),
        "left_out_ml": round(found.left_out_ml, 3),
        "model": {
            "name": result.model.name,
            "sha256": result.model.sha256,
            "least_part_probability": result.model.least_part_probability,
            "licence": result.model.card["licence"],
        },
        "device": found.device,
        "tile": list(found.tile) if found.tile else None,
        "seconds": {step: round(seconds, 2) for step, seconds in result.seconds.items()},
        "peak_memory_gb": round(peak_memory_gb(), 2),
        "warnings": result.warnings,
    }


def _enhancement_without(result: PatientResult) -> list[str]:
    """The sequences that were given, but had no say in what of the core enhances; see `EnhancementWithout`."""
    given = result.segmentation.patient.present
    without = result.model.network.enhancement_without if Modality.T1GD in given else ()
    return [modality.label for modality in ordered(given) if modality.value in without]


def _size(size: Measurement) -> dict[str, float]:
    return {
        "ml": round(size.ml, 3),
        "longest_mm": round(size.longest_mm, 1),
        "perpendicular_mm": round(size.perpendicular_mm, 1),
    }


def _sequence(result: PatientResult, modality: Modality) -> dict[str, Any]:
    source, done = result.sources.found[modality], result.preprocessed
    alignment = done.alignments.get(modality)
    return {
        "because": source.because,
        **_image(done.volumes[modality]),
        "alignment": _alignment(alignment) if alignment else None,
    }


def _image(volume: Volume) -> dict[str, Any]:
    return {
        "source": volume.source,
        "shape": list(volume.shape),
        "spacing_mm": [round(float(mm), 4) for mm in volume.spacing],
    }


def _alignment(alignment: Alignment) -> dict[str, Any]:
    return {
        "verdict": alignment.verdict.value,
        "sentence": alignment.sentence,
        "displacement_mm": round(alignment.displacement_mm, 2),
        "rotation_deg": round(alignment.rotation_deg, 2),
        "mutual_information_gain": round(alignment.gain, 4),
        "overlap": round(alignment.overlap, 3),
        "motion": [[round(float(value), 6) for value in row] for row in alignment.motion],
    }
