"""The folder of one segmentation: label map, report and pictures, or nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from mstkd.preprocessing import Volume
from mstkd.results.draft import DraftFolder, disk_errors
from mstkd.results.page import patient_page
from mstkd.results.patient import PatientResult
from mstkd.results.picture import draw_picture
from mstkd.results.steps import step_panels
from mstkd.results.summary import summarise

LABELS, SUMMARY, PICTURE, PAGE = "labels.nii.gz", "summary.json", "picture.png", "report.html"
ODD_NAMES = "backslashreplace"
"""For names of files that are no Unicode, as old servers have them; in JSON it is the right escape."""


class ResultFolder(DraftFolder):
    """Writes ``labels.nii.gz``, ``summary.json``, ``report.html`` and ``picture.png``."""

    def write(self, result: PatientResult, finish: Callable[[Path], None] = lambda draft: None) -> dict[str, Any]:
        """Write all files, then put them in place of earlier ones; returns the summary.

        Args:
            result: What became of the patient.
            finish: Adds files to the draft when the others are written.

        Raises:
            InputError: The disk is full or refuses.
        """
        started = time.perf_counter()
        with disk_errors(self.folder):
            write_labels(self.draft / LABELS, result.segmentation.tissues, result.segmentation.patient.reference)
            draw_picture(self.draft / PICTURE, result)
            panels = step_panels(result)
            writing = time.perf_counter() - started
            steps = {step: seconds for step, seconds in result.seconds.items() if step != "total"}
            seconds = {**steps, "write": writing, "total": result.seconds["total"] + writing}
            summary = summarise(replace(result, seconds=seconds))
            (self.draft / PAGE).write_text(patient_page(summary, panels), "utf-8", ODD_NAMES)
            write_summary(self.draft / SUMMARY, summary)
            finish(self.draft)
            self.publish()
        return summary


def write_summary(path: Path, summary: dict[str, Any]) -> None:
    """A summary as JSON, for machines and people."""
    path.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", "utf-8", ODD_NAMES)


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
