"""Where the engine was unsure, as a volume over the slices."""

from __future__ import annotations

import numpy as np
import vtk
from vtk.util import numpy_support

from MSTKDLib.Engine import EngineError
from MSTKDLib.Translation import _
from MSTKDLib.Views import sliceLayers
from MSTKDLib.Volumes import UNCERTAINTY, isUncertainty

ROLE = UNCERTAINTY
"""Node reference from a segmentation to its uncertainty."""
BEFORE = "MSTKDSegment.Before"
"""Node reference from a slice's layers to its foreground before, and the attribute of its opacity."""
SURE_PERCENT = 20
"""Voxels below are transparent; 100 % is the entropy of four equally probable classes."""
OPACITY = 0.5
_COLOURS = "vtkMRMLColorTableNodeFileInferno.txt", "vtkMRMLColorTableNodeIron"
"""The first that the scene has; Iron is built in everywhere."""


def hasUncertainty(segmentationNode) -> bool:
    """Whether the scene holds the segmentation's uncertainty."""
    return segmentationNode.GetNodeReference(ROLE) is not None


def showUncertainty(segmentationNode, array: np.ndarray | None, visible: bool):
    """Show or hide a segmentation's uncertainty over the slices; returns its volume node.

    Args:
        array: ``(k, j, i)`` on the reference volume, 0 to 100 %; None takes what the scene holds.
        visible: Hiding puts back what the slices showed before.

    Raises:
        EngineError: There is neither an array nor a volume, or the reference volume is gone.
    """
    volume = segmentationNode.GetNodeReference(ROLE)
    if array is not None:
        volume = _filled(segmentationNode, volume, array)
    if volume is None:
        name = segmentationNode.GetName()
        raise EngineError(_("The scene holds no uncertainty of {name}; segment again.").format(name=name))
    (_show if visible else _hide)(volume)
    return volume


def unlinkUncertainty(segmentationNode) -> None:
    """Hide the uncertainty of a result that is replaced; its volume stays, as a volume of its own."""
    volume = segmentationNode.GetNodeReference(ROLE)
    if volume is not None:
        _hide(volume)
        segmentationNode.SetNodeReferenceID(ROLE, None)


def _filled(segmentationNode, volume, array: np.ndarray):
    """The volume node with the array as its image, on the reference volume's voxels; a new one where it is None."""
    reference = segmentationNode.GetNodeReference(segmentationNode.GetReferenceImageGeometryReferenceRole())
    if reference is None or reference.GetImageData().GetDimensions()[::-1] != array.shape:
        name = segmentationNode.GetName()
        raise EngineError(_("The volume that {name} was made on is gone; segment again.").format(name=name))
    scene = segmentationNode.GetScene()
    if volume is None:
        name = _("{name} uncertainty (%)").format(name=segmentationNode.GetName())
        volume = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
        volume.SetAttribute(ROLE, "1")
        volume.SetDescription(_("Entropy of the four classes in percent of its maximum"))
        segmentationNode.SetNodeReferenceID(ROLE, volume.GetID())
    volume.CopyOrientation(reference)
    volume.SetAndObserveTransformNodeID(reference.GetTransformNodeID())
    volume.SetAndObserveImageData(_image(array))
    _colour(volume)
    return volume


def _image(array: np.ndarray):
    image = vtk.vtkImageData()
    image.SetDimensions(*array.shape[::-1])
    flat = np.ascontiguousarray(array, dtype=np.uint8).ravel()
    image.GetPointData().SetScalars(numpy_support.numpy_to_vtk(flat, deep=True, array_type=vtk.VTK_UNSIGNED_CHAR))
    return image


def _colour(volume) -> None:
    volume.CreateDefaultDisplayNodes()
    display, scene = volume.GetDisplayNode(), volume.GetScene()
    colour = next((name for name in _COLOURS if scene.GetNodeByID(name)), _COLOURS[-1])
    display.SetAndObserveColorNodeID(colour)
    display.SetAutoWindowLevel(False)
    display.SetWindowLevelMinMax(0, 100)
    display.SetApplyThreshold(True)
    display.SetThreshold(SURE_PERCENT, 100)


def _show(volume) -> None:
    for layers in sliceLayers(volume.GetScene()):
        current = volume.GetScene().GetNodeByID(layers.GetForegroundVolumeID() or "")
        if current is None or not isUncertainty(current):  # else what was there before is remembered already
            layers.SetNodeReferenceID(BEFORE, layers.GetForegroundVolumeID())
            layers.SetAttribute(BEFORE, str(layers.GetForegroundOpacity()))
        layers.SetForegroundVolumeID(volume.GetID())
        layers.SetForegroundOpacity(OPACITY)


def _hide(volume) -> None:
    for layers in sliceLayers(volume.GetScene()):
        if layers.GetForegroundVolumeID() == volume.GetID():  # else the user has chosen another since
            layers.SetForegroundVolumeID(layers.GetNodeReferenceID(BEFORE))
            layers.SetForegroundOpacity(float(layers.GetAttribute(BEFORE) or 0))
            layers.SetNodeReferenceID(BEFORE, None)
            layers.SetAttribute(BEFORE, None)
