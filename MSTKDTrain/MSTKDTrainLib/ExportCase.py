"""One patient of the scene as a case of a data set: its volumes, one label map, a row in the list of cases."""

from __future__ import annotations

import contextlib
import csv
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import slicer

from MSTKDLib.Engine import EngineError
from MSTKDLib.Recognise import mixedPatients
from MSTKDLib.Steps import Steps
from MSTKDLib.Translation import _
from MSTKDLib.Volumes import worldMatrix, writeVolume
from MSTKDLib.Witnesses import readVolume
from MSTKDLib.Words import LABELS

from .ReferenceLabels import conventionOf, labelsFrom
from .SegmentMasks import segmentMask

LIST = "cases.csv"
COLUMNS = ("id", *LABELS, "seg", "labels", "dataset")


@dataclass(frozen=True)
class Export:
    """What is to be added, and to which data set.

    Attributes:
        volumes: ``flair``, ``t1``, ``t1gd``, ``t2`` to the volume node, where there is one.
        segmentation: The segmentation node.
        meanings: Segment identifier to a key of `ReferenceLabels.MEANINGS`; others are left out.
        patient: Its name in the data set, which is a file name too.
        target: The data set's folder.
        replace: Whether the list's patient of this name is replaced; a folder that is in no list never is.
    """

    volumes: dict
    segmentation: object
    meanings: dict[str, str]
    patient: str
    target: Path
    replace: bool = False


def patientsIn(target: Path) -> list[str]:
    """The patients that a data set's folder has, by its list.

    Raises:
        EngineError: There is a list of another kind.
    """
    return [row["id"] for row in _readList(target / LIST)[1]]


def exportSteps(export: Export) -> Steps:
    """Write the patient; it appears whole or not at all. Returns the list of cases.

    The volumes are written in world coordinates, the label map on the voxels of the engine's
    reference: T1Gd, else FLAIR, T1, T2. NRRD keeps any grid, and uncompressed it does not hold Slicer up.

    Raises:
        EngineError: Something is missing, contradicts itself or cannot be written; one sentence.
    """
    _check(export)
    folder = export.target / export.patient
    draft = export.target / f".{export.patient}.{secrets.token_hex(4)}.part"
    try:
        export.target.mkdir(parents=True, exist_ok=True)
        draft.mkdir()
        for name, node in export.volumes.items():
            yield
            writeVolume(node, draft / _fileName(export, name))
        yield from _writeLabels(export, draft)
        with _inPlace(draft, folder):
            _writeRow(export)
    except OSError as error:
        raise EngineError(
            _("{folder} cannot be written ({reason}); choose another folder or free some disk space.").format(
                folder=export.target, reason=error.strerror or error
            )
        ) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return export.target / LIST


def _check(export: Export) -> None:
    if not export.volumes:
        raise EngineError(_("No volume was chosen; choose at least one of FLAIR, T1, T1Gd and T2."))
    if export.segmentation is None:
        raise EngineError(_("No segmentation was chosen; choose the one that shows the tumour."))
    nodes = list(export.volumes.values())
    if len({node.GetID() for node in nodes}) < len(nodes):
        raise EngineError(_("A volume is chosen twice; choose each for one sequence."))
    if mixed := mixedPatients(map(readVolume, nodes)):
        raise EngineError(mixed)
    if not re.fullmatch(r"\w[\w.-]*", export.patient):
        raise EngineError(
            _("'{patient}' is no name for a patient here; use letters, digits, hyphens and underscores.").format(
                patient=export.patient
            )
        )
    conventionOf(set(export.meanings.values()))
    listed = patientsIn(export.target)
    if export.replace and export.patient in listed:
        return
    folder = export.target / export.patient
    if folder.exists() or export.patient.casefold() in map(str.casefold, listed):  # one file on many systems
        raise EngineError(
            _("{folder} has a patient {patient} already; choose another name.").format(
                folder=export.target, patient=export.patient
            )
        )


def _fileName(export: Export, name: str) -> str:
    return f"{export.patient}_{name}.nrrd"


def _writeLabels(export: Export, draft: Path) -> Steps:
    from mstkd.modalities import REFERENCE_PREFERENCE

    reference = next(export.volumes[m.value] for m in REFERENCE_PREFERENCE if m.value in export.volumes)
    masks: dict[str, np.ndarray] = {}
    for segmentID, meaning in export.meanings.items():
        yield
        mask = segmentMask(export.segmentation, segmentID, reference)
        masks[meaning] = masks[meaning] | mask if meaning in masks else mask
    yield
    labels = labelsFrom(masks)
    if not labels.any():
        raise EngineError(_("The segments are empty; draw the tumour first."))
    yield
    carrier = slicer.vtkMRMLScalarVolumeNode()
    carrier.SetName(export.segmentation.GetName())
    carrier.SetIJKToRASMatrix(worldMatrix(reference))
    slicer.util.updateVolumeFromArray(carrier, labels)
    writeVolume(carrier, draft / _fileName(export, "seg"))


@contextlib.contextmanager
def _inPlace(draft: Path, folder: Path) -> Iterator[None]:
    """The draft in the folder's place, for good once the body has succeeded; else what was there before."""
    before = draft.with_suffix(".before")
    if folder.exists():
        folder.replace(before)
    try:
        draft.replace(folder)
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        if before.exists():
            before.replace(folder)
        raise
    shutil.rmtree(before, ignore_errors=True)


def _readList(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    """The list's columns and rows; those of a new one where there is none."""
    columns, rows = list(COLUMNS), []
    if path.exists():
        try:
            with path.open(newline="", encoding="utf-8-sig") as file:
                reader = csv.DictReader(file)
                columns, rows = list(reader.fieldnames or ()), list(reader)
        except (UnicodeDecodeError, csv.Error):
            columns = []
    if not set(COLUMNS) <= set(columns):
        raise EngineError(
            _("{file} is no list that this module writes (columns {columns}); choose another folder.").format(
                file=path, columns=", ".join(COLUMNS)
            )
        )
    return columns, rows


def _writeRow(export: Export) -> None:
    """The list with the patient's row, in place of an earlier one."""
    from mstkd.files import whole_file

    path = export.target / LIST
    columns, rows = _readList(path)
    images = {name: f"{export.patient}/{_fileName(export, name)}" for name in (*export.volumes, "seg")}
    convention = conventionOf(set(export.meanings.values()))
    row = {"id": export.patient, "labels": convention, "dataset": export.target.absolute().name, **images}
    kept = [old for old in rows if old["id"] != export.patient]
    with whole_file(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows([*kept, row])
