"""The patient of a data set that the slice views show: one at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import slicer

from MSTKDLib.Engine import EngineError
from MSTKDLib.Masks import boundingBox, orientedImage
from MSTKDLib.Segments import LABELMAP, displaySegments, newSegment
from MSTKDLib.Steps import Background, Steps
from MSTKDLib.Translation import _
from MSTKDLib.Views import showPatient
from MSTKDLib.Volumes import prepareReading, readPlaced
from MSTKDLib.Words import LABELS

UNDECIDED_COLOURS = ((0.95, 0.8, 0.25), (0.9, 0.35, 0.2), (0.55, 0.25, 0.85), (0.3, 0.7, 0.9))
"""Of label values whose meaning is not known."""


class ShownCase:
    """Loads a case in the background, and removes the one before from the scene.

    Only nodes that it loaded are removed, and of those no segmentation that the user has edited.

    Args:
        attempt: Does something; a refusal becomes the panel's message.
        onShown: Called at the end with the case, and whether anything of it could be read and is shown.
    """

    def __init__(self, attempt: Callable, onShown: Callable[[dict, bool], None]) -> None:
        self._attempt, self._onShown = attempt, onShown
        self._case: dict | None = None
        self._nodes: list = []
        self._asLoaded = 0
        self._loading: Background | None = None

    def show(self, case: dict) -> bool:
        """Show a case instead of the one before; False when it is being shown or loaded already."""
        if case is self._case and (self._loading or any(node.GetScene() for node in self._nodes)):
            return False
        self.close()
        self._remove()
        self._case = case
        self._loading = Background(self._steps(case), lambda value, error: self._end(case, error))
        return True

    def close(self) -> None:
        """Load no more; what is shown stays."""
        if self._loading is not None:
            self._loading.stop()
            self._loading = None

    def _end(self, case: dict, error: Exception | None) -> None:
        self._loading = None

        def say() -> None:
            if error is not None:
                raise error

        self._onShown(case, bool(self._nodes))
        self._attempt(say)

    def _remove(self) -> None:
        for node in self._nodes:
            edited = node.IsA("vtkMRMLSegmentationNode") and _changed(node) > self._asLoaded
            if node.GetScene() is slicer.mrmlScene and not edited:
                slicer.mrmlScene.RemoveNode(node)
        self._nodes = []

    def _steps(self, case: dict) -> Steps:
        """Whatever of the case can be read; at the end one sentence on what cannot."""
        yield
        prepareReading()
        refusals, volumes = [], {}
        for name, path in case["images"].items():
            yield
            try:
                volumes[name] = self._loadVolume(case, name, Path(path))
            except EngineError as error:
                refusals.append(str(error))
        yield
        reference = _preferred(volumes)
        if reference is not None:
            showPatient(reference, None)
        if case["label"] is not None:
            try:
                yield from self._referenceSteps(case, reference)
            except EngineError as error:
                refusals.append(str(error))
        if refusals:
            raise EngineError(" ".join(refusals))

    def _loadVolume(self, case: dict, name: str, path: Path):
        array, ijkToRAS = readPlaced(path, case["channels"].get(name))
        title = f"{case['id']} {LABELS[name]}"
        node = slicer.util.addVolumeFromArray(array, ijkToRAS=ijkToRAS, name=title)
        self._nodes.append(node)
        return node

    def _referenceSteps(self, case: dict, reference) -> Steps:
        labels, ijkToRAS = readPlaced(Path(case["label"]))
        yield
        matrix = slicer.util.vtkMatrixFromArray(ijkToRAS)
        box = boundingBox(labels) or (slice(0, 0),) * 3
        first, inside = [part.start for part in box], labels[box]
        node = slicer.vtkMRMLSegmentationNode()
        node.SetName(_("{patient} reference").format(patient=case["id"]))
        for description, mask in _masks(case, inside):
            yield
            segment = newSegment(description, orientedImage(mask, matrix, first))
            node.GetSegmentation().AddSegment(segment, segment.GetName())
        yield
        slicer.mrmlScene.AddNode(node)
        self._nodes.append(node)
        node.CreateDefaultDisplayNodes()
        displaySegments(node)
        if reference is not None:
            node.SetReferenceImageGeometryParameterFromVolumeNode(reference)
            if inside.size:
                showPatient(reference, _middle(inside, first, ijkToRAS))
        self._asLoaded = _changed(node)


def _preferred(volumes: dict):
    """The volume behind the segments: the one whose grid the engine takes."""
    from mstkd.modalities import REFERENCE_PREFERENCE

    return next((volumes[m.value] for m in REFERENCE_PREFERENCE if m.value in volumes), None)


def _masks(case: dict, labels: np.ndarray) -> list[tuple[dict, np.ndarray]]:
    """The regions that the label map's convention knows; while it is undecided, each value by itself."""
    from mstkd.errors import InputError
    from mstkd.regions import CONVENTIONS, segment_descriptions

    if case["convention"] is None:
        values = [int(value) for value in np.unique(labels) if value][: 2 * len(UNDECIDED_COLOURS)]
        return [(_undecided(number, value), labels == value) for number, value in enumerate(values)]
    convention = CONVENTIONS[case["convention"]]
    try:
        tissues = convention.decode(labels, case["label"])
    except InputError as error:
        raise EngineError(str(error)) from None
    known = {region.value for region in convention.regions}
    described = [one for one in segment_descriptions() if one["name"] in known]
    return [(one, np.isin(tissues, one["labels"])) for one in described]


def _undecided(number: int, value: int) -> dict:
    colour = UNDECIDED_COLOURS[number % len(UNDECIDED_COLOURS)]
    return {"name": _("Label {value}").format(value=value), "colour": colour, "code": ("108369006", "Neoplasm")}


def _middle(labels: np.ndarray, first: list[int], ijkToRAS: np.ndarray) -> tuple[float, float, float]:
    k, j, i = np.argwhere(labels).mean(axis=0) + first
    return tuple((ijkToRAS @ (i, j, k, 1))[:3])


def _changed(node) -> int:
    """When a segmentation's voxels were changed last; showing it does not count."""
    segmentation = node.GetSegmentation()
    segments = [segmentation.GetNthSegment(n) for n in range(segmentation.GetNumberOfSegments())]
    images = [segment.GetRepresentation(LABELMAP) for segment in segments]
    return max((image.GetMTime() for image in images if image), default=0)
