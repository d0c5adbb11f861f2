"""Folders of small synthetic studies: heads with a bright tumour, each with its own grid and sequences."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
from geometry import ellipsoid, grid_centre, head

from mstkd.modalities import CHANNELS, Modality
from mstkd.preprocessing import Grid

SIZE_MM = 90
BRIGHTER = {Modality.FLAIR: 90.0, Modality.T1: -25.0, Modality.T1GD: 40.0, Modality.T2: 80.0}


def write_study(folder: Path, number: int) -> None:
    """A study of 1 to 4 sequences (NIfTI), every sequence with its own spacing."""
    rng = np.random.default_rng(number)
    given = [m for index, m in enumerate(CHANNELS) if (number % 15 + 1) >> index & 1]
    folder.mkdir(parents=True)
    for modality in given:
        spacing = np.array([1.0, 1.0, 1.0]) + rng.uniform(0, [0.3, 0.3, 2.0])
        grid = Grid(tuple(int(n) for n in SIZE_MM / spacing), np.diag([*spacing, 1.0]))
        image = head(grid, seed=number)
        centre = grid_centre(grid) + rng.uniform(-12, 12, 3)
        image[ellipsoid(grid, centre, rng.uniform(8, 18, 3))] += BRIGHTER[modality]
        nib.save(nib.Nifti1Image(image.astype(np.float32), grid.affine), folder / f"{modality.value}.nii.gz")


def break_study(folder: Path, how: int) -> None:
    """Break a study in one of three ways: a damaged file, a text under an image's name, no images at all."""
    files = sorted(folder.iterdir())
    if how == 0:
        files[0].write_bytes(files[0].read_bytes()[:2000])
    elif how == 1:
        files[0].write_text("no image")
    else:
        for file in files:
            file.unlink()


def write_studies(folder: Path, count: int, broken: tuple[int, ...]) -> None:
    """``study_00`` and so on, of which those numbered in ``broken`` are broken."""
    for number in range(count):
        write_study(folder / f"study_{number:02d}", number)
    for how, number in enumerate(broken):
        break_study(folder / f"study_{number:02d}", how % 3)
