"""A head of spheres, whose tissues are known by their distance from the middle."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

VENTRICLE, WHITE, CORTEX, CSF, SKULL, SKIN = 9, 28, 34, 38, 43, 47
"""Outer radii in mm."""
_LABELS = {SKIN: 511, SKULL: 515, CSF: 24, CORTEX: 3, WHITE: 2, VENTRICLE: 4}


def write_head(folder: Path, name: str = "ball") -> Path:
    """A label map with FreeSurfer's labels, 100^3 voxels of 1 mm, stored left to right, down, forward."""
    distance = np.linalg.norm(np.indices((100,) * 3) - 49.5, axis=0)
    labels = np.zeros(distance.shape, dtype=np.int16)
    for radius, label in _LABELS.items():
        labels[distance < radius] = label
    affine = np.array([[-1.0, 0, 0, 50], [0, 0, 1, -50], [0, -1, 0, 50], [0, 0, 0, 1]])
    path = folder / f"{name}.nii.gz"
    nib.save(nib.Nifti1Image(labels, affine), path)
    return path


def from_middle(shape: tuple[int, ...]) -> np.ndarray:
    """Distance from the middle of an array in voxels."""
    middle = (np.array(shape) - 1) / 2
    return np.linalg.norm(np.indices(shape) - middle.reshape(3, 1, 1, 1), axis=0)
