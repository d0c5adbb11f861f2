"""The picture of a result: every given sequence and three planes with the regions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from mstkd.modalities import CHANNELS
from mstkd.regions import APPEARANCE, REGIONS, Region, region_mask
from mstkd.results.measure import Measurements
from mstkd.results.panels import WINDOW, plane
from mstkd.results.patient import PatientResult

Array = np.ndarray
PLANES = ("Sagittal", "Coronal", "Axial")


def draw_picture(path: Path, result: PatientResult) -> None:
    """Draw on the working grid (1 mm, RAS+), in the radiological convention: left is right.

    Above: an axial slice of each sequence, or 'missing'. Below: the reference in three
    planes through the largest sections of the tumour, with the regions filled.
    """
    patient = result.segmentation.patient
    tissues = patient.labels_to_working(result.segmentation.tissues)
    masks = {region: region_mask(tissues, region) for region in REGIONS}
    point = largest_sections(masks[Region.WT])
    shown = patient.images[patient.reference_modality.channel]

    figure = Figure(figsize=(13, 7), facecolor="black")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 4)
    for axis, modality in zip(axes[0], CHANNELS, strict=True):
        _clear(axis)
        axis.set_title(modality.label, color="white")
        if patient.mask[modality.channel]:
            _show(axis, plane(patient.images[modality.channel], 2, point[2]))
        else:
            axis.text(0.5, 0.5, "missing", color="0.6", ha="center", va="center", transform=axis.transAxes)
    for axis, across in zip(axes[1], (2, 1, 0), strict=False):
        _clear(axis)
        axis.set_title(f"{PLANES[across]} on {patient.reference_modality.label}", color="white")
        _show(axis, plane(shown, across, point[across]))
        for region, inner in zip(REGIONS, (*REGIONS[1:], None), strict=True):
            only = masks[region] if inner is None else masks[region] & ~masks[inner]
            _overlay(axis, plane(only, across, point[across]), APPEARANCE[region].colour)
        left, right = ("A", "P") if across == 0 else ("R", "L")
        axis.text(0.02, 0.5, left, color="white", transform=axis.transAxes)
        axis.text(0.94, 0.5, right, color="white", transform=axis.transAxes)
    _legend(axes[1][3], result.measurements)
    figure.subplots_adjust(left=0.01, right=0.99, bottom=0.01, top=0.94, wspace=0.03, hspace=0.12)
    figure.savefig(path, dpi=80, facecolor="black")


def largest_sections(mask: Array) -> tuple[int, int, int]:
    """Per axis the index with the largest area of the mask; the centre when it is empty."""
    if not mask.any():
        i, j, k = (n // 2 for n in mask.shape)
    else:
        i, j, k = (int(mask.sum(axis=tuple(a for a in range(3) if a != axis)).argmax()) for axis in range(3))
    return i, j, k


def _show(axis: Axes, image: Array) -> None:
    air = image == 0  # exactly 0 is what is not shown
    axis.imshow(np.where(air, WINDOW[0], image), cmap="gray", vmin=WINDOW[0], vmax=WINDOW[1])


def _overlay(axis: Axes, mask: Array, colour: tuple[float, float, float]) -> None:
    fill = np.zeros((*mask.shape, 4))
    fill[mask] = (*colour, 0.45)
    axis.imshow(fill)


def _clear(axis: Axes) -> None:
    axis.set_axis_off()
    axis.set_facecolor("black")


def _legend(axis: Axes, measurements: Measurements) -> None:
    _clear(axis)
    handles = [
        Patch(color=APPEARANCE[region].colour, label=f"{region.title}: {size.ml:.1f} mL")
        for region, size in measurements.items()
    ]
    axis.legend(handles=handles, loc="upper left", facecolor="black", labelcolor="white", frameon=False, fontsize=12)
    axis.text(0.02, 0.02, "Research use only", color="0.7", transform=axis.transAxes)
