"""From a folder of DICOM files to one volume per sequence; every choice with its reason."""

from mstkd.dicom.choose import choose_study
from mstkd.dicom.folder import DicomFolder, Series, Study, holds_dicom, read_folder
from mstkd.dicom.proposal import Choice, Proposal, propose
from mstkd.dicom.read import read_stack
from mstkd.dicom.stack import Stack

__all__ = [
    "Choice",
    "DicomFolder",
    "Proposal",
    "Series",
    "Stack",
    "Study",
    "choose_study",
    "holds_dicom",
    "propose",
    "read_folder",
    "read_stack",
]
