"""Recognising a sequence from a DICOM header."""

from __future__ import annotations

from pydicom import Dataset

from mstkd.recognition.names import recognise_name
from mstkd.recognition.recognition import Recognition


def recognise_header(header: Dataset) -> Recognition:
    """The sequence of the series that a DICOM header belongs to: from its names and its physics."""
    return recognise_name(str(header.get("SeriesDescription", "")))
