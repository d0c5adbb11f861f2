"""Head mask and normalisation of one sequence on the working grid."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

Array = np.ndarray

MASK_STEP = 3
"""The mask is found on every third voxel: a head's outline needs no more at 1 mm."""
BACKGROUND_SHARE = 0.12
"""Air lies below this share of the bright tissue (98th percentile of what is not air)."""
CLIP_PERCENTILES = (0.1, 99.9)
FEWEST_MEASURED = 0.05
"""Share of the measured voxels that an image must show for them to stand for it."""


CLEAN_AIR = 0.9
"""Share of equal voxels on the volume's faces from which on their value is taken as air."""


def air_value(image: Array) -> float:
    """The value of what is not the head: of the faces when they are clean, else the minimum.

    In a skull-stripped volume that was z-scored, air is a value in the middle of the range.
    """
    faces = np.concatenate([np.moveaxis(image, axis, 0)[index].ravel() for axis in range(3) for index in (0, -1)])
    usual = np.partition(faces, faces.size // 2)[faces.size // 2]  # a value that most have is the middle one
    clean = np.count_nonzero(faces == usual) >= CLEAN_AIR * faces.size
    return float(usual if clean else image.min())


def head_mask(image: Array, air: float, step: int = MASK_STEP) -> Array:
    """Where the head (or the skull-stripped brain) is, ``(H, W, D)`` bool, without holes.

    Threshold, largest component, closing, and filling of holes slice by slice, since the
    head is open at the lower edge of the field of view. An image without a clear outline
    gives everything that is not air, which is nothing when all of it is. Found on every
    ``step``-th voxel, which should be about 3 mm apart.
    """
    small = ndimage.gaussian_filter(np.abs(image[::step, ::step, ::step] - air), sigma=0.7)
    above = small[small > small.mean()]
    threshold = BACKGROUND_SHARE * float(np.percentile(above, 98)) if above.size else 0.0
    mask = ndimage.binary_opening(small > threshold)
    labels, count = ndimage.label(mask)
    if count == 0:
        return image != air
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    mask = labels == sizes.argmax()
    mask = ndimage.binary_closing(np.pad(mask, 4), iterations=3)[4:-4, 4:-4, 4:-4]
    for axis in range(3):
        for index in range(mask.shape[axis]):
            part = np.moveaxis(mask, axis, 0)[index]
            part |= ndimage.binary_fill_holes(part)
    full = np.repeat(np.repeat(np.repeat(mask, step, 0), step, 1), step, 2)
    return full[: image.shape[0], : image.shape[1], : image.shape[2]]


def normalise(image: Array, mask: Array, air: float, measured: Array) -> Array:
    """Clip to percentiles and z-score inside the mask, 0 outside, as float32.

    ``(clip(v, p0.1, p99.9) - mean) / standard deviation``; voxels that are exactly the air
    value of a skull-stripped image stay 0.

    Args:
        image: ``(H, W, D)``.
        mask: What is kept, ``(H, W, D)`` bool.
        air: The value of what is not the head.
        measured: Whose voxels give percentiles, mean and deviation; where the image shows
            almost none of them, the mask's do.
    """
    inside = mask & (image != air)
    values = image[inside & measured]
    if values.size < FEWEST_MEASURED * np.count_nonzero(measured):
        values = image[inside]
    low, high = np.percentile(values, CLIP_PERCENTILES)
    reference = np.clip(values, low, high)
    out = np.zeros(image.shape, dtype=np.float32)
    out[inside] = (np.clip(image[inside], low, high) - reference.mean()) / max(float(reference.std()), 1e-6)
    return out
