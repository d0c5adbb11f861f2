"""A run's curves, as a picture and as the points that a model card keeps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from mstkd.errors import InputError
from mstkd.files import whole_file
from mstkd.regions import REGIONS
from mstkd.runs import Event, read_journal
from mstkd.runs.curves import DISTILLATION, SEGMENTATION
from mstkd.runs.layout import JOURNAL

MOST_SMOOTHING = 51
"""Steps over which a loss is a running median in a long run; in a short one a tenth of it."""
LABELS = {
    "dice": "student",
    "teacher_dice": "teacher",
    "evd": "EVD",
    "mst": "MST",
    "logit_mse": "logit MSE",
    "logit_kl": "logit KL (SLKD)",
    "style": "style",
    "adversarial": "adversarial",
    "discriminator": "discriminator's own",
}
MOST_POINTS, MOST_DRAWN = 100, 1000
"""That a card keeps of a curve, and that a picture has room for."""


def draw_curves(run: Path, picture: Path) -> None:
    """Losses (running medians), learning rate and validation Dice over the steps, as PNG.

    Raises:
        InputError: The run has no journal, or no step in it.
    """
    if not (run / JOURNAL).is_file():
        raise InputError(f"{run} holds no {JOURNAL}; give the folder of a training run.")
    events = read_journal(run)
    steps = [event for event in events if event["event"] == "step"]
    if not steps:
        raise InputError(f"{run} has not made a step yet; try again later.")
    figure = Figure(figsize=(13, 7))
    FigureCanvasAgg(figure)
    above, below = figure.subplots(2, 3)
    _draw_losses(above[0], "Segmentation loss (Dice and cross-entropy)", steps, SEGMENTATION)
    _draw_losses(above[1], "Distillation terms, not weighted", steps, DISTILLATION)
    if any(name in steps[-1] for name in DISTILLATION):
        above[1].set_yscale("log")
    above[2].plot([event["step"] for event in steps], [event["learning_rate"] for event in steps])
    above[2].set_title("Learning rate")
    validations = [event for event in events if event["event"] == "validation"]
    for axes, region in zip(below, REGIONS, strict=True):
        _draw_dice(axes, region.value, validations)
    for axes in (*above, *below):
        axes.set_xlabel("Step")
        axes.set_xlim(0, steps[-1]["step"] + 1)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.grid(alpha=0.3)
    figure.tight_layout()
    with whole_file(picture) as draft:
        figure.savefig(draft, format="png", dpi=90)


def curve_points(events: Sequence[Event]) -> dict[str, Any]:
    """At most 100 points of each loss, as ``{"dice": [[step, value], ...]}``, and all validations."""
    steps = [event for event in events if event["event"] == "step"]
    curves = {name: _smoothed(steps, name, MOST_POINTS) for name in LABELS if steps and name in steps[-1]}
    return {
        "losses": {name: [[s, round(v, 4)] for s, v in zip(*curve, strict=True)] for name, curve in curves.items()},
        "validation": [
            {"step": event["step"], "dice": event["dice"]} for event in events if event["event"] == "validation"
        ],
    }


def _draw_losses(axes: Axes, title: str, steps: Sequence[Event], names: Sequence[str]) -> None:
    over = smoothing(len(steps))
    axes.set_title(f"{title}\nmedian of {over} steps" if over > 1 else title, fontsize=10)
    shown = [name for name in names if name in steps[-1]]
    for name in shown:
        axes.plot(*_smoothed(steps, name, MOST_DRAWN), label=LABELS[name])
    if shown:
        axes.legend(fontsize=7)
    else:
        axes.text(0.5, 0.5, "no teacher", ha="center", va="center", transform=axes.transAxes, color="0.5")


def _draw_dice(axes: Axes, region: str, validations: Sequence[Event]) -> None:
    axes.set_title(f"Validation Dice, {region}")
    axes.set_ylim(-0.03, 1)
    # Subsets in the order in which the validation has them, which is the paper's.
    subsets = list(dict.fromkeys(subset for event in validations for subset in event["dice"]))
    colours = {subset: f"C{i}" if len(subsets) <= 10 else None for i, subset in enumerate(subsets)}
    for subset in subsets:
        having = [event for event in validations if region in event["dice"].get(subset, {})]
        if having:
            values = [event["dice"][subset][region] for event in having]
            at = [event["step"] for event in having]
            axes.plot(at, values, marker="o", markersize=3, label=subset, color=colours[subset])
    if axes.lines:
        axes.legend(fontsize=6, ncols=2 if len(subsets) > 6 else 1)
    else:
        axes.text(0.5, 0.5, "no validation yet", ha="center", va="center", transform=axes.transAxes, color="0.5")


def smoothing(steps: int) -> int:
    """Steps over which the losses of a run are running medians."""
    return max(1, min(MOST_SMOOTHING, steps // 10))


def _smoothed(steps: Sequence[Event], name: str, most: int) -> tuple[list[int], list[float]]:
    """Running medians of a loss at no more than so many steps, evenly spread."""
    half = smoothing(len(steps)) // 2
    values = [event.get(name, float("nan")) for event in steps]
    chosen = sorted({int(i) for i in np.linspace(0, len(steps) - 1, min(len(steps), most))})
    medians = [float(np.nanmedian(values[max(0, i - half) : i + half + 1])) for i in chosen]
    return [int(steps[i]["step"]) for i in chosen], medians
