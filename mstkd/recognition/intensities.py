"""Whether images look like the sequences they were taken for: doubts, never another answer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy import ndimage, stats

from mstkd.modalities import Modality

Array = np.ndarray

STEP = 2
"""The check looks at every second voxel: it needs percentiles, not detail."""
CORE_DEPTH = 0.6
"""The core is what lies deeper than this share of the greatest depth: ventricles, white matter, deep nuclei."""
FEWEST_VOXELS = 500
TAIL_PERCENT = 2.0
"""What lies beyond it on either side is an outlier."""

# How much two images must look like each other's sequence before it is said, in the units of
# the check. Chosen on 42 training cases, where no rightly named pair reached half of it; see
# Testing/experiments/intensity_check.py.
# Fluid is brighter in the second than in the first, against the rest of the brain:
_FLUID = (
    (Modality.FLAIR, Modality.T2, 0.5),
    (Modality.T1, Modality.T2, 0.5),
    (Modality.T1GD, Modality.T2, 0.5),
    (Modality.T1, Modality.FLAIR, 0.75),  # dark in both, but FLAIR shows grey matter and oedema bright
)
# Vessels and enhancement are brighter in T1Gd than in T1:
_CONTRAST = 0.3
# The last resembles the first more than the second:
_LIKENESS = ((Modality.T1GD, Modality.FLAIR, Modality.T1), (Modality.T1, Modality.FLAIR, Modality.T1GD))
_UNLIKE = 0.4


def check_intensities(
    images: Mapping[Modality, Array], air: Mapping[Modality, float], brain: Array, names: Mapping[Modality, str]
) -> list[str]:
    """One sentence for each two images that look swapped; it names both readings.

    T2 has a bright tail of fluid in the core of the brain where FLAIR and T1 have a dark
    one, so the asymmetry of the histogram orders them. Vessels, choroid plexus and
    enhancement lie high in T1Gd only, so the difference of a voxel's ranks in T1Gd and T1 has
    its long tail upwards. Where nothing of this is amiss, T1 and T1Gd must resemble each
    other more than FLAIR. What lies between right and swapped says nothing.

    Args:
        images: ``(H, W, D)`` each, on one isotropic grid, in any units.
        air: The value of each where it shows nothing; only what all of a comparison see counts.
        brain: ``(H, W, D)`` bool; the head where the brain is not known.
        names: What messages call each image.
    """
    core = _core(brain)
    values = {m: image[::STEP, ::STEP, ::STEP][core].astype(float) for m, image in images.items()}
    for modality, seen in values.items():
        seen[seen == air[modality]] = np.nan

    def shared(*modalities: Modality) -> list[Array] | None:
        """The values of voxels that all these images show; None when one is missing or they share too few."""
        if not values.keys() >= set(modalities):
            return None
        together = np.array([values[m] for m in modalities])
        together = together[:, ~np.isnan(together).any(axis=0)]
        return list(together) if together.shape[1] >= FEWEST_VOXELS else None

    swapped = [
        (first, second, "the brightness of fluid in the brain")
        for first, second, margin in _FLUID
        if (pair := shared(first, second)) and _asymmetry(pair[1]) - _asymmetry(pair[0]) < -margin
    ]
    pair = shared(Modality.T1, Modality.T1GD)
    if pair and _enhancement(*pair) < -_CONTRAST:
        swapped.append((Modality.T1, Modality.T1GD, "the brightness of vessels"))
    swapped = swapped or [
        (first, second, f"their likeness to the {third.label}")
        for first, second, third in _LIKENESS
        if (three := shared(first, second, third))
        and _likeness(three[2], three[0]) - _likeness(three[2], three[1]) < -_UNLIKE
    ]
    return [
        f"{names[first]} is taken for {first.label} and {names[second]} for {second.label}, but by {witness} "
        f"it is the other way round; check which is which."
        for first, second, witness in swapped
    ]


def _core(brain: Array) -> Array:
    """The deep part of the brain on every second voxel; the edge of the volume counts as outside."""
    small = np.pad(brain[::STEP, ::STEP, ::STEP], 1)
    depth = ndimage.distance_transform_edt(small)[1:-1, 1:-1, 1:-1]
    return np.asarray(depth > CORE_DEPTH * depth.max())


def _asymmetry(values: Array) -> float:
    """The logarithm of the bright tail's length over the dark one's."""
    low, middle, high = np.percentile(values, [TAIL_PERCENT, 50, 100 - TAIL_PERCENT])
    least = 1e-3 * (high - low) or 1.0
    return float(np.log(max(high - middle, least) / max(middle - low, least)))


def _enhancement(native: Array, enhanced: Array) -> float:
    """The asymmetry of how much higher a voxel ranks after contrast than before; free of any scale."""
    return _asymmetry(stats.rankdata(enhanced) - stats.rankdata(native))


def _likeness(one: Array, other: Array) -> float:
    """Spearman's rank correlation, 0 for a constant image."""
    if one.min() == one.max() or other.min() == other.max():
        return 0.0
    return float(np.corrcoef(stats.rankdata(one), stats.rankdata(other))[0, 1])
