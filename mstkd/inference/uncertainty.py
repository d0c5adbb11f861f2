"""How unsure the network is of each voxel's tissue."""

from __future__ import annotations

import itertools
import math

import numpy as np

Array = np.ndarray
UNCERTAIN_PERCENT = 50
"""From here on in the rounded map a voxel counts as uncertain: as unsure as between two equally likely classes."""


def entropy_percent(regions: Array) -> Array:
    """Normalised entropy of the four classes in per cent, ``(I, J, K)`` uint8.

    With the class probabilities p = (1 - WT, WT - TC, TC - ET, ET) it is

        100 * -sum(p * ln p) / ln 4,    where 0 * ln 0 = 0

    0 means sure, 100 that all classes are equally likely, 50 that two are and the others are
    out of the question. Interpolation may carry a probability out of [0, 1], or the regions
    out of their order, by rounding; each p is clipped to [0, 1].

    Args:
        regions: Probabilities of WT, TC and ET, ``(3, I, J, K)``.
    """
    out = np.empty(regions.shape[1:], dtype=np.uint8)
    for index, slab in enumerate(regions.swapaxes(0, 1)):  # a slab at a time: temporary arrays stay small
        total = np.zeros(slab.shape[1:], dtype=np.float32)
        for outer, inner in itertools.pairwise((1.0, *slab, 0.0)):
            p = np.clip(outer - inner, 0, 1)
            total -= p * np.log(np.maximum(p, np.finfo(np.float32).tiny))
        out[index] = np.rint(total * (100 / math.log(4)))
    return out
