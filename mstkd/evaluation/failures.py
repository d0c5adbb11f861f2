"""The cases in which a model was worst, to be looked at."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mstkd.evaluation.dice import dice
from mstkd.evaluation.layout import Picture
from mstkd.evaluation.scores import DECIMALS
from mstkd.inference import Segmentation
from mstkd.modalities import CHANNELS, Modality, describe
from mstkd.preprocessing import Grid, resample_labels
from mstkd.regions import Region, region_mask
from mstkd.results.panels import normalised_grey, outlined, plane
from mstkd.results.picture import largest_sections
from mstkd.store.card import ALL, FAILURES

Array = np.ndarray
WORST = 3
REFERENCE_COLOUR, FOUND_COLOUR = (0.35, 0.95, 0.35), (1.0, 0.35, 0.85)


@dataclass(frozen=True)
class Failure:
    """A case with all its sequences, and the axial slice with the most wrong voxels of the whole tumour.

    Attributes:
        sequences: Those given, e.g. ``FLAIR, T1``.
        dice: Of the whole tumour, in percent.
        missed_ml: What the reference has and the result has not.
        invented_ml: The other way round.
        slices: Each given sequence's z-scores, ``(H, W)`` as it is looked at.
        reference: The whole tumour there, ``(H, W)`` bool.
        found: Likewise.
    """

    case: str
    sequences: str
    dice: float
    missed_ml: float
    invented_ml: float
    slices: Mapping[Modality, Array]
    reference: Array
    found: Array

    @property
    def caption(self) -> str:
        return (
            f"{self.case} with {self.sequences}: whole-tumour Dice {self.dice:.1f} %, {self.missed_ml:.1f} mL of the "
            f"reference missed, {self.invented_ml:.1f} mL invented."
        )


def failure(case: str, segmentation: Segmentation, found: Array, truth: Array, grid: Grid) -> Failure:
    """What is to be seen of a case, should it be one of the worst.

    Args:
        found: The result ``(I, J, K)`` of our classes on the reference label map's grid.
        truth: The reference there.
        grid: That grid.
    """
    patient = segmentation.patient
    there, reference = region_mask(found, Region.WT), region_mask(truth, Region.WT)
    voxel_ml = abs(float(np.linalg.det(grid.affine[:3, :3]))) / 1000
    shown, wanted = (resample_labels(mask.astype(np.uint8), grid, patient.grid) > 0 for mask in (there, reference))
    index = largest_sections(shown != wanted)[2]
    return Failure(
        case,
        describe(patient.present),
        round(100 * dice(there, reference), DECIMALS),
        int((reference & ~there).sum()) * voxel_ml,
        int((there & ~reference).sum()) * voxel_ml,
        {modality: plane(patient.images[modality.channel], 2, index).copy() for modality in patient.present},
        plane(wanted, 2, index).copy(),
        plane(shown, 2, index).copy(),
    )


def worst(failures: Iterable[Failure]) -> list[Failure]:
    """The three with the lowest Dice, the worst first; a case without an error is none."""
    return sorted((one for one in failures if one.dice < 100), key=lambda one: one.dice)[:WORST]


def failure_values(failures: Sequence[Failure]) -> list[dict[str, Any]]:
    """A model card's ``failures``: there Dice is 0 to 1."""
    return [
        {
            "case": one.case,
            "sequences": one.sequences,
            "region": Region.WT.value,
            "dice": round(one.dice / 100, DECIMALS),
            "caption": one.caption,
        }
        for one in failures
    ]


def failures_picture(failures: Sequence[Failure]) -> Picture:
    """A row for each case: its sequences with both outlines, in the radiological convention: left is right."""
    figure = Figure(figsize=(13, 3.9 * len(failures)), facecolor="black")
    FigureCanvasAgg(figure)
    for part, one in zip(figure.subfigures(len(failures), 1, squeeze=False)[:, 0], failures, strict=True):
        part.set_facecolor("black")
        part.suptitle(one.caption, color="white", fontsize=10)
        for axis, modality in zip(part.subplots(1, len(CHANNELS)), CHANNELS, strict=True):
            _draw(axis, one, modality)
        part.subplots_adjust(left=0.01, right=0.99, bottom=0.02, top=0.84, wspace=0.03)
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=80, facecolor="black")
    note = (
        f"The lowest whole-tumour Dice with {ALL} sequences, each at the axial slice with the most wrong voxels. "
        "Green: the reference. Pink: the result. R, the patient's right, is on the left."
    )
    return Picture("The worst cases", note, FAILURES, stream.getvalue())


def _draw(axis: Axes, one: Failure, modality: Modality) -> None:
    axis.set_axis_off()
    axis.set_title(modality.label, color="white", fontsize=10)
    if modality not in one.slices:
        axis.text(0.5, 0.5, "missing", color="0.6", ha="center", va="center", transform=axis.transAxes)
        return
    picture = outlined(normalised_grey(one.slices[modality]), one.reference, REFERENCE_COLOUR)
    axis.imshow(outlined(picture, one.found, FOUND_COLOUR))
    axis.text(0.02, 0.5, "R", color="white", transform=axis.transAxes)
    axis.text(0.94, 0.5, "L", color="white", transform=axis.transAxes)
