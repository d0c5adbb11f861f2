"""The slice and 3D views after a run: the patient behind, the tumour in the middle."""

from __future__ import annotations

import numpy as np
import slicer
import vtk


def showInViews(result, volumes: list) -> None:
    """Show the reference behind the segments, unless another input is shown, and go to the tumour's middle.

    Args:
        result: A run's result.
        volumes: The volume nodes it was made from.
    """
    reference = result.segmentation.GetNodeReference("referenceImageGeometryRef")
    scene = reference.GetScene()
    inputs = {volume.GetID() for volume in volumes}
    for composite in sliceLayers(scene):
        if composite.GetBackgroundVolumeID() not in inputs:
            composite.SetBackgroundVolumeID(reference.GetID())
    if result.labels.any():
        slicer.vtkMRMLSliceNode.JumpAllSlices(scene, *tumourCentre(result.labels, reference))


def showPatient(reference, middle: tuple[float, float, float] | None) -> None:
    """Show another patient in every slice view: its reference alone, fitted.

    Args:
        middle: Where to go to, in RAS world coordinates (mm); None stays in the volume's middle.
    """
    scene = reference.GetScene()
    for composite in sliceLayers(scene):
        composite.SetBackgroundVolumeID(reference.GetID())
        composite.SetForegroundVolumeID(None)
    slicer.app.applicationLogic().FitSliceToAll()
    if middle is not None:
        slicer.vtkMRMLSliceNode.JumpAllSlices(scene, *middle)


def isInSlices(volume) -> bool:
    """Whether a volume lies over the others in any slice view."""
    return volume.GetID() in [layers.GetForegroundVolumeID() for layers in sliceLayers(volume.GetScene())]


def sliceLayers(scene) -> list:
    """What each slice view shows."""
    nodes = scene.GetNodesByClass("vtkMRMLSliceCompositeNode")
    return [nodes.GetItemAsObject(number) for number in range(nodes.GetNumberOfItems())]


def tumourCentre(labels: np.ndarray, reference) -> tuple[float, float, float]:
    """The middle of the tumour in RAS world coordinates (mm); labels are ``(k, j, i)``."""
    k, j, i = np.argwhere(labels).mean(axis=0)
    ijkToRAS = vtk.vtkMatrix4x4()
    reference.GetIJKToRASMatrix(ijkToRAS)
    ras = ijkToRAS.MultiplyPoint((i, j, k, 1))[:3]
    parent = reference.GetParentTransformNode()
    if parent is None:
        return ras
    toWorld = vtk.vtkGeneralTransform()
    parent.GetTransformToWorld(toWorld)
    return toWorld.TransformPoint(ras)
