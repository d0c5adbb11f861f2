"""Label maps of whole heads, prepared once for drawing patients from them."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import SimpleITK as sitk
import torch
from torch import Tensor

from mstkd.data.synthesis.anatomy import FLUID, PARENCHYMA, Anatomy, from_labels, is_one_of
from mstkd.data.synthesis.fields import upsample
from mstkd.data.synthesis.refinement import refined
from mstkd.errors import InputError
from mstkd.files import file_sha256, whole_file
from mstkd.preprocessing import read_labels
from mstkd.preprocessing.grid import Grid, bounding_box, resample_labels, world_grid

Array = np.ndarray
FORMAT = 5
"""Raised whenever the preparation changes what it yields."""
MARGIN = 4
NECK_MM = 45
"""What lies further below the brain is cut away: no examination of the brain shows it."""
SULCUS_MM = 10
"""Sulci narrower than twice this belong to the brain, as brain masks are usually drawn."""
HULL_STEP = 2
"""The hull is smooth, so it is found on every second voxel."""
HULL_ZERO, HULL_STEPS = 128, 8
"""The hull's value on the brain's surface, and its steps per mm of depth."""
GREY = (Anatomy.CORTEX, Anatomy.DEEP)
SEEDS = 4096


@dataclass(frozen=True)
class Head:
    """A healthy head.

    Attributes:
        name: Of its file.
        tissues: ``(H, W, D)`` uint8 of `Anatomy`, RAS+, 1 mm.
        hull: ``(H, W, D)`` uint8: depth below the brain's surface with sulci closed,
            ``HULL_ZERO + HULL_STEPS * mm``, less than ``HULL_ZERO`` outside.
        shares: ``(24,)`` float32, what part of the brain (in its hull) each tissue is.
        brain_ml: The brain's volume.
        white: Up to ``SEEDS`` voxels of cerebral white matter, ``(N, 3)``, where tumours start.
        grey: The same of cortex and deep grey matter.
        floor: The lowest voxel of the brain along the third axis.
    """

    name: str
    tissues: Tensor
    hull: Tensor
    shares: Tensor
    brain_ml: float
    white: Array
    grey: Array
    floor: int

    def to(self, device: torch.device | str) -> Head:
        """The same head with its arrays on a device."""
        return replace(self, tissues=self.tissues.to(device), hull=self.hull.to(device), shares=self.shares.to(device))


def load_heads(folder: Path, cache: Path) -> list[Head]:
    """Every ``*.nii.gz`` of a folder, in the order of their names.

    What is prepared (RAS+, 1 mm, cropped to the head) is kept in ``cache`` by the file's content.

    Raises:
        InputError: There are none, or one is no label map of a head with FreeSurfer's labels.
    """
    files = head_files(folder)
    cache.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda file: _load(file, cache), files))


def head_files(folder: Path) -> list[Path]:
    """The label maps of a folder in the order of their names; raises InputError when there are none."""
    files = sorted(folder.glob("*.nii.gz"))
    if not files:
        raise InputError(f"{folder} holds no .nii.gz file; give the folder with the label maps of whole heads.")
    return files


def _load(file: Path, cache: Path) -> Head:
    entry = cache / f"head{FORMAT}-{file_sha256(file)[:32]}.npy"
    if not entry.is_file():
        prepared = prepare(file)
        with whole_file(entry) as draft, draft.open("wb") as stream:
            np.save(stream, prepared)
    try:
        tissues, hull = np.load(entry)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{entry}, a prepared head, is damaged; remove it, it is prepared anew.") from error
    return head_of(file.name.removesuffix(".nii.gz"), tissues, hull)


def head_of(name: str, tissues: Array, hull: Array) -> Head:
    """A head from its two maps, ``(H, W, D)`` uint8 each."""
    counts = np.bincount(tissues[hull > HULL_ZERO], minlength=len(Anatomy)).astype(np.float32)
    return Head(
        name,
        torch.from_numpy(np.ascontiguousarray(tissues)),
        torch.from_numpy(np.ascontiguousarray(hull)),
        torch.from_numpy(counts / counts.sum()),
        float(counts.sum()) / 1000,
        _some(is_one_of(tissues, (Anatomy.WHITE,))),
        _some(is_one_of(tissues, GREY)),
        int(np.flatnonzero(is_one_of(tissues, PARENCHYMA).any(axis=(0, 1)))[0]),
    )


def _some(mask: Array) -> Array:
    voxels = np.flatnonzero(mask)
    chosen = voxels[np.linspace(0, voxels.size - 1, min(SEEDS, voxels.size)).astype(int)]
    return np.stack(np.unravel_index(chosen, mask.shape), axis=1)


def prepare(file: Path) -> Array:
    """Tissues and hull of a label map, ``(2, H, W, D)`` uint8.

    Raises InputError.
    """
    volume = read_labels(file)
    labels = np.rint(volume.array).astype(np.int32)
    if not np.array_equal(labels, volume.array) or labels.min() < 0 or not {2, 3} <= set(np.unique(labels)):
        raise InputError(
            f"{file} is no label map of a head (whole numbers, of them 2 for cerebral white matter and 3 for cortex, "
            "as FreeSurfer writes); remove it from the folder."
        )
    tissues = from_labels(labels)
    box = bounding_box(tissues != Anatomy.AIR)
    grid = Grid(volume.shape, volume.affine).crop(box)
    tissues = _without_neck(resample_labels(tissues[box], grid, world_grid(grid)))
    tissues = refined(np.pad(tissues[bounding_box(tissues != Anatomy.AIR)], MARGIN))
    return np.stack([tissues, _hull(tissues)])


def _without_neck(tissues: Array) -> Array:
    heights = np.flatnonzero(is_one_of(tissues, PARENCHYMA).any(axis=(0, 1)))
    return tissues[:, :, max(0, int(heights[0]) - NECK_MM) :]


def _hull(tissues: Array) -> Array:
    small = tissues[::HULL_STEP, ::HULL_STEP, ::HULL_STEP]
    parenchyma = is_one_of(small, (*PARENCHYMA, Anatomy.VENTRICLE, Anatomy.CHOROID))
    closed = _depth_mm(_depth_mm(parenchyma) > -SULCUS_MM) > SULCUS_MM
    depth = _depth_mm(parenchyma | (closed & is_one_of(small, (*FLUID, Anatomy.VESSEL))))
    whole = upsample(torch.from_numpy(np.pad(depth, (0, 1), "edge")[None]), HULL_STEP, tissues.shape)
    return np.clip(HULL_ZERO + HULL_STEPS * whole[0].numpy(), 1, 255).astype(np.uint8)


def _depth_mm(mask: Array) -> Array:
    """Distance to the surface of a mask on every `HULL_STEP`-th voxel, positive inside, ``(H, W, D)`` float32."""
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    return -HULL_STEP * np.asarray(sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image, squaredDistance=False)))
