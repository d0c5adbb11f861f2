"""How an image lies in space, read from its header, and whether its file is whole: thousands of files in seconds."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from mstkd.preprocessing.volume import (
    LPS_RAS,
    check_channel,
    check_dimensions,
    check_file,
    damaged,
    is_nifti,
    itk_affine,
    without_trailing_ones,
)

Array = np.ndarray
NIFTI1_BYTES, NIFTI2_BYTES = 348, 540
GZIP_MODULUS = 1 << 32
"""A gzip file tells the length of its content modulo this."""


@dataclass(frozen=True)
class Header:
    """Where a 3D image lies.

    Attributes:
        shape: ``(I, J, K)``.
        affine: ``(4, 4)``, voxel index to RAS+ world coordinates in mm.
    """

    shape: tuple[int, int, int]
    affine: Array

    @property
    def spacing(self) -> Array:
        """Length of a voxel's edges in mm, ``(3,)``."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)


def read_header(path: Path, channel: int | None = None) -> Header:
    """Shape and affine of a file or of one channel of a 4D NIfTI file; its voxels are not read.

    Raises:
        InputError: The file is missing, no image, a NIfTI file cut short, or neither 3D nor has the channel.
    """
    check_file(path)
    shape, affine = _read_nifti(path) if is_nifti(path) else _read_itk(path)
    if channel is None:
        shape = without_trailing_ones(shape)
        check_dimensions(path, shape)
    else:
        check_channel(path, shape, channel)
    return Header((shape[0], shape[1], shape[2]), affine)


def _read_nifti(path: Path) -> tuple[tuple[int, ...], Array]:
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as file:
            start = file.read(NIFTI2_BYTES)
        second = start[:4] in (b"\x1c\x02\0\0", b"\0\0\x02\x1c")
        header = nib.Nifti2Header(start) if second else nib.Nifti1Header(start[:NIFTI1_BYTES])
        _refuse_cut_short(path, header)
        return tuple(header.get_data_shape()), np.asarray(header.get_best_affine(), dtype=np.float64)
    except (HeaderDataError, WrapStructError, OSError, EOFError, ValueError, zlib.error) as error:
        raise damaged(path, error) from error


def _refuse_cut_short(path: Path, header: nib.Nifti1Header) -> None:
    """Raise EOFError for a file that a copy left unfinished; its header says how long it should be."""
    voxels = math.prod(header.get_data_shape()) * header.get_data_dtype().itemsize
    needed = int(header.get_data_offset()) + voxels
    if not path.name.lower().endswith(".gz"):
        length = path.stat().st_size
    elif (length := _length_told(path)) != needed % GZIP_MODULUS:
        # Packed in several pieces, a file tells the length of the last one; only unpacking gives the sum.
        with gzip.open(path) as file:
            length = sum(len(block) for block in iter(lambda: file.read(1 << 20), b""))
    else:
        return
    if length < needed:
        raise EOFError(f"it holds {length} of {needed} bytes")


def _length_told(path: Path) -> int:
    """What a gzip file says at its end of the length of its content (RFC 1952, ISIZE)."""
    with path.open("rb") as file:
        file.seek(-4, os.SEEK_END)
        return int.from_bytes(file.read(4), "little")


def _read_itk(path: Path) -> tuple[tuple[int, ...], Array]:
    try:
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        reader.ReadImageInformation()
        shape = tuple(reader.GetSize())
        check_dimensions(path, shape)  # before the affine, which only a 3D image has
        return shape, LPS_RAS @ itk_affine(reader)
    except RuntimeError as error:
        raise damaged(path, error) from error
