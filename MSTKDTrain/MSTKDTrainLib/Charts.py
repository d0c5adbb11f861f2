"""What each chart of a run shows, and in which colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import slicer

from MSTKDLib.Translation import _

from .Plots import SOLID, Curve, Look, Points

_Series = slicer.vtkMRMLPlotSeriesNode
DASH, DASH_DOT = _Series.LineStyleDash, _Series.LineStyleDashDot
CIRCLE, SQUARE, DIAMOND = _Series.MarkerStyleCircle, _Series.MarkerStyleSquare, _Series.MarkerStyleDiamond

# Okabe and Ito's colours, told apart by the colour-blind too; without their yellow, too pale for a line on white.
BLACK, ORANGE, SKY, GREEN = (0.0, 0.0, 0.0), (0.90, 0.62, 0.0), (0.34, 0.71, 0.91), (0.0, 0.62, 0.45)
BLUE, VERMILION, PURPLE = (0.0, 0.45, 0.70), (0.84, 0.37, 0.0), (0.80, 0.47, 0.65)
COLOURS = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY)

TERMS = {
    "loss": (_("total, weighted"), Look(BLACK, width=3.0)),
    "dice": (_("student"), Look(BLUE)),
    "teacher_dice": (_("teacher"), Look(SKY)),
    "evd": ("EVD", Look(ORANGE)),
    "mst": ("MST", Look(VERMILION)),
    "logit_mse": (_("logit MSE"), Look(GREEN)),
    "logit_kl": (_("logit KL (SLKD)"), Look(GREEN, DASH)),
    "style": (_("style"), Look(PURPLE)),
    "adversarial": (_("adversarial"), Look(PURPLE, DASH)),
    "discriminator": (_("discriminator's own"), Look(PURPLE, DASH_DOT)),
}
MARKERS = {"WT": CIRCLE, "TC": SQUARE, "ET": DIAMOND}
LINES = {1: DASH_DOT, 2: DASH, 3: SOLID, 4: SOLID}
"""Line of a combination, by how many sequences it has; within each, the colours tell them apart."""


def lossCurves(curves) -> list[Curve]:
    """Each loss as the journal has it: bin means, the terms not weighted."""
    return [Curve(TERMS[name][0], points, TERMS[name][1]) for name, points in curves.terms.items()]


def regionCurves(curves) -> list[Curve]:
    """Dice of each region, the mean over the validated combinations."""
    from mstkd.regions import APPEARANCE

    colours = {appearance.name: appearance.colour for appearance in APPEARANCE.values()}
    return [
        Curve(
            region, meanByStep(of.get(region, ()) for of in curves.dice.values()), Look(colours[region], SOLID, 3.0, m)
        )
        for region, m in MARKERS.items()
    ]


def combinationCurves(curves, region: str = "") -> list[Curve]:
    """Dice of each validated combination in a region; without one, the mean of the regions."""
    seen: dict[int, int] = {}
    found = []
    for combination, regions in curves.dice.items():
        size = len(combination.split("+"))
        colour = BLACK if size == len(LINES) else COLOURS[seen.get(size, 0) % len(COLOURS)]
        seen[size] = seen.get(size, 0) + 1
        points = regions.get(region, []) if region else meanByStep(regions.values())
        found.append(Curve(combination, points, Look(colour, LINES[size], 3.0 if colour is BLACK else 2.0, CIRCLE)))
    return found


def comparedCurves(runs: Sequence[tuple[str, object]]) -> list[Curve]:
    """Mean validation Dice of each run, by which its best student is chosen."""
    lines = (SOLID, DASH, DASH_DOT)
    return [
        Curve(name, curves.scores, Look(COLOURS[n % len(COLOURS)], lines[n // len(COLOURS) % len(lines)], 2.0, CIRCLE))
        for n, (name, curves) in enumerate(runs)
    ]


def meanByStep(several: Iterable[Points]) -> list[tuple[int, float]]:
    """The mean of several curves at each step where any of them has a value."""
    values: dict[int, list[float]] = {}
    for points in several:
        for step, value in points:
            values.setdefault(step, []).append(value)
    return [(step, sum(at) / len(at)) for step, at in sorted(values.items())]
