"""Patches of real patients, some of them with another patient's tumour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor

from mstkd.data.augmentation import Random, Size, crop, distort, random_transform, warp
from mstkd.data.cache import CachedCase
from mstkd.data.held import COARSE, Arrays, HeldCases
from mstkd.data.repaint import repaint
from mstkd.data.transplant import transplant
from mstkd.modalities import CHANNELS
from mstkd.regions import REGIONS

Array = np.ndarray
Augmentation = Literal["none", "paper", "strong"]
ROOM = 1.15
"""How much larger than the patch the cut is, so that rotated patches have few empty corners."""
TUMOUR_CENTRED = 0.67
"""Share of patches around a tumour voxel."""


class Picked(NamedTuple):
    """Whom a patch will show, as numbers among the cases.

    Attributes:
        number: The patient.
        donor: The patient whose tumour is put in; without a transplant the patient again.
        available: Which channels both have.
        known: Which of WT, TC and ET both references know.
    """

    number: int
    donor: int
    available: list[bool]
    known: list[bool]


class RealPatients:
    """Cached cases, from which patches are drawn.

    Args:
        weights: How often a case of each data set is drawn, relative to 1.
        augmentation: ``none`` (crops only), ``paper`` (flips and rotations too) or ``strong``
            (also scaling, shear and intensities).
        device: Where patches are made.
        bias: Of ``strong``, as `distort` says.
    """

    def __init__(
        self,
        cases: Sequence[CachedCase],
        weights: Mapping[str, float],
        augmentation: Augmentation,
        device: torch.device,
        bias: float,
    ) -> None:
        share = np.array([weights.get(case.case.dataset, 1.0) for case in cases])
        self._share, self._held = share / share.sum(), HeldCases(cases, device)
        self._augmentation, self._bias = augmentation, bias

    def pick(self, rng: Random, transplanted: float) -> Picked:
        """Draw a patient, with probability ``transplanted`` also another one whose tumour is put in.

        Raises:
            InputError: The case's file in the cache is gone or unreadable.
        """
        number, donor = self._any(rng), self._any(rng)
        if rng.random() >= transplanted or not self._can_give(donor, number):
            donor = number
        pair = [self._held.cases[n] for n in dict.fromkeys((number, donor))]
        available = [all(case.mask[c] for case in pair) for c in range(len(CHANNELS))]
        known = [all(region in case.case.convention.regions for case in pair) for region in REGIONS]
        return Picked(number, donor, available, known)

    def draw(
        self, picked: Picked, shown: Sequence[bool], size: Size, rng: Random, *, repainted: float, enhancing: bool
    ) -> tuple[Tensor, Tensor]:
        """A patch, ``(4, *size)`` float32, and its labels, ``(*size)`` of our classes.

        Args:
            shown: Which of the available channels the patch has; the others are zero.
            repainted: Probability that a core is painted into its tumour.
            enhancing: Whether that core may enhance.

        Raises:
            InputError: As `pick`.
        """
        number, donor = picked.number, picked.donor
        cut = size
        if self._augmentation != "none":
            cut = (int(size[0] * ROOM), int(size[1] * ROOM), int(size[2] * ROOM))
        channels = [c for c, wanted in enumerate(shown) if wanted]
        if donor == number:
            start = self._start(number, self._centre(number, rng), cut, rng)
            part, labels, _ = self._cut(number, start, cut, channels)
        else:
            part, labels = self._transplanted(number, donor, cut, channels, rng)
        if rng.random() < repainted:
            part, labels = repaint(part, labels, channels, rng, known=all(picked.known), enhancing=enhancing)
        part, labels = self._augmented(part, labels, channels, size, rng)
        image = torch.zeros((len(CHANNELS), *size), device=part.device)
        image[channels] = part
        return image, labels

    def shape(self, rng: Random) -> Tensor | None:
        """The label map of a random patient's tumour, ``(h, w, d)`` uint8; None when not all of its regions are known.

        Raises:
            InputError: As `draw`.
        """
        number = self._any(rng)
        tumour = self._held.places(number, tumour=True)
        if not len(tumour) or set(REGIONS) - set(self._held.cases[number].case.convention.regions):
            return None
        low, high = tumour.min(axis=0), tumour.max(axis=0) + COARSE
        labels = crop(self._held.arrays(number).labels, low, tuple((high - low).tolist()))
        return labels.to(self._held.device)

    def _can_give(self, donor: int, number: int) -> bool:
        """Whether a transplant would show something: another patient's tumour, in a sequence that both have."""
        both = (case.mask for case in (self._held.cases[donor], self._held.cases[number]))
        return (
            donor != number
            and any(map(all, zip(*both, strict=True)))
            and len(self._held.places(donor, tumour=True)) > 0
        )

    def _any(self, rng: Random) -> int:
        return int(rng.choice(len(self._share), p=self._share))

    def _augmented(
        self, part: Tensor, labels: Tensor, channels: list[int], size: Size, rng: Random
    ) -> tuple[Tensor, Tensor]:
        if self._augmentation == "none":
            return part, labels
        transform = random_transform(rng, strong=self._augmentation == "strong")
        part = warp(part, transform, size, "bilinear")
        labels = warp(labels[None], transform, size, "nearest")[0]
        if self._augmentation == "strong":
            part = distort(part, channels, rng, self._bias)
        return part, labels

    def _transplanted(
        self, number: int, donor: int, cut: Size, channels: list[int], rng: Random
    ) -> tuple[Tensor, Tensor]:
        """The recipient's cut, with the donor's tumour centred on a voxel of its brain, mirrored at random."""
        brain, tumour = self._held.places(number, tumour=False), self._held.places(donor, tumour=True)
        place = brain[rng.integers(len(brain))]
        start = self._start(number, place, cut, rng)
        mirrored = np.flatnonzero(rng.integers(0, 2, 3))
        within = place - start
        within[mirrored] = np.array(cut)[mirrored] - 1 - within[mirrored]
        other = self._cut(donor, tumour.mean(axis=0).astype(int) - within, cut, channels)
        flipped = Arrays(*(array.flip([int(axis) - 3 for axis in mirrored]) for array in other))
        return transplant(self._cut(number, start, cut, channels), flipped)

    def _centre(self, number: int, rng: Random) -> Array:
        places = self._held.places(number, tumour=True)
        if rng.random() < TUMOUR_CENTRED and len(places):
            return places[rng.integers(len(places))]
        return rng.integers(0, self._held.arrays(number).labels.shape)

    def _start(self, number: int, centre: Array, cut: Size, rng: Random) -> Array:
        """Where a cut around a voxel begins: the voxel in its middle half, the cut inside the image where it fits."""
        have, want = np.array(self._held.arrays(number).labels.shape), np.array(cut)
        start = centre + rng.integers(-want // 4, want // 4 + 1) - want // 2
        return np.where(have > want, np.clip(start, 0, np.maximum(0, have - want)), (have - want) // 2)

    def _cut(self, number: int, start: Array, cut: Size, channels: list[int]) -> Arrays:
        images, labels, brain = self._held.arrays(number)
        device = self._held.device
        shown = torch.stack([crop(images[c], start, cut) for c in channels]).to(device).float()
        return Arrays(shown, crop(labels, start, cut).to(device), crop(brain, start, cut).to(device))
