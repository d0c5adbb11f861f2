"""Dice of the student on the validation cases, for fixed subsets of their sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

import numpy as np
import torch
from lightning_fabric import Fabric

from mstkd.data.cache import CachedCase
from mstkd.evaluation.case_dice import CaseDice
from mstkd.evaluation.dice import region_dice
from mstkd.evaluation.scores import DECIMALS
from mstkd.inference.postprocessing import clean, inside
from mstkd.inference.segment import predict_within_memory
from mstkd.modalities import CHANNELS, COMBINATIONS, Modality, modality_mask
from mstkd.network import MSTKDNet
from mstkd.preprocessing.grid import widened
from mstkd.preprocessing.patient import BRAIN_MARGIN_MM
from mstkd.regions import REGIONS, Region, from_probabilities, region_probabilities
from mstkd.training.devices import total

VOXEL_ML = 0.001
"""Of the working grid, 1 mm each way."""
Figures = dict[str, dict[str, float]]
Seen = Callable[[CachedCase, tuple[Modality, ...], np.ndarray], None]
"""Told of each prediction: whose, from which sequences, and its label map of our classes."""


def validation_dice(
    network: MSTKDNet,
    cases: Sequence[CachedCase],
    subsets: Sequence[tuple[Modality, ...]],
    fabric: Fabric,
    stop: Callable[[], bool],
    on_prediction: Seen = lambda *_: None,
    *,
    flips: bool = False,
    least_part_probability: float = 0.0,
) -> list[CaseDice] | None:
    """Dice on the working grid of what a user would get, case after case; None when it was stopped.

    Results are cut to the brain and cleaned, as `mstkd.inference.segment` does.
    A case counts for the subsets that it has, and for the regions that its reference
    knows. The processes of a run share the cases; each returns all rows.

    Args:
        flips: Also average over the left-right mirrored head.
        least_part_probability: Mean probability that a part of the whole tumour must reach to stay.
    """
    shape = (2, len(cases), len(subsets), len(REGIONS))  # the value in percent, and whether there is one
    table = torch.zeros(shape, dtype=torch.float64, device=fabric.device)
    stopped = False
    for index in range(fabric.global_rank, len(cases), fabric.world_size):
        cached = cases[index]
        if stopped := stop():
            break
        brain = widened(np.asarray(cached.brain), BRAIN_MARGIN_MM)
        for row, subset in enumerate(subsets):
            if not cached.has(subset):
                continue
            mask = modality_mask(subset)
            images = np.asarray(cached.images, dtype=np.float32) * np.reshape(mask, (len(CHANNELS), 1, 1, 1))
            probabilities, _ = predict_within_memory(network, images, mask, fabric.device, flips=flips)
            regions = region_probabilities(probabilities)
            whole_tumour = regions[REGIONS.index(Region.WT)]
            found, _ = clean(inside(from_probabilities(regions), brain), whole_tumour, VOXEL_ML, least_part_probability)
            on_prediction(cached, subset, found)
            for region, value in region_dice(found, cached.labels, cached.case.convention.regions).items():
                entry = torch.tensor([100 * value, 1.0], dtype=torch.float64)
                table[:, index, row, REGIONS.index(region)] = entry.to(table)
    if total(fabric, torch.tensor(float(stopped), device=fabric.device)) > 0:
        return None
    values, known = total(fabric, table).cpu().numpy()
    return [
        CaseDice(
            cases[case].case.id,
            "+".join(m.label for m in subsets[row]),
            REGIONS[column].value,
            round(float(values[case, row, column]), DECIMALS),
        )
        for case, row, column in np.argwhere(known)
    ]


def figures_of(rows: Sequence[CaseDice]) -> Figures:
    """Mean Dice over the cases as ``{"FLAIR+T1Gd": {"WT": 0.81, ...}}``; a figure without a case is left out."""
    values: dict[tuple[str, str], list[float]] = {}
    for row in rows:
        values.setdefault((row.modalities, row.region), []).append(row.dice)
    figures: Figures = {}
    for subset in COMBINATIONS:
        name = "+".join(m.label for m in subset)
        known = {r.value: round(fmean(own) / 100, 4) for r in REGIONS if (own := values.get((name, r.value)))}
        if known:
            figures[name] = known
    return figures


def score(figures: Figures) -> float:
    """One number to compare checkpoints by: the mean over all subsets and regions."""
    return fmean(value for regions in figures.values() for value in regions.values())
