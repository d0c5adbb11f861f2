"""A data folder of six small real patients, for a whole training in a minute: boxes around tumours.

From the shipped sample they are six pieces of one brain under six names, some mirrored: real tissue, no figure
that says anything about other patients. Given other patients' folders, each gives one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nibabel as nib
import numpy as np

SIDE = 72
"""Voxels of 1 mm."""
PATIENTS = (
    ("anna", ("flair", "t1", "t1c", "t2")),
    ("bela", ("flair", "t1", "t1c", "t2")),
    ("cleo", ("flair", "t1c")),
    ("dora", ("flair", "t1", "t1c", "t2")),
    ("emil", ("flair", "t2")),
    ("finn", ("flair", "t1", "t1c", "t2")),
)
SHIFTS = ((0, 0, 0), (14, 0, 0), (0, 14, 0), (0, 0, 10), (-14, 0, 0), (0, -14, 8))


def write_six_patients(folder: Path, sources: Sequence[Path]) -> Path:
    """One folder for each patient, named as clinics name them; returns ``folder``.

    Args:
        sources: Folders with ``flair``, ``t1``, ``t1c``, ``t2`` and ``seg`` (NIfTI), used in turn.
    """
    for number, ((name, sequences), shift) in enumerate(zip(PATIENTS, SHIFTS, strict=True)):
        source = sources[number % len(sources)]
        box = _box(source, shift if len(sources) < len(PATIENTS) else (0, 0, 0))
        mirrored = number >= len(PATIENTS) / 2 and len(sources) < len(PATIENTS)
        (folder / name).mkdir(parents=True)
        for file in (*(s for s in sequences if (source / f"{s}.nii.gz").exists()), "seg"):
            image = nib.load(source / f"{file}.nii.gz").slicer[box]
            voxels = np.asarray(image.dataobj)
            nib.save(
                nib.Nifti1Image(voxels[::-1] if mirrored else voxels, image.affine), folder / name / f"{file}.nii.gz"
            )
    return folder


def _box(source: Path, shift: tuple[int, int, int]) -> tuple[slice, ...]:
    tumour = np.argwhere(np.asarray(nib.load(source / "seg.nii.gz").dataobj))
    shape = nib.load(source / "seg.nii.gz").shape
    first = tumour.mean(axis=0).astype(int) + shift - SIDE // 2
    first = np.clip(first, 0, np.maximum(np.array(shape) - SIDE, 0))
    return tuple(slice(int(start), int(start) + SIDE) for start in first)
