"""Is a position the optimum, and is it one that only images of the same head have?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mstkd.preprocessing.alignment.rigid import mean_displacement, rigid
from mstkd.preprocessing.alignment.similarity import Similarity
from mstkd.preprocessing.grid import Array

STEP = 3.0
"""In mm and degrees, to each side: half a thick slice, so that a parabola through three values has a clear top."""
LEAST_INFORMATION = 0.1
"""In nats: noise reaches 0.04, the worst images of one head 0.4."""
LEAST_SHARPNESS = 0.1
"""Images of one head lose 0.11 or more of their similarity with a step, those of two heads 0.07 or less."""


@dataclass(frozen=True)
class Optimum:
    """The neighbourhood of a motion.

    Attributes:
        information: The similarity there, in nats.
        sharpness: The share of it that a step of 3 mm or 3 degrees loses on average.
        offset_mm: Estimated distance to the optimum, mean over the head; infinite when the
            similarity does not fall off to both sides along every parameter.
    """

    information: float
    sharpness: float
    offset_mm: float

    @property
    def shows_one_head(self) -> bool:
        """Whether only two images of the same head, well aligned, fit like this."""
        return self.information >= LEAST_INFORMATION and self.sharpness >= LEAST_SHARPNESS


def look_around(similarity: Similarity, motion: Array, points: Array) -> Optimum:
    """Compare a motion with steps to both sides along each of the six parameters.

    Args:
        points: The reference's head in world coordinates, ``(N, 3)``.
    """
    centre = points.mean(axis=0)
    here = similarity(motion)
    steps = STEP * np.eye(6)
    ahead, behind = (
        np.array([similarity(rigid(step[:3], step[3:], centre) @ motion) for step in sign * steps]) for sign in (1, -1)
    )
    fall = here - (ahead + behind) / 2
    if here <= 0 or (fall <= 0).any():
        return Optimum(here, 0.0, np.inf)
    offset = STEP * (ahead - behind) / (4 * fall)
    moved = mean_displacement(rigid(offset[:3], offset[3:], centre), points)
    return Optimum(here, float(fall.mean() / here), moved)
