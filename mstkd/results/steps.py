"""The pictures of each step of one patient's way, in the radiological convention: left is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from mstkd.modalities import CHANNELS
from mstkd.preprocessing import Grid, Volume, resample
from mstkd.regions import APPEARANCE, REGIONS, Region, region_mask
from mstkd.results.panels import as_acquired, checkerboard, encode, filled, grey, outlined, plane
from mstkd.results.patient import PatientResult
from mstkd.results.picture import largest_sections

Array = np.ndarray
PLANES = ("sagittal", "coronal", "axial")
WINDOW = (-2.5, 3.5)
"""Shown z-scores of what the network saw."""
BRAIN_COLOUR = (0.3, 0.9, 0.9)


class Step(Enum):
    """What a picture shows."""

    FOUND = "found"
    ACQUIRED = "acquired"
    ALIGNED = "aligned"
    BRAIN = "brain"
    NETWORK = "network"


@dataclass(frozen=True)
class Panel:
    """A picture (a ``data:`` address) and what stands under it."""

    address: str
    caption: str


def step_panels(result: PatientResult) -> dict[Step, list[Panel]]:
    """The pictures of every step that was taken."""
    makers = {
        Step.FOUND: found,
        Step.ACQUIRED: acquired,
        Step.ALIGNED: aligned,
        Step.BRAIN: masked,
        Step.NETWORK: seen,
    }
    return {step: list(make(result)) for step, make in makers.items()}


def acquired(result: PatientResult) -> Iterator[Panel]:
    """Each sequence as it was given: the middle slice in its plane of acquisition."""
    for modality, volume in result.preprocessed.volumes.items():
        image, pixel = as_acquired(volume)
        yield Panel(encode(grey(image), pixel), modality.label)


def aligned(result: PatientResult) -> Iterator[Panel]:
    """Checkerboards of the reference and each other sequence, as they lay and, where moved, as they lie."""
    done = result.preprocessed
    gathered = done.gathered
    index = _middle(gathered.heads[gathered.reference_modality])
    reference = _axial(gathered.reference, gathered.grid, index)
    for modality in done.alignments:
        given, used = done.volumes[modality], done.aligned[modality]
        label = f"{modality.label} in {gathered.reference_modality.label}"
        before = Panel(
            encode(checkerboard(grey(reference), grey(_axial(given, gathered.grid, index)))), f"{label}, as given"
        )
        yield before
        if used is not given:
            yield Panel(
                encode(checkerboard(grey(reference), grey(_axial(used, gathered.grid, index)))), f"{label}, moved"
            )


def masked(result: PatientResult) -> Iterator[Panel]:
    """The brain mask's outline on the sequence it was found on."""
    done = result.preprocessed
    image = done.gathered.images[done.brain_from]
    centre = [int(np.median(where)) for where in np.nonzero(done.brain.mask)]
    for axis in (2, 1, 0):
        picture = grey(plane(image, axis, centre[axis]))
        yield Panel(
            encode(outlined(picture, plane(done.brain.mask, axis, centre[axis]), BRAIN_COLOUR)),
            f"{done.brain_from.label}, {PLANES[axis]}",
        )


def seen(result: PatientResult) -> Iterator[Panel]:
    """What the network saw: every given channel, axial, where the tumour is largest."""
    patient = result.segmentation.patient
    point = largest_sections(region_mask(_tissues(result), Region.WT))
    for modality in CHANNELS:
        if patient.mask[modality.channel]:
            yield Panel(encode(_normalised(plane(patient.images[modality.channel], 2, point[2]))), modality.label)


def found(result: PatientResult) -> Iterator[Panel]:
    """The regions on the reference, in three planes through the tumour's largest sections."""
    patient = result.segmentation.patient
    tissues = _tissues(result)
    point = largest_sections(region_mask(tissues, Region.WT))
    shown = patient.images[patient.reference_modality.channel]
    for axis in (2, 1, 0):
        picture = _normalised(plane(shown, axis, point[axis]))
        labels = plane(tissues, axis, point[axis])
        for region, inner in zip(REGIONS, (*REGIONS[1:], None), strict=True):
            only = region_mask(labels, region)
            if inner is not None:
                only &= ~region_mask(labels, inner)
            picture = filled(picture, only, APPEARANCE[region].colour)
        yield Panel(encode(picture), f"{patient.reference_modality.label}, {PLANES[axis]}")


def _normalised(image: Array) -> Array:
    """Z-scores as grey values; exactly 0 is outside the head, and black."""
    return grey(np.where(image == 0, WINDOW[0], image), WINDOW)


def _tissues(result: PatientResult) -> Array:
    return result.segmentation.patient.labels_to_working(result.segmentation.tissues)


def _middle(head: Array) -> int:
    """An axial slice through the middle of the head."""
    return int(np.median(np.flatnonzero(head.any(axis=(0, 1)))))


def _axial(volume: Volume, grid: Grid, index: int) -> Array:
    """One axial slice of the working grid, whatever the volume's own grid, as it is looked at."""
    i, j, _ = grid.shape
    one = grid.crop((slice(0, i), slice(0, j), slice(index, index + 1)))
    return plane(resample(volume.array, Grid(volume.shape, volume.affine), one), 2, 0)
