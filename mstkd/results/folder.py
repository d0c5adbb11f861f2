"""The folder of one segmentation: label map, summary and picture, or nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from mstkd.inference.segment import Segmentation
from mstkd.preprocessing import Volume
from mstkd.results.draft import DraftFolder, disk_errors
from mstkd.results.picture import draw_picture

LABELS, SUMMARY, PICTURE = "labels.nii.gz", "summary.json", "picture.png"


class ResultFolder(DraftFolder):
    """Writes ``labels.nii.gz``, ``summary.json`` and ``picture.png``."""

    def write(self, result: Segmentation, summary: dict[str, Any]) -> None:
        """Write all three files, then put them in place of earlier ones.

        Raises:
            InputError: The disk is full or refuses.
        """
        with disk_errors(self.folder):
            write_labels(self.draft / LABELS, result.tissues, result.patient.reference)
            draw_picture(self.draft / PICTURE, result)
            (self.draft / SUMMARY).write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", "utf-8")
            self.publish()


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
