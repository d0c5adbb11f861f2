"""The endless stream of training samples, each a pure function of seed and number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from monai.data.meta_tensor import MetaTensor
from torch import Tensor
from torch.utils.data import Dataset

from mstkd.data.augmentation import Size, crop, intensity_transform, random_box, random_subset, spatial_transform
from mstkd.data.cache import CachedCase
from mstkd.errors import InputError
from mstkd.regions import REGIONS

ROOM = 1.15
"""How much larger than the patch the cut is, so that rotated patches have few empty corners."""


@dataclass(frozen=True)
class SamplePlan:
    """What samples are like, by their number.

    Attributes:
        weights: How often a case of each data set is drawn, relative to 1.
        patches: ``(first sample, size)`` in rising order; the size grows as training goes.
        augmentation: ``none`` (crops only), ``paper`` (flips and rotations too) or
            ``strong`` (also scaling, shear and intensities).
        full_set_ramp: Samples over which the chance of a sample with all its sequences
            falls from 1 to that of any other subset.
        length: How many samples there are.
        seed: Of all of it.
    """

    weights: Mapping[str, float]
    patches: Sequence[tuple[int, Size]]
    augmentation: Literal["none", "paper", "strong"]
    full_set_ramp: int
    length: int
    seed: int


class SampleStream(Dataset[dict[str, Tensor]]):
    """Sample number i draws a case, a subset of its sequences, a crop and an augmentation.

    Because everything follows from ``(seed, i)``, a resumed run sees the samples that an
    uninterrupted one would have seen, and so do several processes that share a batch.

    Args:
        cases: Cached training cases.
        plan: What the samples are like.
    """

    def __init__(self, cases: Sequence[CachedCase], plan: SamplePlan) -> None:
        share = np.array([plan.weights.get(case.case.dataset, 1.0) for case in cases])
        self.cases, self.share, self.plan = list(cases), share / share.sum(), plan

    def __len__(self) -> int:
        return self.plan.length

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """``image`` (4, H, W, D), ``label`` (H, W, D), ``available`` and ``mask`` (4,), ``known`` (3,).

        The image holds all sequences of the case, which the teacher sees; ``mask`` is the
        student's subset of them. ``known`` says which of WT, TC and ET the reference knows.

        Raises:
            InputError: The case's file in the cache is gone or unreadable.
        """
        plan = self.plan
        rng = np.random.default_rng((plan.seed, index))
        cached = self.cases[int(rng.choice(len(self.cases), p=self.share))]
        size = next(size for first, size in reversed(plan.patches) if index >= first)
        full = max(0.0, 1 - index / plan.full_set_ramp) if plan.full_set_ramp else 0.0
        mask = random_subset(cached.mask, rng, full)
        try:
            image, label = self._draw(cached, size, rng)
        except (OSError, ValueError) as error:
            raise InputError(
                f"{cached.folder}, the prepared {cached.case.id}, vanished or is damaged, and the last checkpoint was "
                "kept; remove what is left of it and resume the run, which prepares it anew."
            ) from error
        return {
            "image": image,
            "label": label.long(),
            "available": torch.tensor(cached.mask),
            "mask": torch.from_numpy(mask),
            "known": torch.tensor([region in cached.case.convention.regions for region in REGIONS]),
        }

    def _draw(self, cached: CachedCase, size: Size, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        kind = self.plan.augmentation
        cut = size if kind == "none" else (int(size[0] * ROOM), int(size[1] * ROOM), int(size[2] * ROOM))
        labels = cached.labels
        box = random_box(labels, cut, rng)
        # Only sequences that exist are worked on; the others stay zero.
        present = np.array(cached.mask)
        part = {"image": crop(cached.images, box, cut)[present], "label": crop(labels[None], box, cut)}
        if kind != "none":
            spatial = spatial_transform(size, elastic=kind == "strong")
            part = spatial.set_random_state(seed=int(rng.integers(2**31)))(part)
        drawn = _plain(part["image"])
        if kind == "strong":
            intensity = intensity_transform().set_random_state(seed=int(rng.integers(2**31)))
            drawn = _plain(intensity(part["image"])) * (drawn != 0)
        image = torch.zeros((len(present), *size))
        image[present] = drawn
        return image, _plain(part["label"])[0]


def _plain(tensor: Tensor) -> Tensor:
    """Without the history that MONAI's transforms attach."""
    return tensor.as_tensor() if isinstance(tensor, MetaTensor) else tensor
