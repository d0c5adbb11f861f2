"""Whole synthetic patients as files, one folder each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np

from mstkd.data.synthesis.draw import synthesise
from mstkd.data.synthesis.heads import Head
from mstkd.modalities import CHANNELS
from mstkd.results.draft import DraftFolder, disk_errors

Array = np.ndarray
ROOM = 1.15
"""How much larger than its head a patient's images are, so that a turned and enlarged head fits."""
STEPS, ZERO = 100, 600
"""Stored are ``z * STEPS + ZERO``, whole and positive numbers; air is 0."""


@dataclass(frozen=True)
class Patient:
    """A synthetic patient.

    Attributes:
        images: ``(4, H, W, D)`` float32, z-scored, 0 outside what is shown; 1 mm, RAS+.
        labels: ``(H, W, D)`` uint8, BraTS 2023.
    """

    name: str
    images: Array
    labels: Array


def draw_patients(heads: Sequence[Head], number: int, seed: int, *, tumour: bool = True) -> Iterator[Patient]:
    """Whole patients, each of them following from ``(seed, its number)`` alone."""
    for index in range(number):
        rng = np.random.default_rng((seed, index))
        head = heads[int(rng.integers(len(heads)))]
        i, j, k = (int(ROOM * n) for n in head.tissues.shape)
        images, labels = synthesise(head, (i, j, k), rng, tumour=tumour)
        yield Patient(f"Synthetic_{index + 1:04d}", images.cpu().numpy(), labels.cpu().numpy())


def write_patient(folder: Path, patient: Patient) -> None:
    """Write ``flair``, ``t1``, ``t1gd``, ``t2`` and ``seg`` (``.nii.gz``) to ``folder/name``.

    They appear together, in place of earlier ones.

    Raises:
        InputError: The disk is full or refuses.
    """
    stored = np.where(patient.images == 0, 0, np.rint(patient.images * STEPS + ZERO).clip(1)).astype(np.int16)
    affine = np.eye(4)
    affine[:3, 3] = -(np.array(patient.labels.shape) - 1) / 2
    place = folder / patient.name
    with DraftFolder(place) as files, disk_errors(place):
        for modality in CHANNELS:
            image = nib.Nifti1Image(stored[modality.channel], affine)
            nib.save(image, files.draft / f"{modality.value}.nii.gz")
        nib.save(nib.Nifti1Image(patient.labels, affine), files.draft / "seg.nii.gz")
        files.publish()
