"""The endless stream of training samples, each a pure function of seed and number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from mstkd.data.augmentation import Size, crop, intensity_transform, random_box, random_subset, spatial_transform
from mstkd.data.cache import CachedCase
from mstkd.regions import REGIONS

ROOM = 1.15
"""How much larger than the patch the cut is, so that rotated patches have few empty corners."""


class SampleStream(Dataset[dict[str, Tensor]]):
    """Sample number i draws a case, a subset of its sequences, a crop and an augmentation.

    Because everything follows from ``(seed, i)``, a resumed run sees the samples that an
    uninterrupted one would have seen.

    Args:
        cases: Cached training cases.
        weights: How often a case of each data set is drawn, relative to 1.
        patches: ``(first sample, size)`` in rising order; the size grows as training goes.
    """

    def __init__(
        self,
        cases: Sequence[CachedCase],
        *,
        weights: Mapping[str, float],
        patches: Sequence[tuple[int, Size]],
        length: int,
        seed: int,
    ) -> None:
        share = np.array([weights.get(case.case.dataset, 1.0) for case in cases])
        self.cases, self.share, self.patches = list(cases), share / share.sum(), list(patches)
        self.length, self.seed = length, seed

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        """``image`` (4, H, W, D), ``label`` (H, W, D), ``mask`` (4,), ``known`` (3,) regions."""
        rng = np.random.default_rng((self.seed, index))
        cached = self.cases[int(rng.choice(len(self.cases), p=self.share))]
        size = next(size for first, size in reversed(self.patches) if index >= first)
        cut = (int(size[0] * ROOM), int(size[1] * ROOM), int(size[2] * ROOM))
        images, labels = cached.images, cached.labels
        box = random_box(labels, cut, rng)
        mask = random_subset(cached.mask, rng)
        spatial = spatial_transform(size).set_random_state(seed=int(rng.integers(2**31)))
        intensity = intensity_transform().set_random_state(seed=int(rng.integers(2**31)))
        # Only the drawn sequences are worked on; the others stay zero, as absent ones are.
        part = crop(images, box, cut)[mask]
        warped = spatial({"image": part, "label": crop(labels[None], box, cut)})
        head = torch.as_tensor(warped["image"]) != 0
        image = torch.zeros((len(mask), *size))
        image[mask] = torch.as_tensor(intensity(warped["image"])) * head
        return {
            "image": image,
            "label": torch.as_tensor(warped["label"])[0].long(),
            "mask": torch.from_numpy(mask),
            "known": torch.tensor([region in cached.case.convention.regions for region in REGIONS]),
        }
