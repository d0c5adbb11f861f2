"""The 95th percentile of the Hausdorff distance, HD95."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from monai.metrics import compute_hausdorff_distance

from mstkd.preprocessing.grid import bounding_box

Array = np.ndarray
PENALTY_MM = 373.13
"""HD95 of a missed or invented region: the diagonal of the BraTS field of 240 x 240 x 155 mm, as in BraTS."""


def hd95(prediction: Array, reference: Array, spacing: Array) -> float:
    """HD95 of two bool masks ``(I, J, K)`` in mm, by MONAI.

    ``max(P95 d(p, R), P95 d(r, P))`` over the surface voxels p and r of both masks; the
    surface is what an erosion through faces removes, beyond the image is background. 0 when
    both masks are empty, ``PENALTY_MM`` when one is.

    Args:
        spacing: Edges of a voxel in mm, ``(3,)``. On a sheared grid the axes count as
            perpendicular.
    """
    if not prediction.any() or not reference.any():
        return 0.0 if prediction.any() == reference.any() else PENALTY_MM
    box = bounding_box(prediction | reference, margin=1)  # distances stay, time goes
    found, truth = (torch.from_numpy(mask[box])[None, None] for mask in (prediction, reference))
    with warnings.catch_warnings():
        # MONAI 1.6 warns of an argument that only its own code passes.
        warnings.filterwarnings("ignore", ".*always_return_as_numpy", FutureWarning)
        distance = compute_hausdorff_distance(
            found, truth, include_background=True, percentile=95, spacing=[float(mm) for mm in spacing]
        )
    return float(distance)
