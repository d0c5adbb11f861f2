"""What a segmentation leaves on disk: label map, summary, picture; all of it or nothing."""

from mstkd.results.folder import LABELS, PICTURE, SUMMARY, ResultFolder
from mstkd.results.summary import summarise

__all__ = ["LABELS", "PICTURE", "SUMMARY", "ResultFolder", "summarise"]
