"""One patient on one grid, and the way back to the patient's own grid."""

from mstkd.preprocessing.alignment import Alignment, Verdict
from mstkd.preprocessing.brain import Brain, Method
from mstkd.preprocessing.gather import GatheredPatient, gather
from mstkd.preprocessing.grid import Grid, bounding_box, resample, resample_labels, world_grid
from mstkd.preprocessing.header import Header, read_header
from mstkd.preprocessing.patient import PreparedPatient, normalised, prepare
from mstkd.preprocessing.preprocess import Preprocessed, preprocess
from mstkd.preprocessing.volume import Volume, read_labels, read_volume

__all__ = [
    "Alignment",
    "Brain",
    "GatheredPatient",
    "Grid",
    "Header",
    "Method",
    "PreparedPatient",
    "Preprocessed",
    "Verdict",
    "Volume",
    "bounding_box",
    "gather",
    "normalised",
    "prepare",
    "preprocess",
    "read_header",
    "read_labels",
    "read_volume",
    "resample",
    "resample_labels",
    "world_grid",
]
