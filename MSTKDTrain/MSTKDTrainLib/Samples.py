"""A validation patient's image, reference and prediction in the scene, renewed where they lie."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import slicer
import vtk

from MSTKDLib.Masks import boundingBox, orientedImage
from MSTKDLib.Segments import LABELMAP, SURFACE, displaySegments, newSegment, putSegments
from MSTKDLib.Translation import _
from MSTKDLib.Views import sliceLayers, tumourCentre

REFERENCE_WIDTH = 3
"""Of the outlines, in pixels: they are seen over the prediction's fill."""
PREDICTION_FILL = 0.45


@dataclass(frozen=True)
class Sample:
    """What a validation wrote of one patient: files on one grid, the last two with tissue labels."""

    case: str
    image: Path
    reference: Path
    prediction: Path
    sequences: str
    step: int


def readSamples(run: Path) -> list[Sample]:
    """The samples of a run as its last validation left them; none while they are missing or being written."""
    from mstkd.runs.layout import INDEX, SAMPLES

    folder = run / SAMPLES
    try:
        return [
            Sample(
                case=str(entry["case"]),
                image=folder / entry["image"],
                reference=folder / entry["reference"],
                prediction=folder / entry["prediction"],
                sequences=str(entry["sequences"]),
                step=int(entry["step"]),
            )
            for entry in json.loads((folder / INDEX).read_text(encoding="utf-8"))
        ]
    except (OSError, ValueError, KeyError, TypeError):
        return []


class SampleNodes:
    """One volume and two segmentations, which take the place of those before them; none is saved with the scene."""

    def __init__(self) -> None:
        self.image = self.reference = self.prediction = None
        self._shown: dict[str, tuple] = {}
        self._behind: dict[str, str | None] = {}
        self._middle: tuple[float, float, float] | None = None

    @property
    def areInScene(self) -> bool:
        """False also when the user deleted one of them or closed the scene."""
        return all(_isInScene(node) for node in (self.image, self.reference, self.prediction))

    def steps(self, sample: Sample) -> Generator[None, None, bool]:
        """Read what changed and renew the nodes, all in the last step.

        The generator's return value is False when a file is missing or half-written: nothing changed then.
        """
        files = {"image": sample.image, "reference": sample.reference, "prediction": sample.prediction}
        try:
            stamps = {role: (path, path.stat().st_mtime_ns, path.stat().st_size) for role, path in files.items()}
        except OSError:
            return False
        changed = [role for role in files if not self.areInScene or stamps[role] != self._shown.get(role)]
        read = {}
        for role in changed:
            read[role] = _read(files[role])
            yield
            if read[role] is None:
                return False
        segments = {}
        for role in changed:
            if role != "image":
                segments[role] = yield from _segments(read[role])
        if "reference" in read:
            labels = slicer.util.arrayFromVolume(read["reference"])
            self._middle = tumourCentre(labels, read["reference"]) if labels.any() else None
            yield
        if "image" in read:
            self.image = _renewedImage(self.image, read["image"], sample)
        if "reference" in segments:
            name = _("{case} reference").format(case=sample.case)
            self.reference = _renewed(self.reference, segments["reference"], name, self.image, _asOutlines)
        if "prediction" in segments:
            name = _("{case} prediction").format(case=sample.case)
            self.prediction = _renewed(self.prediction, segments["prediction"], name, self.image, _asFill)
        self._shown = stamps
        return True

    def display(self) -> None:
        """Put the image behind the slices and go to the tumour's middle."""
        for layers in sliceLayers(slicer.mrmlScene):
            background = layers.GetBackgroundVolumeID()
            if background != self.image.GetID():
                self._behind[layers.GetID()] = background
                layers.SetBackgroundVolumeID(self.image.GetID())
        if self._middle is not None:
            slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, *self._middle)

    def remove(self) -> None:
        """Take the nodes out of the scene; slices that still show the image show again what they did before."""
        for layers in sliceLayers(slicer.mrmlScene) if self.areInScene else ():
            before = self._behind.get(layers.GetID())
            if layers.GetBackgroundVolumeID() == self.image.GetID() and slicer.mrmlScene.GetNodeByID(before or ""):
                layers.SetBackgroundVolumeID(before)
        for node in (self.reference, self.prediction, self.image):
            if _isInScene(node):
                node.GetScene().RemoveNode(node)
        self.image = self.reference = self.prediction = None
        self._shown, self._behind = {}, {}


def _read(path: Path):
    """A volume node outside the scene, or None where the file cannot be read (yet)."""
    node, storage = slicer.vtkMRMLScalarVolumeNode(), slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(path))
    return node if storage.ReadData(node) and node.GetImageData() is not None else None


def _segments(labelled) -> Generator[None, None, list]:
    """The regions of a label map as segments, one in each step."""
    from mstkd.regions import segment_descriptions

    labels, matrix = slicer.util.arrayFromVolume(labelled), vtk.vtkMatrix4x4()
    labelled.GetIJKToRASMatrix(matrix)
    box = boundingBox(labels) or (slice(0, 0),) * 3
    inside, first = labels[box], [part.start for part in box]
    segments = []
    for description in segment_descriptions():
        mask = np.isin(inside, description["labels"])
        segments.append(newSegment(description, orientedImage(mask, matrix, first)))
        yield
    return segments


def _added(node):
    node.SetSaveWithScene(False)
    slicer.mrmlScene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    node.GetDisplayNode().SetSaveWithScene(False)
    return node


def _isInScene(node) -> bool:
    return node is not None and node.GetScene() is not None


def _renewedImage(node, read, sample: Sample):
    isNew = not _isInScene(node)
    node = slicer.vtkMRMLScalarVolumeNode() if isNew else node
    matrix = vtk.vtkMatrix4x4()
    read.GetIJKToRASMatrix(matrix)
    modifying = node.StartModify()
    node.SetName(_("{case} sample").format(case=sample.case))
    node.SetIJKToRASMatrix(matrix)
    node.SetAndObserveImageData(read.GetImageData())
    node.EndModify(modifying)
    return _added(node) if isNew else node


def _renewed(node, segments: list, name: str, image, dress):
    """A segmentation with these segments; one that is there keeps its own, and how they are displayed."""
    if _isInScene(node):
        modifying = node.StartModify()
        for new in segments:
            segment = node.GetSegmentation().GetSegment(new.GetName())
            for kind in (LABELMAP, SURFACE):
                segment.AddRepresentation(kind, new.GetRepresentation(kind))
        node.SetName(name)
        node.SetReferenceImageGeometryParameterFromVolumeNode(image)
        node.EndModify(modifying)
        return node
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName(name)
    putSegments(node, segments, remove=())
    _added(node)
    node.SetReferenceImageGeometryParameterFromVolumeNode(image)
    displaySegments(node)
    dress(node.GetDisplayNode())
    return node


def _asOutlines(display) -> None:
    display.SetVisibility2DFill(False)
    display.SetSliceIntersectionThickness(REFERENCE_WIDTH)
    display.SetVisibility3D(False)  # two surfaces in one place cannot be told apart


def _asFill(display) -> None:
    display.SetVisibility2DOutline(False)
    for region in ("WT", "TC", "ET"):
        display.SetSegmentOpacity2DFill(region, PREDICTION_FILL)
