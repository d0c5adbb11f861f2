"""A patient's sequences on one grid, each with its head found."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mstkd.errors import InputError
from mstkd.modalities import REFERENCE_PREFERENCE, Modality, describe, ordered
from mstkd.preprocessing.grid import Array, Grid, resample, world_grid
from mstkd.preprocessing.intensity import air_value, head_mask
from mstkd.preprocessing.volume import Volume

WORKING_SPACING = 1.0
MIN_COVERAGE = 0.1
"""Below this share of the head two sequences cannot show the same patient."""
LOW_COVERAGE = 0.9


@dataclass(frozen=True)
class GatheredPatient:
    """A patient's sequences on the working grid: 1 mm, RAS+, covering the reference.

    Attributes:
        images: Per sequence ``(H, W, D)`` float32 in the sequence's own units; where it
            does not reach, its air value.
        heads: Per sequence where its head is, ``(H, W, D)`` bool.
        air: Per sequence the value of what is not the head.
        coverage: Per sequence the share of the reference's head inside its field of view.
        grid: The working grid.
        reference: The volume whose grid the result returns to.
        reference_modality: Its sequence.
        warnings: Sentences the user must see.
    """

    images: dict[Modality, Array]
    heads: dict[Modality, Array]
    air: dict[Modality, float]
    coverage: dict[Modality, float]
    grid: Grid
    reference: Volume
    reference_modality: Modality
    warnings: tuple[str, ...]


def choose_reference(present: Mapping[Modality, Volume], wanted: Modality | None) -> Modality:
    """The sequence whose grid carries the result: the user's, else T1Gd, FLAIR, T1, T2.

    Raises InputError when there is none, or the wanted one is not among the volumes.
    """
    if not present:
        raise InputError("no sequence was given; give at least one of FLAIR, T1, T1Gd and T2.")
    if wanted is None:
        return next(m for m in REFERENCE_PREFERENCE if m in present)
    if wanted not in present:
        raise InputError(
            f"the reference {wanted.label} is not among the given sequences ({describe(present)}); choose one of them."
        )
    return wanted


def gather(volumes: Mapping[Modality, Volume], reference: Modality | None = None) -> GatheredPatient:
    """Resample any non-empty subset of sequences onto one grid, through their own positions.

    Raises:
        InputError: No sequence, the same image under two names, or sequences that do
            not overlap in world space.
    """
    reference = choose_reference(volumes, reference)
    refuse_twins(volumes)
    anchor = volumes[reference]
    grid = world_grid(Grid(anchor.shape, anchor.affine), WORKING_SPACING)
    warnings = [sentence for volume in volumes.values() for sentence in volume.warnings]
    images: dict[Modality, Array] = {}
    heads: dict[Modality, Array] = {}
    air: dict[Modality, float] = {}
    coverage = {reference: 1.0}
    for modality in (reference, *(m for m in ordered(volumes) if m is not reference)):
        volume = volumes[modality]
        air[modality] = air_value(volume.array)
        images[modality] = resample(volume.array, Grid(volume.shape, volume.affine), grid, outside=air[modality])
        heads[modality] = head_mask(images[modality], air[modality])
        if modality is not reference:
            coverage[modality] = _coverage(volume, grid, heads[modality], heads[reference], anchor)
            if coverage[modality] < LOW_COVERAGE:
                warnings.append(
                    f"{modality.label} covers only {coverage[modality]:.0%} of the head seen in {anchor.source}."
                )
        elif not heads[modality].any():
            raise InputError(f"{volume.source} shows no head; choose another reference or leave it out.")
    return GatheredPatient(images, heads, air, coverage, grid, anchor, reference, tuple(warnings))


def refuse_twins(volumes: Mapping[Modality, Volume]) -> None:
    """Raise InputError when one image is given as two sequences."""
    for (first, a), (second, b) in itertools.combinations(volumes.items(), 2):
        if a.shape == b.shape and np.array_equal(a.array, b.array):
            raise InputError(
                f"{b.source} is given as {second.label} and holds the same image as the {first.label} ({a.source}); "
                "give each image once."
            )


def _coverage(volume: Volume, grid: Grid, mask: Array, head: Array, anchor: Volume) -> float:
    """Share of the reference's head inside a volume's field of view.

    Raises InputError when they hardly meet.
    """
    source = Grid(volume.shape, volume.affine)
    inside = resample(np.ones(volume.shape, dtype=np.float32), source, grid) > 0.5
    coverage = float(inside[head].mean())
    if min(coverage, float(mask[head].mean())) < MIN_COVERAGE:
        raise InputError(
            f"{volume.source} does not overlap {anchor.source} in space, so they are not one patient in one "
            "session; leave one of them out."
        )
    return coverage
