"""A patient's files unpacked, so that Slicer reads each in a moment: unpacking takes up to a second."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from mstkd.errors import InputError
from mstkd.inference.segment import Report
from mstkd.modalities import Modality
from mstkd.preprocessing.volume import LPS_RAS, Volume, read_as_it_is

SMALL = (np.uint8, np.int16)
"""What whole numbers are kept as, where they fit."""


def unpack_case(
    images: Mapping[Modality, Path],
    channels: Mapping[Modality, int],
    label: Path | None,
    output: Path,
    report: Report,
) -> dict[str, Any]:
    """Write each file as uncompressed NRRD with its geometry, whatever it shows; one that cannot be read is a problem.

    Raises:
        InputError: The disk refuses.
    """
    wanted = [(modality.value, path, channels.get(modality)) for modality, path in images.items()]
    if label is not None:
        wanted.append(("label", label, None))
    found: dict[str, str] = {}
    problems: list[str] = []
    for number, (name, path, channel) in enumerate(wanted):
        report(number / len(wanted), f"Reading {path.name}")
        try:
            volume = read_as_it_is(path, channel)
        except InputError as error:
            problems.append(str(error))
            continue
        file = output / f"{name}.nrrd"
        _save(file, volume)
        found[name] = str(file)
    unpacked_label = found.pop("label", None)
    return {"images": found, "label": unpacked_label, "problems": problems}


def _save(path: Path, volume: Volume) -> None:
    """NRRD keeps any affine, also a sheared one."""
    image = sitk.GetImageFromArray(_narrow(volume.array).transpose(2, 1, 0))
    affine = LPS_RAS @ volume.affine
    image.SetSpacing(volume.spacing.tolist())
    image.SetDirection((affine[:3, :3] / volume.spacing).ravel().tolist())
    image.SetOrigin(affine[:3, 3].tolist())
    try:
        sitk.WriteImage(image, str(path), useCompression=False)
    except RuntimeError as error:
        raise InputError(f"{path} cannot be written; free some disk space.") from error


def _narrow(array: np.ndarray) -> np.ndarray:
    """The same values in fewer bytes, where they are whole numbers."""
    for kind in SMALL:
        limits = np.iinfo(kind)
        if limits.min <= array.min() and array.max() <= limits.max and (array == np.floor(array)).all():
            return array.astype(kind)
    return array
