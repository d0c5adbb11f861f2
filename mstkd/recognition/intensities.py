"""Whether images look like the sequences they were taken for: doubts, never another answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
# Fluid is brighter in the second than in the first, against the rest of the brain. Last stands
# how much (as a logarithm) they must look like each other before it is said. On 42 training
# cases no rightly named pair reached half of it; see Testing/experiments/intensity_check.py.
_FLUID = (
    (Modality.FLAIR, Modality.T2, 0.5),
    (Modality.T1, Modality.T2, 0.5),
    (Modality.T1GD, Modality.T2, 0.5),
    (Modality.T1, Modality.FLAIR, 0.75),  # dark in both, but FLAIR shows grey matter and oedema bright
)
SWAPPED_CONTRAST = 0.3


def check_intensities(images: Mapping[Modality, Array], brain: Array, names: Mapping[Modality, str]) -> list[str]:
    """One sentence for each two images that look swapped; it names both readings.

    T2 has a bright tail of fluid in the core of the brain where FLAIR and T1 have a dark
    one, so the asymmetry of the histogram orders them. Vessels, choroid plexus and
    enhancement lie high in T1Gd only, so the difference of an image's ranks between T1Gd and
    T1 has its long tail upwards. FLAIR and T1Gd cannot be told apart like this. What lies
    between right and swapped says nothing.

    Args:
        images: ``(H, W, D)`` each, on one isotropic grid, in any units.
        brain: ``(H, W, D)`` bool; the head where the brain is not known.
        names: What messages call each image.
    """
    core = _core(brain)
    if int(core.sum()) < FEWEST_VOXELS:
        return []
    values = {modality: image[::STEP, ::STEP, ::STEP][core] for modality, image in images.items()}
    warnings = []
    for first, second, margin in _FLUID:
        if _swapped(values, first, second, _brighter_fluid, margin):
            warnings.append(_sentence(first, second, names, "the brightness of fluid in the brain"))
    if _swapped(values, Modality.T1, Modality.T1GD, _enhancement, SWAPPED_CONTRAST):
        warnings.append(_sentence(Modality.T1, Modality.T1GD, names, "the brightness of vessels"))
    return warnings


def _core(brain: Array) -> Array:
    """The deep part of the brain on every second voxel; the edge of the volume counts as outside."""
    small = np.pad(brain[::STEP, ::STEP, ::STEP], 1)
    depth = ndimage.distance_transform_edt(small)[1:-1, 1:-1, 1:-1]
    return np.asarray(depth > CORE_DEPTH * depth.max())


def _swapped(
    values: Mapping[Modality, Array],
    first: Modality,
    second: Modality,
    likeness: Callable[[Array, Array], float],
    margin: float,
) -> bool:
    """Whether both are there and the first is clearly more like the second's sequence than the second itself."""
    return first in values and second in values and likeness(values[first], values[second]) < -margin


def _asymmetry(values: Array) -> float:
    """The logarithm of the bright tail's length over the dark one's."""
    low, middle, high = np.percentile(values, [TAIL_PERCENT, 50, 100 - TAIL_PERCENT])
    least = 1e-3 * (high - low) or 1.0
    return float(np.log(max(high - middle, least) / max(middle - low, least)))


def _brighter_fluid(first: Array, second: Array) -> float:
    return _asymmetry(second) - _asymmetry(first)


def _enhancement(native: Array, enhanced: Array) -> float:
    """The asymmetry of how much higher a voxel ranks after contrast than before; free of any scale."""
    return _asymmetry(stats.rankdata(enhanced) - stats.rankdata(native))


def _sentence(first: Modality, second: Modality, names: Mapping[Modality, str], witness: str) -> str:
    return (
        f"{names[first]} is taken for {first.label} and {names[second]} for {second.label}, but by {witness} "
        f"it is the other way round; check which is which."
    )
