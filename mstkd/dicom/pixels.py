"""The stored values of DICOM images, decoded where they are compressed."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import SimpleITK as sitk
from pydicom import Dataset, dcmread
from pydicom.uid import MultiFrameGrayscaleWordSecondaryCaptureImageStorage, RLELossless

from mstkd.dicom.frames import Frame
from mstkd.errors import InputError

Array = np.ndarray
_PIXELS = (
    "SamplesPerPixel",
    "PhotometricInterpretation",
    "NumberOfFrames",
    "Rows",
    "Columns",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "PixelRepresentation",
    "PixelData",
)


def read_slices(frames: tuple[Frame, ...]) -> list[Array]:
    """The grey values of slices, each ``(rows, columns)`` float32, rescaled by its own slope and intercept.

    Raises InputError when a file cannot be decoded.
    """
    slices: list[Array] = []
    path: Path | None = None
    stored: Array = np.empty((0, 0, 0))
    for frame in frames:
        if frame.path != path:
            path, stored = frame.path, _read_stored(frame.path)
        if frame.index >= len(stored) or stored.shape[1:] != frame.matrix:
            raise InputError(f"{path} holds other images than its header says; export it again.")
        slices.append((stored[frame.index] * frame.slope + frame.intercept).astype(np.float32))
    return slices


def _read_stored(path: Path) -> Array:
    """All images of a file before rescaling, ``(frames, rows, columns)``."""
    try:
        data = dcmread(path)
        syntax = data.file_meta.TransferSyntaxUID
        stored = _decode(data) if syntax.is_compressed and syntax != RLELossless else data.pixel_array
        return stored.reshape(-1, data.Rows, data.Columns)
    except OSError:
        raise
    except Exception as error:  # pydicom raises whatever a damaged value leads to
        detail = " ".join(str(error).split())[:100]
        raise InputError(f"{path} cannot be decoded ({detail}); copy or export it again.") from error


def _decode(data: Dataset) -> Array:
    """Decompress with GDCM, which is part of SimpleITK.

    GDCM gets a copy with the pixels alone. Otherwise it would rescale them by rules of its
    own, which differ between kinds of images and know one slope for all frames.
    """
    bare = Dataset()
    for keyword in _PIXELS:
        if keyword in data:
            bare[keyword] = data[keyword]
    bare.file_meta = data.file_meta
    bare.SOPClassUID = bare.file_meta.MediaStorageSOPClassUID = MultiFrameGrayscaleWordSecondaryCaptureImageStorage
    bare.SOPInstanceUID = data.SOPInstanceUID
    with tempfile.TemporaryDirectory(prefix="mstkd") as folder:
        path = Path(folder) / "image.dcm"
        bare.save_as(path)
        return sitk.GetArrayFromImage(sitk.ReadImage(str(path), imageIO="GDCMImageIO"))
