"""Which image is which sequence: from names, headers and intensities, each answer with its evidence.

What is imported here needs only the standard library, so that Slicer's own process may use it;
`intensities` needs NumPy and SciPy.
"""

from mstkd.recognition.acquisition import AcquisitionParameters
from mstkd.recognition.folder import image_stem, names_a_label_map, recognise_file, recognise_folder
from mstkd.recognition.headers import recognise_acquisition, recognise_header
from mstkd.recognition.names import recognise_name
from mstkd.recognition.recognition import Recognition

__all__ = [
    "AcquisitionParameters",
    "Recognition",
    "image_stem",
    "names_a_label_map",
    "recognise_acquisition",
    "recognise_file",
    "recognise_folder",
    "recognise_header",
    "recognise_name",
]
