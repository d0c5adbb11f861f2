"""One 3D image read from disk with its affine, or refused in one sentence."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from mstkd.errors import InputError
from mstkd.recognition import image_stem

Array = np.ndarray
MIN_VOXELS_PER_AXIS = 5
EXTENT_MM = (20.0, 1000.0)
"""A field of view outside these limits means a wrong unit or a damaged header."""
MOST_LABELS = 8
"""An image with no more distinct values than this is a label map."""
LFS_POINTER = b"version https://git-lfs"
LPS_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_UNSAID = "{name} does not say how it lies in space; its axes are taken as stored."
_META_DIRECTIONS = (b"TransformMatrix", b"Rotation", b"Orientation")
"""Names under which a MetaImage header has the directions of its axes."""
_META_HEAD = 8192
"""Bytes within which the text of such a header ends."""


@dataclass(frozen=True)
class Volume:
    """A 3D image in world coordinates.

    Attributes:
        array: ``(I, J, K)``, in the file's own axis order.
        affine: ``(4, 4)``, voxel index to RAS+ world coordinates in mm; may be oblique,
            flipped, anisotropic or sheared.
        source: What messages call it (a path or a node name).
        header: The NIfTI header, when there was one, so that a result carries the
            same geometry to the last bit.
        warnings: Sentences about doubtful geometry.
    """

    array: Array
    affine: Array
    source: str
    header: nib.Nifti1Header | None = None
    warnings: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        i, j, k = self.array.shape
        return i, j, k

    @property
    def spacing(self) -> Array:
        """Length of a voxel's edges in mm, ``(3,)``."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    @property
    def voxel_ml(self) -> float:
        """Volume of a voxel in mL, also right for a sheared grid."""
        return float(abs(np.linalg.det(self.affine[:3, :3])) / 1000.0)


def read_volume(path: Path, channel: int | None = None) -> Volume:
    """Read a NIfTI, NRRD or MetaImage file.

    NIfTI goes through nibabel, which keeps a sheared affine; the others through SimpleITK.

    Args:
        channel: Which 3D image of a 4D NIfTI file, counted from 0.

    Raises:
        InputError: The file is missing, damaged, not 3D, constant, not finite, or its
            geometry makes no sense; or it has no such channel.
    """
    volume = _read(path, channel)
    check_volume(volume)
    if volume.array.min() == volume.array.max():
        raise InputError(
            f"{volume.source} is empty (every voxel is {volume.array.flat[0]:g}); export the series again."
        )
    if np.unique(volume.array[::2, ::2, ::2]).size <= MOST_LABELS:
        raise InputError(
            f"{volume.source} has so few grey values that it is a label map or a mask; give the image itself."
        )
    return volume


def read_labels(path: Path) -> Volume:
    """Read a label map; unlike an image it may be empty.

    Raises InputError.
    """
    volume = _read(path)
    check_volume(volume)
    return volume


def check_file(path: Path) -> None:
    """Raise InputError unless the path is a file of a known format that holds an image, not a stand-in for one."""
    if path.is_dir():
        raise InputError(f"{path} is a folder; give the image file in it.")
    if not path.is_file():
        raise InputError(f"{path} does not exist; check the name.")
    if image_stem(path) is None:
        raise InputError(f"{path} is not a NIfTI, NRRD or MetaImage file; convert it to .nii.gz or .nrrd first.")
    try:
        with path.open("rb") as file:
            start = file.read(len(LFS_POINTER))
    except OSError as error:
        raise damaged(path, error) from error
    if start == LFS_POINTER:
        raise InputError(f"{path} is a Git LFS pointer, not the image itself; fetch it with 'git lfs pull'.")


def is_nifti(path: Path) -> bool:
    return path.name.lower().endswith((".nii", ".nii.gz"))


def read_as_it_is(path: Path, channel: int | None = None) -> Volume:
    """Read what is in a file, to be looked at; unlike `read_volume` it may be anything that is 3D and has a place.

    Raises InputError.
    """
    volume = _read(path, channel)
    _check_affine(volume)
    return volume


def _read(path: Path, channel: int | None = None) -> Volume:
    check_file(path)
    if is_nifti(path):
        return _read_nifti(path, channel)
    if channel is not None:
        raise InputError(f"{path} has no channels that can be chosen; only a 4D NIfTI file has.")
    return _read_itk(path)


def _check_affine(volume: Volume) -> None:
    if not np.isfinite(volume.affine).all() or abs(np.linalg.det(volume.affine[:3, :3])) < 1e-6:
        raise InputError(
            f"{volume.source} has no usable position and orientation (its affine is singular); export it anew."
        )


def check_volume(volume: Volume) -> None:
    """Raise InputError unless the volume is 3D and finite, with a sensible affine."""
    array, source = volume.array, volume.source
    if min(array.shape) < MIN_VOXELS_PER_AXIS:
        size = " x ".join(map(str, array.shape))
        raise InputError(f"{source} has {size} voxels, too few for a 3D image; export the whole series, not one slice.")
    _check_affine(volume)
    extent = volume.spacing * array.shape
    if extent.min() < EXTENT_MM[0] or extent.max() > EXTENT_MM[1]:
        size = " x ".join(f"{mm:.4g}" for mm in extent)
        raise InputError(f"{source} spans {size} mm, which is no head; correct the voxel spacing in its header.")
    if not np.isfinite(array).all():
        raise InputError(f"{source} contains values that are not numbers (NaN or infinite); replace them by 0.")


def _read_nifti(path: Path, channel: int | None) -> Volume:
    try:
        data = path.read_bytes()
        if path.name.lower().endswith(".gz"):
            data = gzip.decompress(data)  # to the end, so that its checksum is verified
        kind = nib.Nifti2Image if data[:4] in (b"\x1c\x02\0\0", b"\0\0\x02\x1c") else nib.Nifti1Image
        image = kind.from_bytes(data)
        dtype = image.get_data_dtype()
        if dtype.fields is not None or np.issubdtype(dtype, np.complexfloating):
            raise InputError(f"{path} holds colours or complex numbers; export the greyscale series.")
        shape = tuple(image.shape)
        if channel is None:
            shape = without_trailing_ones(shape)
            check_dimensions(path, shape)
            array = np.asanyarray(image.dataobj).reshape(shape).astype(np.float32)
        else:
            check_channel(path, shape, channel)
            array = np.asanyarray(image.dataobj[..., channel]).astype(np.float32)
    except (
        ImageFileError,
        HeaderDataError,
        WrapStructError,
        OSError,
        EOFError,
        ValueError,
        zlib.error,
        OverflowError,
        MemoryError,
    ) as error:
        raise damaged(path, error) from error
    header = image.header.copy()
    header.set_data_shape(array.shape)
    warnings: tuple[str, ...] = ()
    if int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0:
        warnings = (_UNSAID.format(name=path.name),)
    assert image.affine is not None  # an image read from a file has one
    source = str(path) if channel is None else f"{path} (channel {channel})"
    return Volume(array, np.asarray(image.affine, dtype=np.float64), source, header, warnings)


def _read_itk(path: Path) -> Volume:
    try:
        reader = sitk.ImageFileReader()
        reader.SetFileName(str(path))
        reader.ReadImageInformation()
        check_dimensions(path, reader.GetSize())
        if reader.GetNumberOfComponents() != 1:
            raise InputError(f"{path} holds colours or vectors; export the greyscale series.")
        image = reader.Execute()
    except RuntimeError as error:
        raise damaged(path, error) from error
    array = sitk.GetArrayFromImage(image).transpose(2, 1, 0).astype(np.float32)
    warnings = () if _says_how_it_lies(path, reader) else (_UNSAID.format(name=path.name),)
    return Volume(array, LPS_RAS @ itk_affine(image), str(path), warnings=warnings)


def _says_how_it_lies(path: Path, reader: sitk.ImageFileReader) -> bool:
    """Whether a NRRD or MetaImage names its axes' directions; without them ITK takes left, posterior, superior."""
    if path.suffix.lower() == ".nrrd":
        return reader.HasMetaDataKey("NRRD_space")
    with path.open("rb") as file:
        head = file.read(_META_HEAD)
    return any(re.search(rb"^\s*%s\s*=" % name, head, re.MULTILINE) for name in _META_DIRECTIONS)


def itk_affine(image: sitk.Image | sitk.ImageFileReader) -> Array:
    """Index to physical point of a SimpleITK image, ``(4, 4)``, in the image's own world."""
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
    affine[:3, 3] = image.GetOrigin()
    return affine


def without_trailing_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape without axes of one voxel after the third, which some programs write."""
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return shape


def check_channel(path: Path, shape: tuple[int, ...], channel: int) -> None:
    """Raise InputError unless a file of this shape is 4D and has the channel."""
    if len(shape) != 4 or not 0 <= channel < shape[3]:
        size = " x ".join(map(str, shape))
        raise InputError(f"{path} has no channel {channel} (it is {size}); correct the channel or the file.")


def check_dimensions(path: Path, shape: tuple[int, ...]) -> None:
    """Raise InputError unless the shape is that of one 3D image."""
    if len(shape) > 3:
        size = " x ".join(map(str, shape))
        raise InputError(f"{path} is {len(shape)}-dimensional ({size}); save each sequence as its own 3D file.")
    if len(shape) < 3:
        raise InputError(f"{path} is a single 2D image; export the whole series as one 3D file.")


def damaged(path: Path, error: Exception) -> InputError:
    """The sentence for a file that a library could not read."""
    not_gzip = isinstance(error, gzip.BadGzipFile) and "Not a gzipped" in str(error)
    detail = "no gzip file" if not_gzip else " ".join(str(error).split())[:100]
    return InputError(f"{path} cannot be read, it is damaged or not an image ({detail}); copy or export it again.")
