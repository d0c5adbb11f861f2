"""Dice of the student on the validation cases, for fixed subsets of their sequences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

import numpy as np
import torch
from lightning_fabric import Fabric

from mstkd.data.cache import CachedCase
from mstkd.evaluation.dice import region_dice
from mstkd.inference.segment import predict_within_memory
from mstkd.modalities import CHANNELS, Modality, modality_mask
from mstkd.network import MSTKDNet
from mstkd.regions import REGIONS, from_probabilities, region_probabilities
from mstkd.training.devices import total

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
) -> Figures | None:
    """Mean Dice as ``{"FLAIR+T1Gd": {"WT": 0.81, ...}}``, on the working grid; None when it was stopped.

    A case counts for the subsets that it has, and for the regions that its reference
    knows; a figure without a case is left out. The processes of a run share the cases.
    """
    sums = torch.zeros(2, len(subsets), len(REGIONS), dtype=torch.float64, device=fabric.device)
    stopped = False
    for cached in cases[fabric.global_rank :: fabric.world_size]:
        if stopped := stop():
            break
        for row, subset in enumerate(subsets):
            if not cached.has(subset):
                continue
            mask = modality_mask(subset)
            images = np.asarray(cached.images, dtype=np.float32) * np.reshape(mask, (len(CHANNELS), 1, 1, 1))
            probabilities, _ = predict_within_memory(network, images, mask, fabric.device)
            found = from_probabilities(region_probabilities(probabilities))
            on_prediction(cached, subset, found)
            for region, value in region_dice(found, cached.labels, cached.case.convention.regions).items():
                sums[:, row, REGIONS.index(region)] += torch.tensor([value, 1.0], dtype=torch.float64).to(sums)
    if total(fabric, torch.tensor(float(stopped), device=fabric.device)) > 0:
        return None
    totals, counts = total(fabric, sums).cpu().numpy()
    figures: Figures = {}
    for row, subset in enumerate(subsets):
        known = {r.value: round(totals[row, c] / counts[row, c], 4) for c, r in enumerate(REGIONS) if counts[row, c]}
        if known:
            figures["+".join(m.label for m in subset)] = known
    return figures


def score(figures: Figures) -> float:
    """One number to compare checkpoints by: the mean over all subsets and regions."""
    return fmean(value for regions in figures.values() for value in regions.values())
