"""The Dice coefficient."""

from __future__ import annotations

import numpy as np

from mstkd.regions import REGIONS, Region, region_mask

Array = np.ndarray


def dice(prediction: Array, reference: Array) -> float:
    """``2 |P and R| / (|P| + |R|)`` of two bool masks; 1 when both are empty (BraTS)."""
    total = int(prediction.sum()) + int(reference.sum())
    return 1.0 if total == 0 else 2.0 * int((prediction & reference).sum()) / total


def region_dice(prediction: Array, reference: Array, known: tuple[Region, ...] = REGIONS) -> dict[Region, float]:
    """Dice per region of two label maps of our classes; only regions that the reference knows."""
    return {
        region: dice(region_mask(prediction, region), region_mask(reference, region))
        for region in REGIONS
        if region in known
    }
