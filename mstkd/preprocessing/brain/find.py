"""The brain of a head: the best method that is at hand and works."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

import numpy as np

from mstkd.modalities import Modality
from mstkd.preprocessing.brain import built_in, deep_bet, hd_bet
from mstkd.preprocessing.brain.brain import Brain, Method, NoBrainError
from mstkd.preprocessing.brain.plausible import doubts
from mstkd.preprocessing.brain.stripped import is_stripped
from mstkd.preprocessing.grid import Grid, resample
from mstkd.preprocessing.intensity import air_value
from mstkd.preprocessing.volume import Volume

if TYPE_CHECKING:
    import torch

Array = np.ndarray

PREFERENCE: tuple[Modality, ...] = (Modality.T1, Modality.T1GD, Modality.FLAIR, Modality.T2)
"""Sequences by how well deepbet agreed with HD-BET on a clinical patient (Testing/experiments/brain_masks.py)."""
ROUGH = "The brain mask is rough: it was found without a network."

_NETWORKS: dict[Method, Callable[[Volume, torch.device], Array]] = {
    Method.HD_BET: hd_bet.find,
    Method.DEEPBET: deep_bet.find,
}


def available() -> tuple[Method, ...]:
    """The methods that can find the brain of a whole head here, best first."""
    networks = [(Method.HD_BET, hd_bet.is_available()), (Method.DEEPBET, deep_bet.is_available())]
    return (*(method for method, there in networks if there), Method.BUILT_IN)


def extractors() -> dict[str, str]:
    """The networks that are at hand, each with its version: what decides how a whole head's brain is found."""
    versions = {Method.HD_BET: hd_bet.version, Method.DEEPBET: deep_bet.version}
    return {method.value: versions[method]() for method in available() if method in versions}


def preferred(present: Collection[Modality]) -> Modality:
    """The sequence in which the brain is found best, of a non-empty subset."""
    return next(m for m in PREFERENCE if m in present)


def find_brain(volume: Volume, grid: Grid, device: torch.device, method: Method | None = None) -> Brain:
    """The brain of one sequence, on a working grid of 1 mm.

    Args:
        volume: The sequence on its own grid, which the networks are given: thick slices
            look there as in their training.
        grid: Where the mask is wanted; axis-aligned, RAS, 1 mm.
        device: Where the networks compute.
        method: Which one to try first; None takes a skull-stripped image as it is, else
            the best that is at hand. When one fails, the next takes over and a warning says so.
    """
    source, air = Grid(volume.shape, volume.affine), air_value(volume.array)
    image = resample(volume.array, source, grid, outside=air)
    if method is Method.STRIPPED or (method is None and is_stripped(_along_its_axes(volume), air)):
        return Brain(image != air, Method.STRIPPED, doubts(image != air))
    warnings: list[str] = []
    for network in _networks_from(method):
        try:
            found = _NETWORKS[network](volume, device)
        except NoBrainError as reason:
            warnings.append(f"The next method was used for the brain mask, since {reason}.")
            continue
        mask = resample(found, source, grid) > 0.5
        if mask.any():
            return Brain(mask, network, (*warnings, *doubts(mask)))
        warnings.append(f"The next method was used for the brain mask, since {network.label} found no brain.")
    mask = built_in.find(image, air)
    return Brain(mask, Method.BUILT_IN, (*warnings, ROUGH, *doubts(mask)))


def _along_its_axes(volume: Volume) -> Array:
    """The image with 1 mm voxels along its own axes, so that its faces stay where its field of view ends."""
    affine = volume.affine.copy()
    affine[:3, :3] /= volume.spacing
    i, j, k = (max(1, round(n * mm)) for n, mm in zip(volume.shape, volume.spacing, strict=True))
    affine[:3, 3] += affine[:3, :3] @ (volume.spacing - 1) / -2
    return resample(volume.array, Grid(volume.shape, volume.affine), Grid((i, j, k), affine))


def _networks_from(method: Method | None) -> list[Method]:
    """The networks to try in turn; HD-BET, which few have, is missed aloud only when it was asked for."""
    if method is None:
        return [Method.HD_BET, Method.DEEPBET] if hd_bet.is_available() else [Method.DEEPBET]
    order = list(_NETWORKS)
    return order[order.index(method) :] if method in order else []
