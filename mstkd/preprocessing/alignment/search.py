"""The search for the motion: a look around on coarse images, then Powell's method on finer and finer ones."""

from __future__ import annotations

import itertools

import numpy as np
from scipy import ndimage, optimize

from mstkd.preprocessing.alignment.head import Head
from mstkd.preprocessing.alignment.rigid import mean_displacement, rigid
from mstkd.preprocessing.alignment.similarity import Similarity
from mstkd.preprocessing.grid import Array
from mstkd.preprocessing.volume import Volume

COARSE = 4.0
"""In mm: the grid on which the motion is looked for."""
TILTS = (-20.0, -10.0, 0.0, 10.0, 20.0)
LIFTS = (-20.0, 0.0, 20.0)
"""Looked at: all tilts about the three axes (degrees), and lifts along the body (mm), since
fields of view end at different heights of the neck and shift the heads' centres."""
STARTS = 4
APART = 8.0
"""In mm: starts nearer to each other lead to the same place."""
FEW_POINTS = 4000
"""Points that are enough on the way."""


def search(fixed: Head, moving: Head) -> Array:
    """The motion, ``(4, 4)``, that makes the moving head fit the fixed one best.

    Found on 4 mm images from several starts and refined on the images as they are, at few
    points.
    """
    coarse = Similarity(_smooth(fixed), _smooth(moving).volume, FEW_POINTS)
    found = [climb(coarse, start, fixed.centre, step=4.0, tolerance=0.2) for start in _starts(fixed, moving, coarse)]
    return climb(
        Similarity(fixed, moving.volume, FEW_POINTS), max(found, key=coarse), fixed.centre, step=1.5, tolerance=0.1
    )


def climb(similarity: Similarity, start: Array, centre: Array, step: float, tolerance: float) -> Array:
    """The local optimum near a motion, by Powell's method over a rotation and a shift.

    Args:
        step: First step in degrees and mm.
        tolerance: Where to stop, in degrees and mm.
    """

    def loss(steps: Array) -> float:
        return -similarity(rigid(step * steps[:3], step * steps[3:], centre) @ start)

    best = optimize.minimize(
        loss, np.zeros(6), method="Powell", options={"xtol": tolerance / step, "ftol": 1e-4, "maxiter": 20}
    )
    return rigid(step * best.x[:3], step * best.x[3:], centre) @ start


def _starts(fixed: Head, moving: Head, similarity: Similarity) -> list[Array]:
    """Where the volume lies, and the best of many tilts with the heads' centres together."""
    together = np.eye(4)
    together[:3, 3] = fixed.centre - moving.centre
    tilted = [
        rigid(np.array(tilt), np.array([0.0, 0.0, lift]), fixed.centre) @ together
        for tilt in itertools.product(TILTS, repeat=3)
        for lift in LIFTS
    ]
    chosen: list[Array] = []
    for motion in sorted(tilted, key=similarity, reverse=True):
        if all(mean_displacement(motion @ np.linalg.inv(other), fixed.points) > APART for other in chosen):
            chosen.append(motion)
        if len(chosen) == STARTS - 1:
            break
    return [np.eye(4), *chosen]


def _smooth(head: Head) -> Head:
    image, grid = head.image(COARSE)
    volume = Volume(ndimage.gaussian_filter(image, sigma=0.7), grid.affine, head.volume.source)
    return Head(volume, head.grid, head.mask, head.air)
