"""A run's curves as a picture."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mstkd.errors import InputError
from mstkd.training.journal import NAME, read_journal

SMOOTHING = 51
"""Steps over which the drawn loss is a running median."""


def draw_curves(run: Path, picture: Path) -> None:
    """Loss (running median), learning rate and validation Dice over the steps, as PNG.

    Raises:
        InputError: The run has no journal, or no step in it.
    """
    if not (run / NAME).is_file():
        raise InputError(f"{run} holds no {NAME}; give the folder of a training run.")
    events = read_journal(run)
    steps = [event for event in events if event["event"] == "step"]
    if not steps:
        raise InputError(f"{run} has not made a step yet; try again later.")
    figure = Figure(figsize=(10, 3.2))
    FigureCanvasAgg(figure)
    loss, rate, dice = figure.subplots(1, 3)
    at = [event["step"] for event in steps]
    loss.plot(at, _running_median([event["loss"] for event in steps]))
    loss.set_title("Loss (running median)")
    rate.plot(at, [event["learning_rate"] for event in steps])
    rate.set_title("Learning rate")
    validations = [event for event in events if event["event"] == "validation"]
    for name in sorted({name for event in validations for name in event["dice"]}):
        dice.plot(*_series(validations, name), marker="o", markersize=3, label=name)
    dice.set_title("Validation Dice")
    dice.set_ylim(0, 1)
    if validations:
        dice.legend(fontsize=7)
    for axes in (loss, rate, dice):
        axes.set_xlabel("Step")
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(picture, dpi=90)


def _running_median(values: list[float]) -> list[float]:
    half = SMOOTHING // 2
    return [float(np.median(values[max(0, i - half) : i + half + 1])) for i in range(len(values))]


def _series(events: list[dict[str, Any]], name: str) -> tuple[list[int], list[float]]:
    having = [event for event in events if name in event["dice"]]
    return [event["step"] for event in having], [event["dice"][name] for event in having]
