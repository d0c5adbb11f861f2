"""The summary of one segmentation as plain values."""

from __future__ import annotations

from typing import Any

import mstkd
from mstkd.inference.memory import peak_memory_gb
from mstkd.inference.segment import Segmentation
from mstkd.modalities import Modality, describe
from mstkd.models import Card, ModelPackage
from mstkd.regions import Region, Tissue

NOTICE = "Research use only. Not a medical device; not for diagnosis or treatment."


TRUSTWORTHY_DICE = 0.5


def doubts(card: Card, sequences: str) -> list[str]:
    """A warning that names the regions for which the model was measured to be poor.

    Args:
        sequences: What was given, e.g. ``FLAIR, T1Gd``; where the card has no figures for
            just these, those for all available sequences count.
    """
    measured = {(entry["sequences"], entry["region"]): entry["dice"] for entry in card["accuracy"]}
    found = {r.value: measured.get((sequences, r.value), measured.get(("all available", r.value))) for r in Region}
    poor = [f"{region} {dice:.2f}" for region, dice in found.items() if dice is not None and dice < TRUSTWORTHY_DICE]
    if not poor:
        return []
    return [f"Do not rely on {', '.join(poor)}: so low is this model's measured Dice on patients it never saw."]


def summarise(result: Segmentation, sources: dict[Modality, str], model: ModelPackage) -> dict[str, Any]:
    """What ``summary.json`` holds.

    Args:
        sources: Where each sequence came from.
    """
    reference = result.patient.reference
    return {
        "notice": NOTICE,
        "mstkd": mstkd.__version__,
        "sequences": {modality.label: source for modality, source in sources.items()},
        "missing": [modality.label for modality in result.missing],
        "reference": {
            "sequence": result.patient.reference_modality.label,
            "file": reference.source,
            "shape": list(reference.shape),
            "spacing_mm": [round(float(mm), 4) for mm in reference.spacing],
        },
        "labels": {str(tissue.value): tissue.name for tissue in Tissue if tissue},
        "regions_ml": {region.value: round(ml, 3) for region, ml in result.volumes_ml.items()},
        "model": {"name": model.name, "sha256": model.sha256, "licence": model.card["licence"]},
        "device": result.device,
        "tile": list(result.tile) if result.tile else None,
        "seconds": {step: round(seconds, 2) for step, seconds in result.seconds.items()},
        "peak_memory_gb": round(peak_memory_gb(), 2),
        "warnings": [*result.warnings, *doubts(model.card, describe(sources))],
    }
