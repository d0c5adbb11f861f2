"""One patient on one grid: resample, mask, normalise, crop, and the way back."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mstkd.errors import InputError
from mstkd.modalities import CHANNELS, REFERENCE_PREFERENCE, Modality, describe, modality_mask, ordered
from mstkd.preprocessing.grid import Array, Grid, resample, resample_labels, world_grid
from mstkd.preprocessing.intensity import air_value, head_mask, normalise
from mstkd.preprocessing.volume import Volume

WORKING_SPACING = 1.0
MARGIN = 4
"""Voxels kept around the head."""
MIN_COVERAGE = 0.1
"""Below this share of the head two sequences cannot show the same patient."""
LOW_COVERAGE = 0.9


@dataclass(frozen=True)
class PreparedPatient:
    """A patient ready for the network.

    Attributes:
        images: ``(4, H, W, D)`` float32 on ``grid``, channels FLAIR, T1, T1Gd, T2;
            z-scored inside the head, 0 outside and in absent channels.
        mask: Which channels exist.
        grid: The working grid: 1 mm, RAS+, cropped to the head.
        reference: The volume whose grid the result returns to.
        reference_modality: Its sequence.
        warnings: Sentences the user must see.
    """

    images: Array
    mask: tuple[bool, bool, bool, bool]
    grid: Grid
    reference: Volume
    reference_modality: Modality
    warnings: tuple[str, ...]

    @property
    def reference_grid(self) -> Grid:
        return Grid(self.reference.shape, self.reference.affine)

    def to_reference(self, probabilities: Array) -> Array:
        """Probabilities of any regions ``(R, H, W, D)`` on the reference's grid, ``(R, I, J, K)``.

        Outside the head box they are 0.
        """
        return np.stack([resample(p, self.grid, self.reference_grid) for p in probabilities])

    def labels_to_working(self, labels: Array) -> Array:
        """A label map on the reference's grid ``(I, J, K)`` to the working grid."""
        return resample_labels(labels, self.reference_grid, self.grid)

    def labels_to_reference(self, labels: Array) -> Array:
        """A label map on the working grid ``(H, W, D)`` to the reference's grid."""
        return resample_labels(labels, self.grid, self.reference_grid)


def choose_reference(present: Mapping[Modality, Volume], wanted: Modality | None) -> Modality:
    """The sequence whose grid carries the result: the user's, else T1Gd, FLAIR, T1, T2.

    Raises InputError when the wanted one is not among the volumes.
    """
    if wanted is None:
        return next(m for m in REFERENCE_PREFERENCE if m in present)
    if wanted not in present:
        raise InputError(
            f"the reference {wanted.label} is not among the given sequences ({describe(present)}); choose one of them."
        )
    return wanted


def prepare(volumes: Mapping[Modality, Volume], reference: Modality | None = None) -> PreparedPatient:
    """Bring any non-empty subset of sequences onto one working grid.

    Raises:
        InputError: No sequence, the same image under two names, or sequences that do
            not overlap in world space.
    """
    if not volumes:
        raise InputError("no sequence was given; give at least one of FLAIR, T1, T1Gd and T2.")
    _refuse_twins(volumes)
    reference = choose_reference(volumes, reference)
    anchor = volumes[reference]
    whole = world_grid(Grid(anchor.shape, anchor.affine), WORKING_SPACING)
    warnings = [sentence for volume in volumes.values() for sentence in volume.warnings]

    on_grid: dict[Modality, Array] = {}
    masks: dict[Modality, Array] = {}
    air: dict[Modality, float] = {}
    for modality in (reference, *(m for m in ordered(volumes) if m is not reference)):
        volume = volumes[modality]
        source = Grid(volume.shape, volume.affine)
        air[modality] = air_value(volume.array)
        image = resample(volume.array, source, whole, outside=air[modality])
        mask = head_mask(image, air[modality])
        if modality is reference and not mask.any():
            raise InputError(f"{volume.source} shows no head; choose another reference or leave it out.")
        if modality is not reference:
            warnings += _check_coverage(volume, modality, whole, mask, masks[reference], anchor)
        on_grid[modality], masks[modality] = image, mask

    box = _head_box(np.logical_or.reduce(list(masks.values())))
    grid = whole.crop(box)
    images = np.zeros((len(CHANNELS), *grid.shape), dtype=np.float32)
    for modality, image in on_grid.items():
        images[modality.channel] = normalise(image[box], masks[modality][box], air[modality])
    return PreparedPatient(images, modality_mask(volumes), grid, anchor, reference, tuple(warnings))


def _refuse_twins(volumes: Mapping[Modality, Volume]) -> None:
    for (first, a), (second, b) in itertools.combinations(volumes.items(), 2):
        if a.source == b.source or (a.shape == b.shape and np.array_equal(a.array, b.array)):
            raise InputError(
                f"{b.source} is given as {second.label} and holds the same image as the {first.label} ({a.source}); "
                "give each image once."
            )


def _check_coverage(
    volume: Volume, modality: Modality, whole: Grid, mask: Array, head: Array, anchor: Volume
) -> list[str]:
    source = Grid(volume.shape, volume.affine)
    inside = resample(np.ones(volume.shape, dtype=np.float32), source, whole) > 0.5
    coverage = float(inside[head].mean())
    if min(coverage, float(mask[head].mean())) < MIN_COVERAGE:
        raise InputError(
            f"{volume.source} does not overlap {anchor.source} in space, so they are not one patient in one "
            "session; leave one out or align them first."
        )
    if coverage < LOW_COVERAGE:
        return [f"{modality.label} covers only {coverage:.0%} of the head seen in {anchor.source}."]
    return []


def _head_box(mask: Array) -> tuple[slice, slice, slice]:
    limits = []
    for axis in range(3):
        where = np.flatnonzero(mask.any(axis=tuple(a for a in range(3) if a != axis)))
        start = max(0, int(where[0]) - MARGIN)
        limits.append(slice(start, min(mask.shape[axis], int(where[-1]) + 1 + MARGIN)))
    return limits[0], limits[1], limits[2]
