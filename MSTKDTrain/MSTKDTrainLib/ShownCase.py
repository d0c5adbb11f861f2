"""The patient of a data set that the slice views show: one at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import slicer

from MSTKDLib.Engine import EngineError, temporaryFolder
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
    """Has the engine unpack a case, loads it in the background, and removes the one before from the scene.

    Only nodes that it loaded are removed, and of those neither a segmentation that the user has edited
    nor what other nodes refer to, as a segmentation of the user's does to the volume it is drawn on.

    Args:
        logic: Answers `ask`.
        attempt: Does something; a refusal becomes the panel's message.
        onShown: Called at the end with the case, and whether anything of it could be read and is shown.
    """

    def __init__(self, logic, attempt: Callable, onShown: Callable[[dict, bool], None]) -> None:
        self._logic, self._attempt, self._onShown = logic, attempt, onShown
        self._case: dict | None = None
        self._asked: dict | None = None
        self._folder: TemporaryDirectory | None = None
        self._nodes: list = []
        self._asLoaded = 0
        self._loading: Background | None = None

    def show(self, case: dict) -> bool:
        """Show a case instead of the one before; False when it is being shown or loaded already.

        Raises:
            EngineError: The engine is busy with something else; what is shown stays.
        """
        if case is self._case and (self.loading or any(node.GetScene() for node in self._nodes)):
            return False
        if self._asked is None:
            self._ask(case)
        self._case = case  # where another case is being unpacked, it is asked for after that
        return True

    @property
    def loading(self) -> bool:
        """Whether a case is to be shown that is not there yet."""
        return self._case is not None and (self._asked is not None or self._loading is not None)

    def giveUp(self) -> bool:
        """Whether the engine's answer was waited for, which will not come: the question failed or was cancelled."""
        waited = self.loading and self._asked is not None
        if self._asked is not None:
            self._asked = None
            self.close()
        return waited

    def close(self) -> None:
        """Load no more; what is shown stays."""
        self._case = None
        if self._loading is not None:
            self._loading.stop()
            self._loading = None
        if self._asked is None:  # else the engine still writes into it
            self._clear()

    def _clear(self) -> None:
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def _ask(self, case: dict) -> None:
        folder = temporaryFolder()
        request = {"task": "unpack_case", "output": folder.name} | {
            name: case[name] for name in ("images", "channels", "label")
        }
        self._logic.ask(request, lambda answer: self._onUnpacked(case, answer))
        self.close()
        self._case = self._asked = case
        self._folder = folder

    def _onUnpacked(self, case: dict, answer: dict) -> None:
        self._asked = None
        if self._case is not case:  # another was clicked, or the scene closed
            self._clear()
            if self._case is not None:
                self._ask(self._case)
            return
        self._remove()
        self._loading = Background(self._steps(case, answer), lambda value, error: self._end(case, error))

    def _end(self, case: dict, error: Exception | None) -> None:
        self._loading = None
        self._clear()

        def say() -> None:
            if error is not None:
                raise error

        self._onShown(case, bool(self._nodes))
        self._attempt(say)

    def _remove(self) -> None:
        def isEdited(node) -> bool:
            return node.IsA("vtkMRMLSegmentationNode") and _changed(node) > self._asLoaded

        ours = [node for node in self._nodes if node.GetScene() is slicer.mrmlScene and not isEdited(node)]
        used = _usedByOthers(ours)
        for node in ours:
            if node.GetID() not in used:
                slicer.mrmlScene.RemoveNode(node)
        self._nodes = []

    def _steps(self, case: dict, unpacked: dict) -> Steps:
        """Whatever of the case could be read; at the end one sentence on each file that could not."""
        yield
        prepareReading()
        refusals, volumes = list(unpacked["problems"]), {}
        for name, path in unpacked["images"].items():
            yield
            array, ijkToRAS = readPlaced(Path(path))
            yield
            title = f"{case['id']} {LABELS[name]}"
            volumes[name] = slicer.util.addVolumeFromArray(array, ijkToRAS=ijkToRAS, name=title)
            self._nodes.append(volumes[name])
        yield
        reference = _preferred(volumes)
        if reference is not None:
            showPatient(reference, None)
        if unpacked["label"] is not None:
            try:
                yield from self._referenceSteps(case, Path(unpacked["label"]), reference)
            except EngineError as error:
                refusals.append(str(error))
        if refusals:
            raise EngineError(" ".join(refusals))

    def _referenceSteps(self, case: dict, file: Path, reference) -> Steps:
        labels, ijkToRAS = readPlaced(file)
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


def _usedByOthers(ours: list) -> set[str]:
    """Nodes that others refer to; what a view shows, or a module has selected, is not used by that."""
    mine, used = {node.GetID() for node in ours}, set()
    for node in slicer.util.getNodesByClass("vtkMRMLNode"):
        isShowing = any(node.IsA(kind) for kind in ("vtkMRMLSliceCompositeNode", "vtkMRMLAbstractViewNode"))
        if isShowing or node.GetSingletonTag() or node.GetID() in mine:
            continue
        roles = [node.GetNthNodeReferenceRole(number) for number in range(node.GetNumberOfNodeReferenceRoles())]
        for role in roles:
            used |= {node.GetNthNodeReferenceID(role, n) for n in range(node.GetNumberOfNodeReferences(role))}
    return used


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
