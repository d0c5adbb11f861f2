"""From a patient's volumes to a label map on the reference's own grid."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch

from mstkd.inference.device import plan_tiles, too_little_memory
from mstkd.inference.left_out import left_out_sentences
from mstkd.inference.memory import is_out_of_memory
from mstkd.inference.postprocessing import clean, inside
from mstkd.inference.predictor import Progress, Size, Stop, predict
from mstkd.inference.uncertainty import entropy_percent
from mstkd.modalities import Modality, missing
from mstkd.models import ModelPackage
from mstkd.network import MSTKDNet
from mstkd.preprocessing import PreparedPatient
from mstkd.regions import REGIONS, Region, from_probabilities, region_probabilities

Array = np.ndarray
Report = Callable[[float, str], None]
"""Called with the finished share (0 to 1) and one line for a person."""

NETWORK_SHARE = (0.2, 0.9)
"""Where the network's work begins and ends on the progress bar."""


@dataclass(frozen=True)
class Segmentation:
    """What was found in one patient.

    Attributes:
        tissues: ``(I, J, K)`` uint8 on the reference's grid: 1 NETC, 2 SNFH, 3 ET.
        uncleaned: The same before clean-up, for evaluations.
        uncertainty: ``(I, J, K)`` uint8: entropy of the classes in per cent, see `entropy_percent`;
            0 where the result is cut because it lies outside the brain.
        left_out: ``(I, J, K)``: a number for each part of 0.1 mL or more that the network was not sure enough of.
        patient: The prepared input, with the reference and its grid.
        missing: Sequences that were not given.
        tile: Tile size when the head did not fit into memory in one pass.
        seconds: Per step.
        warnings: Sentences the user must see.
        probabilities: ``(3, I, J, K)`` float16 of WT, TC and ET on the reference's grid, cut like the
            uncertainty; None unless asked for.
    """

    tissues: Array
    uncleaned: Array
    uncertainty: Array
    left_out: Array
    patient: PreparedPatient
    missing: tuple[Modality, ...]
    tile: Size | None
    device: str
    seconds: dict[str, float] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    probabilities: Array | None = None

    @property
    def left_out_ml(self) -> float:
        """Volume of what was left out."""
        return float(np.count_nonzero(self.left_out) * self.patient.reference.voxel_ml)


def segment(
    patient: PreparedPatient,
    model: ModelPackage,
    *,
    device: torch.device,
    flips: bool = False,
    keep_probabilities: bool = False,
    report: Report = lambda share, text: None,
    stop: Stop = lambda: False,
) -> Segmentation:
    """Segment a prepared patient.

    Args:
        flips: Also average over the left-right mirrored head (twice the time).
        keep_probabilities: Also return them, for evaluations.
        report: Told about progress.
        stop: Asked between passes of the network.

    Raises:
        InputError: Not even the smallest tile fits into memory.
        CancelledError: ``stop`` said so.
    """
    seconds: dict[str, float] = {}
    started = time.perf_counter()
    low, high = NETWORK_SHARE
    where = "GPU" if device.type == "cuda" else "CPU"
    report(low, f"Network on the {where}")
    probabilities, tile = predict_within_memory(
        model.network,
        patient.images,
        patient.mask,
        device,
        flips=flips,
        progress=lambda share: report(low + (high - low) * share, f"Network on the {where}"),
        stop=stop,
    )
    seconds["network"] = time.perf_counter() - started

    started = time.perf_counter()
    report(high, "Returning to the patient's grid")
    on_reference = patient.to_reference(region_probabilities(probabilities))
    brain = patient.brain_on_reference()
    uncleaned = from_probabilities(on_reference)
    whole_tumour, reference = on_reference[REGIONS.index(Region.WT)], patient.reference
    least = model.least_part_probability
    cleaned = clean(inside(uncleaned, brain), whole_tumour, reference.voxel_ml, least)
    uncertainty = inside(entropy_percent(on_reference), brain)
    kept = inside(on_reference.astype(np.float16), brain) if keep_probabilities else None
    seconds["return"] = time.perf_counter() - started

    return Segmentation(
        tissues=cleaned.tissues,
        uncleaned=uncleaned,
        uncertainty=uncertainty,
        left_out=cleaned.left_out,
        patient=patient,
        missing=missing(patient.present),
        tile=tile,
        device=str(device),
        seconds=seconds,
        warnings=(*patient.warnings, *left_out_sentences(cleaned, whole_tumour, brain, reference, least)),
        probabilities=kept,
    )


def predict_within_memory(
    network: MSTKDNet,
    images: Array,
    mask: tuple[bool, ...],
    device: torch.device,
    *,
    flips: bool = False,
    progress: Progress | None = None,
    stop: Stop | None = None,
) -> tuple[Array, Size | None]:
    """Probabilities, and the tile they were computed with: the largest for which memory sufficed.

    Arguments as of `predict`.

    Raises:
        InputError: Not even the smallest tile fits.
        CancelledError: ``stop`` said so.
    """
    _, height, width, depth = images.shape
    for tile in plan_tiles(network.architecture, (height, width, depth), device):
        try:
            found = predict(
                network,
                images,
                mask,
                device=device,
                tile=tile,
                flips=flips,
                progress=progress,
                stop=stop,
            )
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
            if device.type == "cuda":
                torch.cuda.empty_cache()
        else:
            return found, tile
    raise too_little_memory(device)
