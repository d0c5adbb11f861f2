"""Which study of a folder is meant."""

from __future__ import annotations

from mstkd.dicom.folder import DicomFolder, Study
from mstkd.errors import InputError


def choose_study(folder: DicomFolder, wanted: str | None = None) -> Study:
    """The study that is wanted, or the only one with MR images.

    Args:
        wanted: A StudyInstanceUID or the beginning of one, or a date (``2021-03-04`` or ``20210304``).

    Raises:
        InputError: None matches, or more than one does; the message lists them.
    """
    studies = [study for study in folder.studies if study.stacks]
    if not studies:
        raise InputError(f"{folder.folder} holds DICOM files but no MR slices; give the folder of an MR export.")
    if wanted is None:
        found, what = studies, f"{folder.folder} holds {len(studies)} studies"
    else:
        date = wanted.replace("-", "")
        exact = [study for study in studies if study.uid == wanted]
        found = exact or [study for study in studies if wanted and (study.date == date or study.uid.startswith(wanted))]
        what = f"'{wanted}' fits {len(found) or 'none'} of the studies of {folder.folder}"
    if len(found) == 1:
        return found[0]
    listed = "; ".join(f"{study.text} {study.uid}" for study in found or studies)
    raise InputError(f"{what}; choose one with --study and its date or UID: {listed}.")
