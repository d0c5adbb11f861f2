"""The engine's label map as a segmentation node with overlapping segments WT, TC and ET."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import slicer
import vtk

from MSTKDLib.Engine import EngineError
from MSTKDLib.Masks import boundingBox, orientedImage
from MSTKDLib.Segments import checkVoxels, displaySegments, newSegment, putSegments
from MSTKDLib.Translation import _

from .StoredResult import storedResult, storeResult
from .Tissues import isShowingTissues, showRegions, showTissues
from .Uncertainty import unlinkUncertainty
from .Undo import saveForUndo

__all__ = ["importSteps", "isShowingTissues", "showRegions", "showTissues", "storedResult"]


def importSteps(referenceNode, labels: np.ndarray, answer: dict, output=None) -> Generator[str, None, object]:
    """Make the segmentation step by step; the scene changes in the last step only.

    Each step yields a line of state; the generator's return value is the segmentation node.
    A new node gets the place, the parent transform and the subject hierarchy's folder of the
    reference volume.

    Args:
        referenceNode: The scalar volume node whose voxels the labels lie on.
        labels: ``(k, j, i)``, the values of the tissue classes.
        answer: The engine's `done` event: summary, segments, tissues.
        output: A segmentation node whose regions or tissues are replaced; other segments stay.
            None adds a new node.

    Raises:
        EngineError: The reference volume or the output changed meanwhile, or the output holds no voxels; one sentence.
    """
    image = referenceNode.GetImageData()
    if image is None or labels.shape != image.GetDimensions()[::-1]:
        raise EngineError(
            _("{name} changed while it was segmented; segment it again.").format(name=referenceNode.GetName())
        )
    matrix = _gridMatrix(referenceNode, output)
    box = boundingBox(labels) or (slice(0, 0),) * 3
    inside, first = labels[box], [part.start for part in box]
    segments = []
    for description in answer["segments"]:
        yield _("Making the surface of {name}").format(name=description["name"])
        mask = np.isin(inside, description["labels"])
        segments.append(newSegment(description, orientedImage(mask, matrix, first)))
    yield _("Adding the segmentation to the scene")
    if output is None:
        return _added(referenceNode, segments, answer)
    return _replaced(output, referenceNode, segments, answer)


def _gridMatrix(referenceNode, output) -> vtk.vtkMatrix4x4:
    """The reference's voxel index to the coordinates of the segmentation, under whichever transforms both lie."""
    matrix = vtk.vtkMatrix4x4()
    referenceNode.GetIJKToRASMatrix(matrix)
    if output is not None:
        between = vtk.vtkMatrix4x4()
        transforms = referenceNode.GetParentTransformNode(), output.GetParentTransformNode()
        if not slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(*transforms, between):
            raise EngineError(
                _("{name} lies under a deformation; harden it first (Data module, 'Harden transform').").format(
                    name=output.GetName()
                )
            )
        vtk.vtkMatrix4x4.Multiply4x4(between, matrix, matrix)
    return matrix


def _added(referenceNode, segments: list, answer: dict):
    scene = referenceNode.GetScene()
    node = slicer.vtkMRMLSegmentationNode()
    node.SetName(scene.GenerateUniqueName(_("{name} tumour").format(name=referenceNode.GetName())))
    putSegments(node, segments, remove=())
    storeResult(node, answer)
    saveForUndo(scene)
    scene.AddNode(node)
    node.CreateDefaultDisplayNodes()
    for undoable in (node, node.GetDisplayNode()):  # undo takes both out again
        undoable.SetUndoEnabled(True)
    node.SetAndObserveTransformNodeID(referenceNode.GetTransformNodeID())
    node.SetReferenceImageGeometryParameterFromVolumeNode(referenceNode)
    displaySegments(node)
    _placeBeside(node, referenceNode)
    return node


def _replaced(node, referenceNode, segments: list, answer: dict):
    if node.GetScene() is not referenceNode.GetScene():
        raise EngineError(_("{name} left the scene meanwhile; segment again.").format(name=node.GetName()))
    checkVoxels(node)
    node.CreateDefaultDisplayNodes()
    saveForUndo(node.GetScene(), node)
    ours = [description["name"] for key in ("segments", "tissues") for description in answer[key]]
    putSegments(node, segments, remove=ours)
    node.SetReferenceImageGeometryParameterFromVolumeNode(referenceNode)
    _placeBeside(node, referenceNode)
    unlinkUncertainty(node)
    storeResult(node, answer)
    displaySegments(node)
    return node


def _placeBeside(node, referenceNode) -> None:
    """Put the node under the reference's parent (its study or folder), where Slicer has items for both."""
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(node.GetScene())
    item, beside = hierarchy.GetItemByDataNode(node), hierarchy.GetItemByDataNode(referenceNode)
    if item and beside:
        hierarchy.SetItemParent(item, hierarchy.GetItemParent(beside))
