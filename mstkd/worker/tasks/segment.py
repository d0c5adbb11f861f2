"""One patient's maps and report, from files of the caller's."""

from __future__ import annotations

import errno
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from mstkd.files import whole_file
from mstkd.inference.predictor import Stop
from mstkd.inference.segment import Report
from mstkd.modalities import ordered
from mstkd.models import load_once
from mstkd.pipeline import segment_patient
from mstkd.regions import segment_descriptions, tissue_descriptions
from mstkd.results import ResultFolder, summarise
from mstkd.results.draft import disk_errors
from mstkd.sources import Sources, named_file
from mstkd.store import shipped_model
from mstkd.worker.requests import SegmentRequest

Array = np.ndarray
Answer = dict[str, Any]


def segment(request: SegmentRequest, report: Report, stop: Stop) -> Answer:
    """Segment one patient and write what is wanted of it.

    All files are written aside before the first takes its place, so a full disk or a missing
    folder leaves none. The maps have the reference's voxels in the reference's order. Their geometry is the
    reference's too, but the caller, who owns the reference, is the authority on that.
    """
    files = {modality: request.volumes[modality] for modality in ordered(request.volumes)}
    with ExitStack() as writing:  # first out is what was entered last: the maps before the report's folder
        results = writing.enter_context(ResultFolder(request.report)) if request.report else None
        maps = writing.enter_context(ExitStack())
        result = segment_patient(
            Sources({m: named_file(m, path, request.names.get(m, "")) for m, path in files.items()}),
            load_once(request.model or shipped_model()),
            request.wishes,
            report=report,
            stop=stop,
        )
        report(0.95, "Writing")
        found = result.segmentation
        wanted = {request.labels: found.tissues}
        if request.uncertainty:
            wanted[request.uncertainty] = found.uncertainty
        geometry = sitk.ReadImage(str(files[found.patient.reference_modality]))
        for path, values in wanted.items():
            maps.enter_context(disk_errors(path.parent))
            write_map(maps.enter_context(whole_file(path)), values, geometry)
        summary = results.write(result, finish=lambda draft: maps.close()) if results else summarise(result)
    return {"summary": summary, "segments": segment_descriptions(), "tissues": tissue_descriptions()}


def write_map(path: Path, values: Array, geometry: sitk.Image) -> None:
    """Write ``(I, J, K)`` as NRRD with the geometry of an image, whatever the file's name ends in.

    Raises OSError where it cannot be written.
    """
    image = sitk.GetImageFromArray(values.transpose(2, 1, 0))
    image.CopyInformation(geometry)
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("NrrdImageIO")
    writer.SetFileName(str(path))
    try:
        writer.Execute(image)
    except RuntimeError as error:
        raise OSError(errno.EIO, "the disk is full or refuses", str(path)) from error
