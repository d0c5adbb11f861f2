"""The endless stream of training samples, each a pure function of seed and number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mstkd.data.augmentation import Random, Size, random_subset
from mstkd.data.cache import CachedCase
from mstkd.data.real import Augmentation, RealPatients
from mstkd.data.synthesis import Head, synthesise
from mstkd.modalities import CHANNELS, Modality
from mstkd.regions import REGIONS

CPU = torch.device("cpu")


@dataclass(frozen=True)
class Stage:
    """What samples are like for a while.

    Attributes:
        size: Of the patch, in voxels.
        synthetic: Share of samples that are synthetic patients.
        transplanted: Share of the real ones that also carry another patient's tumour.
        tumour_free: Share of the synthetic patients that have no tumour.
        repainted: Share of the real ones in whose tumour a core is painted.
    """

    size: Size
    synthetic: float = 0.0
    transplanted: float = 0.0
    tumour_free: float = 0.0
    repainted: float = 0.0


@dataclass(frozen=True)
class SamplePlan:
    """What samples are like, by their number.

    Attributes:
        weights: How often a case of each data set is drawn, relative to 1.
        stages: ``(first sample, stage)`` in rising order.
        augmentation: Of real patients, as `RealPatients` says.
        bias_field: Of ``strong`` augmentation, as `distort` says.
        subset_weights: How often the student sees a subset (in channel order) of a patient's
            sequences, relative to 1, as often as each that is not named.
        full_set_ramp: Samples over which the chance of a sample with all its sequences
            falls from 1 to what it is otherwise.
        all_sequences: Whether the image of a real patient holds all sequences, as a teacher needs;
            with the student's subset alone, otherwise the same, it takes less time.
        length: How many samples there are.
        seed: Of all of it.
    """

    weights: Mapping[str, float]
    stages: Sequence[tuple[int, Stage]]
    augmentation: Augmentation
    bias_field: float
    subset_weights: Mapping[tuple[Modality, ...], float]
    full_set_ramp: int
    all_sequences: bool
    length: int
    seed: int


class SampleStream(Dataset[dict[str, Tensor]]):
    """Sample number i draws a patient, a subset of its sequences, a crop and an augmentation.

    Because everything follows from ``(seed, i)``, a resumed run sees the samples that an
    uninterrupted one would have seen, and so do several processes that share a batch.

    Args:
        cases: Cached training cases.
        plan: What the samples are like.
        heads: From which synthetic patients are drawn.
        device: Where samples are made.
    """

    def __init__(
        self, cases: Sequence[CachedCase], plan: SamplePlan, heads: Sequence[Head] = (), device: torch.device = CPU
    ) -> None:
        self.cases, self.plan, self.device = list(cases), plan, device
        self._real = RealPatients(cases, plan.weights, plan.augmentation, device, plan.bias_field)
        self._heads = [head.to(device) for head in heads]

    def __len__(self) -> int:
        return self.plan.length

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """``image`` (4, H, W, D), ``label`` (H, W, D), ``available`` and ``mask`` (4,), ``known`` (3,).

        ``available`` says which sequences the patient has and ``mask`` which of them the student
        sees; without `SamplePlan.all_sequences` the image may lack the others. ``known`` says which
        of WT, TC and ET the reference knows.

        Raises:
            InputError: A case's file in the cache is gone or unreadable.
        """
        plan = self.plan
        rng = np.random.default_rng((plan.seed, index))
        stage = next(stage for first, stage in reversed(plan.stages) if index >= first)
        full = max(0.0, 1 - index / plan.full_set_ramp) if plan.full_set_ramp else 0.0
        available, known = [True] * len(CHANNELS), [True] * len(REGIONS)
        picked = None
        if rng.random() >= stage.synthetic:
            picked = self._real.pick(rng, stage.transplanted)
            available, known = picked.available, picked.known
        mask = random_subset(available, rng, full, plan.subset_weights)
        if picked is None:
            image, labels = self._synthetic(stage, rng)
        else:
            shown = available if plan.all_sequences else mask.tolist()
            enhancing = bool(mask[Modality.T1GD.channel])
            image, labels = self._real.draw(
                picked, shown, stage.size, rng, repainted=stage.repainted, enhancing=enhancing
            )
        return {
            "image": image,
            "label": labels.long(),
            "available": torch.tensor(available, device=self.device),
            "mask": torch.from_numpy(mask).to(self.device),
            "known": torch.tensor(known, device=self.device),
        }

    def _synthetic(self, stage: Stage, rng: Random) -> tuple[Tensor, Tensor]:
        tumour = rng.random() >= stage.tumour_free
        head = self._heads[int(rng.integers(len(self._heads)))]
        return synthesise(head, stage.size, rng, shape=self._real.shape(rng), tumour=tumour)
