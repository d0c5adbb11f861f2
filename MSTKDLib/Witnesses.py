"""What tells which sequence a volume node is: its name, its DICOM header, its file and the JSON beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import slicer

if TYPE_CHECKING:
    from mstkd.recognition import Recognition


@dataclass(frozen=True)
class Reading:
    """One volume and what it is.

    Attributes:
        recognition: The sequence with its evidence, or why it is in doubt.
        patient: PatientID, and ``study`` the StudyInstanceUID; empty where not told.
        acquired: ``YYYYMMDDHHMMSS``, or ``HHMMSS`` where the date is not told; empty where neither is.
    """

    node: object
    recognition: Recognition
    patient: str = ""
    study: str = ""
    acquired: str = ""

    @property
    def name(self) -> str:
        """The node's name, quoted for a sentence."""
        return f"'{self.node.GetName()}'"


def readVolume(node) -> Reading:
    """What a scalar volume node's witnesses say together."""
    header = dicomHeader(node)
    if header is None:
        return Reading(node, _recogniseFromFile(node), *_hierarchyOrigin(node))
    from mstkd.recognition import AcquisitionParameters, recognise_acquisition

    recognition = recognise_acquisition(AcquisitionParameters.from_dicom(header), node.GetName())
    told = (str(header.get(keyword) or "") for keyword in ("PatientID", "StudyInstanceUID"))
    return Reading(node, recognition, *told, _acquired(header))


def dicomHeader(node):
    """The header of the node's first DICOM file, without its pixels; None where there is none to read."""
    uids = (node.GetAttribute("DICOM.instanceUIDs") or "").split()
    database = getattr(slicer, "dicomDatabase", None)
    path = database.fileForInstance(uids[0]) if uids and database is not None else ""
    if not path:
        return None
    import pydicom

    try:
        return pydicom.dcmread(path, stop_before_pixels=True)
    except (OSError, pydicom.errors.InvalidDicomError):
        return None


def _acquired(header) -> str:
    whole = str(header.get("AcquisitionDateTime") or "")
    told = whole or f"{header.get('AcquisitionDate') or ''}{header.get('AcquisitionTime') or ''}"
    return told.partition(".")[0][:14]


def _hierarchyOrigin(node) -> tuple[str, str]:
    """Patient and study from the subject hierarchy, which keeps them when the DICOM database is elsewhere."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item = hierarchy.GetItemByDataNode(node)
    above = [hierarchy.GetItemAncestorAtLevel(item, level) if item else 0 for level in ("Patient", "Study")]
    patient, study = (hierarchy.GetItemUID(ancestor, "DICOM") if ancestor else "" for ancestor in above)
    return patient, study


def _recogniseFromFile(node) -> Recognition:
    from mstkd.recognition import image_stem, recognise_file, recognise_name

    witnesses = [recognise_name(node.GetName())]
    storage = node.GetStorageNode()
    file = storage.GetFullNameFromFileName() if storage is not None else ""
    if file:
        path = Path(file)
        if image_stem(path) == node.GetName():  # one name, not two witnesses
            return recognise_file(path)
        witnesses.append(_ofTheFile(recognise_file(path)))
    return reduce(_together, witnesses)


def _ofTheFile(recognition: Recognition) -> Recognition:
    """The same, with the clauses on ``its name`` made clauses on its file's name."""

    def clause(text: str) -> str:
        return text.replace("its name", "its file's name")

    return replace(
        recognition,
        evidence=tuple(map(clause, recognition.evidence)),
        conflict=clause(recognition.conflict),
        other=clause(recognition.other),
    )


def _together(one: Recognition, other: Recognition) -> Recognition:
    """Two witnesses as one: agreement adds up, contradiction is a conflict with both readings."""
    from mstkd.modalities import ordered
    from mstkd.recognition import Recognition

    says = [(w, f"{w.because} ({w.modality.label})" if w.modality else w.conflict or w.other) for w in (one, other)]
    telling = [witness for witness, text in says if text]
    if len(telling) < 2:
        return telling[0] if telling else one
    if one.modality is not None and one.modality is other.modality:
        return replace(one, evidence=one.evidence + other.evidence, reformat=one.reformat or other.reformat)
    if one.other and other.other:
        return one
    candidates = ordered([*one.candidates, *other.candidates, *(w.modality for w in telling if w.modality)])
    return Recognition(None, conflict=" but ".join(text for _, text in says), candidates=candidates)
