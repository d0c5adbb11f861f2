"""The pictures of each step of one patient's way, in the radiological convention: left is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

import numpy as np

from mstkd.inference.postprocessing import largest_part
from mstkd.preprocessing import Grid, PreparedPatient, Volume, resample
from mstkd.regions import APPEARANCE, REGIONS, Region, region_mask
from mstkd.results.panels import Colour, as_acquired, checkerboard, encode, grey, normalised_grey, outlined, plane
from mstkd.results.patient import PatientResult
from mstkd.results.picture import largest_sections

Array = np.ndarray
PLANES = ("sagittal", "coronal", "axial")
SIDES = ("AP", "RL", "RL")
"""Per plane the letters at the left and right edge."""
BRAIN_COLOUR = (0.3, 0.9, 0.9)
LEFT_OUT_COLOUR = (1.0, 0.25, 1.0)


class Step(Enum):
    """What a picture shows."""

    FOUND = "found"
    LEFT_OUT = "left out"
    ACQUIRED = "acquired"
    ALIGNED = "aligned"
    BRAIN = "brain"
    NETWORK = "network"


@dataclass(frozen=True)
class Panel:
    """A picture.

    Attributes:
        address: A ``data:`` address.
        caption: What stands under it.
        sides: The letters at its left and right edge.
        first: Whether a new row begins with it.
    """

    address: str
    caption: str
    sides: str = "RL"
    first: bool = False


def step_panels(result: PatientResult) -> dict[Step, list[Panel]]:
    """The pictures of every step that was taken."""
    makers = {
        Step.FOUND: found,
        Step.LEFT_OUT: left_out,
        Step.ACQUIRED: acquired,
        Step.ALIGNED: aligned,
        Step.BRAIN: masked,
        Step.NETWORK: seen,
    }
    return {step: list(make(result)) for step, make in makers.items()}


def acquired(result: PatientResult) -> Iterator[Panel]:
    """Each sequence as it was given: the middle slice in its plane of acquisition."""
    for modality, volume in result.preprocessed.volumes.items():
        image, pixel, axis = as_acquired(volume)
        yield Panel(encode(grey(image), pixel), f"{modality.label}, middle slice", SIDES[axis])


def aligned(result: PatientResult) -> Iterator[Panel]:
    """Checkerboards of the reference and each other sequence, as they lay and, where moved, as they lie."""
    done = result.preprocessed
    gathered = done.gathered
    index = _middle(gathered.heads[gathered.reference_modality])
    reference = grey(_axial(gathered.reference, gathered.grid, index))
    for modality in done.alignments:
        given, used = done.volumes[modality], done.aligned[modality]
        label = f"{modality.label} in {gathered.reference_modality.label}"
        shown = {"as given": given} if used is given else {"as given": given, "moved": used}
        for state, volume in shown.items():
            board = checkerboard(reference, grey(_axial(volume, gathered.grid, index)))
            yield Panel(encode(board), f"{label}, {state}", first=volume is given)


def masked(result: PatientResult) -> Iterator[Panel]:
    """The brain mask's outline on the sequence it was found on."""
    done = result.preprocessed
    image = done.gathered.images[done.brain_from]
    centre = [int(np.median(where)) for where in np.nonzero(done.brain.mask)]
    for axis in (2, 1, 0):
        brain = plane(done.brain.mask, axis, centre[axis])
        picture = outlined(grey(plane(image, axis, centre[axis])), brain, BRAIN_COLOUR)
        yield Panel(encode(picture), f"{done.brain_from.label}, {PLANES[axis]}", SIDES[axis])


def seen(result: PatientResult) -> Iterator[Panel]:
    """What the network saw: every given channel, axial, where the tumour is largest."""
    patient = result.segmentation.patient
    _, point = _tumour(result)
    for modality in patient.present:
        yield Panel(encode(normalised_grey(plane(patient.images[modality.channel], 2, point[2]))), modality.label)


def found(result: PatientResult) -> Iterator[Panel]:
    """The reference through the tumour's largest sections in three planes, bare and with the regions outlined."""
    patient = result.segmentation.patient
    tissues, point = _tumour(result)
    masks = [(region_mask(tissues, region), APPEARANCE[region].colour) for region in REGIONS]
    yield from _bare_and_outlined(patient, point, masks)


def left_out(result: PatientResult) -> Iterator[Panel]:
    """The largest part that the model was not sure enough of, on the reference bare and outlined, if there is one."""
    parts, patient = result.segmentation.left_out, result.segmentation.patient
    if not parts.any():
        return
    largest = patient.labels_to_working(largest_part(parts).astype(np.uint8)) > 0
    yield from _bare_and_outlined(patient, largest_sections(largest), [(largest, LEFT_OUT_COLOUR)])


def _bare_and_outlined(
    patient: PreparedPatient, point: tuple[int, int, int], masks: list[tuple[Array, Colour]]
) -> Iterator[Panel]:
    """The reference in three planes through a point of the working grid, bare and with the masks outlined."""
    shown = patient.images[patient.reference_modality.channel]
    for axis in (2, 1, 0):
        bare = marked = normalised_grey(plane(shown, axis, point[axis]))
        for mask, colour in masks:
            marked = outlined(marked, plane(mask, axis, point[axis]), colour)
        label = f"{patient.reference_modality.label}, {PLANES[axis]}"
        yield Panel(encode(bare), label, SIDES[axis], first=True)
        yield Panel(encode(marked), f"{label}, outlined", SIDES[axis])


def _tumour(result: PatientResult) -> tuple[Array, tuple[int, int, int]]:
    """The tissues on the working grid, and where the whole tumour's sections are largest."""
    tissues = result.segmentation.patient.labels_to_working(result.segmentation.tissues)
    return tissues, largest_sections(region_mask(tissues, Region.WT))


def _middle(head: Array) -> int:
    """An axial slice through the middle of the head."""
    return int(np.median(np.flatnonzero(head.any(axis=(0, 1)))))


def _axial(volume: Volume, grid: Grid, index: int) -> Array:
    """One axial slice of the working grid, whatever the volume's own grid, as it is looked at."""
    i, j, _ = grid.shape
    one = grid.crop((slice(0, i), slice(0, j), slice(index, index + 1)))
    return plane(resample(volume.array, Grid(volume.shape, volume.affine), one), 2, 0)
