"""The reliability diagram: how often a voxel is tumour, against the probability that it was given."""

from __future__ import annotations

import io
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mstkd.evaluation.calibration import BINS, ReliabilityBin
from mstkd.evaluation.layout import Picture
from mstkd.regions import APPEARANCE, REGIONS, Region
from mstkd.store.card import ALL

RELIABILITY = "reliability.png"


def reliability_picture(bins: Sequence[ReliabilityBin]) -> Picture:
    """The curves with all available sequences, one diagram a region, and how many voxels each bin has."""
    figure = Figure(figsize=(11, 4.6))
    FigureCanvasAgg(figure)
    curves, counts = figure.subplots(2, len(REGIONS), sharex=True, height_ratios=(3, 1))
    for region, above, below in zip(REGIONS, curves, counts, strict=True):
        own = [one for one in bins if one.modalities == ALL and one.region == region.value]
        _draw_curve(above, region, own)
        _draw_counts(below, own)
    curves[0].set_ylabel("Share that the reference has")
    counts[0].set_ylabel("Voxels")
    figure.tight_layout()
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=90)
    note = (
        "With all available sequences, every voxel of every case alike. On the diagonal a probability means what it "
        "says; below it the model is too sure of the region, above it not sure enough."
    )
    return Picture("Reliability", note, RELIABILITY, stream.getvalue())


def _draw_curve(axes: Axes, region: Region, bins: Sequence[ReliabilityBin]) -> None:
    axes.set_title(region.title)
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.grid(alpha=0.3)
    if bins:
        colour = APPEARANCE[region].colour
        axes.plot([b.probability for b in bins], [b.observed for b in bins], marker="o", color=colour)
    else:
        axes.text(0.5, 0.5, "not measured", ha="center", va="center", color="0.5")


def _draw_counts(axes: Axes, bins: Sequence[ReliabilityBin]) -> None:
    axes.set_xlabel("Probability")
    axes.bar([b.low for b in bins], [b.voxels for b in bins], width=1 / BINS, align="edge", color="0.6")
    if bins:
        axes.set_yscale("log")
