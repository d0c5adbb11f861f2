"""What a segmentation leaves on disk: label map, report, pictures; all of it or nothing."""

from mstkd.results.folder import LABELS, PAGE, PICTURE, SUMMARY, ResultFolder
from mstkd.results.measure import measure_regions
from mstkd.results.patient import PatientResult
from mstkd.results.summary import summarise

__all__ = ["LABELS", "PAGE", "PICTURE", "SUMMARY", "PatientResult", "ResultFolder", "measure_regions", "summarise"]
