"""A result folder that appears whole: written aside, then renamed into place."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from mstkd.errors import InputError
from mstkd.inference.segment import Segmentation
from mstkd.preprocessing import Volume
from mstkd.results.picture import draw_picture

LABELS, SUMMARY, PICTURE = "labels.nii.gz", "summary.json", "picture.png"


class ResultFolder:
    """Writes ``labels.nii.gz``, ``summary.json`` and ``picture.png``.

    Use as a context, opened before computing, so that an unwritable place is found out
    first. Nothing is left behind when the work fails or is interrupted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self) -> ResultFolder:
        self._made = first_missing(self.folder)
        with _disk_errors(self.folder):
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self._draft = Path(tempfile.mkdtemp(prefix=".mstkd-", dir=self.folder))
            except OSError:
                self._remove_made()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        shutil.rmtree(self._draft, ignore_errors=True)
        if kind is not None:
            self._remove_made()

    def _remove_made(self) -> None:
        if self._made is not None:
            with contextlib.suppress(OSError):
                remove_empty(self.folder, self._made)

    def write(self, result: Segmentation, summary: dict[str, Any]) -> None:
        """Write all three files, then put them in place of earlier ones.

        Raises:
            InputError: The disk is full or refuses.
        """
        with _disk_errors(self.folder):
            write_labels(self._draft / LABELS, result.tissues, result.patient.reference)
            draw_picture(self._draft / PICTURE, result)
            (self._draft / SUMMARY).write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", "utf-8")
            for name in (LABELS, PICTURE, SUMMARY):
                (self._draft / name).replace(self.folder / name)


def write_labels(path: Path, tissues: np.ndarray, reference: Volume) -> None:
    """A label map as NIfTI with the reference's affine; its header, when it had one, exactly."""
    if reference.header is not None:
        header = reference.header.copy()
        header.set_data_dtype(np.uint8)
        header.set_slope_inter(1, 0)
        header["cal_min"] = header["cal_max"] = 0
        kind: type[nib.Nifti1Image] = nib.Nifti2Image if isinstance(header, nib.Nifti2Header) else nib.Nifti1Image
        image = kind(tissues, None, header)
    else:
        image = nib.Nifti1Image(tissues, reference.affine)
    nib.save(image, path)


def first_missing(folder: Path) -> Path | None:
    """The topmost folder that would have to be made, None when it exists."""
    if folder.exists():
        return None
    missing = folder
    while not missing.parent.exists():
        missing = missing.parent
    return missing


def remove_empty(folder: Path, top: Path) -> None:
    """Remove the folder and its parents up to ``top``, as long as they are empty."""
    while True:
        folder.rmdir()
        if folder == top:
            return
        folder = folder.parent


@contextlib.contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise InputError(
            f"{folder} cannot be written ({reason}); choose another folder with -o or free space."
        ) from error
