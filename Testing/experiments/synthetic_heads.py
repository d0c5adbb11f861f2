"""Whole heads drawn from anatomical label maps, to measure brain masks against a truth that no method made.

Each tissue gets one grey value per contrast (drawn anew within 12 %), then texture, a
smooth bias field of up to 25 %, partial volume and Rician noise follow; T2 and FLAIR are
averaged to 5 mm slices as in clinical series. The maps are SynthSeg's training maps with
FreeSurfer's labels inside the brain and labels from 500 for the rest of the head.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from mstkd.modalities import Modality
from mstkd.preprocessing import Volume

WHITE = (2, 7, 16, 28, 41, 46, 60, 85)
FLUID = (4, 5, 14, 15, 24, 43, 44)
OUTER_CSF = 24
CORD, SKULL, MARROW, SKIN, SOFT, MUCOSA, EYE, VESSEL = 512, 515, 516, 511, 507, 509, 506, 514
HEAD_LABELS = 500
SULCUS_MM = 6
SLICE_MM = 5
# white matter, grey matter, fluid, skull, marrow, skin and fat, other soft tissue, mucosa, eye, vessel
_GREY = {
    Modality.T1: (110, 75, 25, 14, 100, 140, 80, 60, 25, 40),
    Modality.T1GD: (110, 78, 25, 14, 100, 140, 85, 150, 25, 190),
    Modality.T2: (60, 85, 190, 12, 60, 90, 50, 130, 190, 12),
    Modality.FLAIR: (70, 92, 20, 12, 70, 105, 60, 110, 25, 15),
}
_AIR = 3.0


def brain_truth(labels: np.ndarray) -> np.ndarray:
    """Brain with ventricles, sulci closed over 6 mm: as brain masks are usually drawn.

    The fluid between the brain's hull and the skull, and around the cord, is left out.
    """
    inner = (labels > 0) & (labels < HEAD_LABELS)
    parenchyma = inner & (labels != OUTER_CSF)
    padded = np.pad(parenchyma, SULCUS_MM + 1)
    far = ndimage.distance_transform_edt(~padded) <= SULCUS_MM
    closed = ndimage.distance_transform_edt(far) > SULCUS_MM
    rim = slice(SULCUS_MM + 1, -SULCUS_MM - 1)
    return ndimage.binary_fill_holes((closed[rim, rim, rim] & (inner | (labels == VESSEL))) | parenchyma)


def draw(labels: np.ndarray, affine: np.ndarray, modality: Modality, seed: int) -> Volume:
    """The head in one contrast.

    Args:
        labels: ``(H, W, D)``, 1 mm, RAS.
    """
    rng = np.random.default_rng(seed)
    values = np.array(_GREY[modality]) * rng.uniform(0.88, 1.12, len(_GREY[modality]))
    white, grey, fluid, *rest = values
    image = np.full(labels.shape, _AIR, dtype=np.float32)
    image[(labels > 0) & (labels < HEAD_LABELS)] = grey
    image[np.isin(labels, FLUID)] = fluid
    image[labels >= HEAD_LABELS] = rest[3]
    image[np.isin(labels, WHITE) | (labels == CORD)] = white
    for label, value in zip((SKULL, MARROW, SKIN, SOFT, MUCOSA, EYE, VESSEL), rest, strict=True):
        image[labels == label] = value
    coarse = rng.normal(size=tuple(-(-n // 4) + 1 for n in labels.shape)).astype(np.float32)
    texture = ndimage.zoom(ndimage.gaussian_filter(coarse, 0.7), 4, order=1)[tuple(slice(n) for n in labels.shape)]
    image *= 1 + 0.06 * texture / texture.std()
    slopes = rng.uniform(-0.125, 0.125, 3)
    for axis, slope in enumerate(slopes):
        ramp = np.linspace(-1, 1, labels.shape[axis], dtype=np.float32)
        image *= np.expand_dims(1 + slope * ramp**2 + slope * ramp, tuple(a for a in range(3) if a != axis))
    image = ndimage.gaussian_filter(image, 0.6)
    step = SLICE_MM if modality in (Modality.T2, Modality.FLAIR) else 1
    affine = affine.copy()
    if step > 1:
        depth = image.shape[2] // step
        image = image[:, :, : depth * step].reshape(*image.shape[:2], depth, step).mean(axis=3)
        affine[:3, 3] += affine[:3, 2] * (step - 1) / 2
        affine[:3, 2] *= step
    noise = rng.normal(0, 4, (2, *image.shape)).astype(np.float32)
    image = np.round(np.hypot(image + noise[0], noise[1])).astype(np.float32)
    return Volume(image, affine, f"synthetic {modality.label}")
