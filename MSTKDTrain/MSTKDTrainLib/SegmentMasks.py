"""Segments as masks on a volume's voxels, wherever in the world both lie."""

from __future__ import annotations

import numpy as np
import slicer
import vtk

from MSTKDLib.Engine import EngineError
from MSTKDLib.Masks import voxels
from MSTKDLib.Segments import LABELMAP
from MSTKDLib.Translation import _


def segmentMask(segmentationNode, segmentID: str, volumeNode) -> np.ndarray:
    """One segment, hidden or not, by the nearest of its own voxels, ``(k, j, i)`` bool on the volume.

    The nodes' linear parent transforms count; neither node is changed.

    Raises:
        EngineError: It lies under a deformation, has no voxels to give, or all of it lies outside the volume.
    """
    grid = _gridIn(segmentationNode, volumeNode)
    image = slicer.vtkOrientedImageData()
    _withLabelmap(segmentationNode, segmentID, grid).GetBinaryLabelmapRepresentation(segmentID, image)
    shape = volumeNode.GetImageData().GetDimensions()[::-1]
    if image.IsEmpty() or not voxels(image).any():
        return np.zeros(shape, dtype=bool)
    moved = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, grid, moved)
    mask = voxels(moved) > 0
    if not mask.any():
        segment = segmentationNode.GetSegmentation().GetSegment(segmentID)
        raise EngineError(
            _("The segment {segment} lies outside {volume}; choose what belongs to it.").format(
                segment=segment.GetName(), volume=volumeNode.GetName()
            )
        )
    return mask


def _gridIn(segmentationNode, volumeNode):
    """The volume's voxels in the coordinates that the segmentation's own parent transform is applied to."""
    between, matrix = vtk.vtkMatrix4x4(), vtk.vtkMatrix4x4()
    transforms = volumeNode.GetParentTransformNode(), segmentationNode.GetParentTransformNode()
    if not slicer.vtkMRMLTransformNode.GetMatrixTransformBetweenNodes(*transforms, between):
        raise EngineError(
            _("{name} lies under a deformation; harden it first (Data module, 'Harden transform').").format(
                name=segmentationNode.GetName()
            )
        )
    volumeNode.GetIJKToRASMatrix(matrix)
    vtk.vtkMatrix4x4.Multiply4x4(between, matrix, matrix)
    grid = slicer.vtkOrientedImageData()
    grid.SetDimensions(*volumeNode.GetImageData().GetDimensions())
    grid.SetImageToWorldMatrix(matrix)
    grid.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    return grid


def _withLabelmap(segmentationNode, segmentID: str, grid):
    """The node, or for a segment that is only a surface a copy with its voxels on the grid."""
    if segmentationNode.GetSegmentation().ContainsRepresentation(LABELMAP):
        return segmentationNode
    copy = slicer.vtkSegmentation()
    copy.SetSourceRepresentationName(segmentationNode.GetSegmentation().GetSourceRepresentationName())
    copy.CopySegmentFromSegmentation(segmentationNode.GetSegmentation(), segmentID)
    geometry = slicer.vtkSegmentationConverter.SerializeImageGeometry(grid)
    copy.SetConversionParameter(slicer.vtkSegmentationConverter.GetReferenceImageGeometryParameterName(), geometry)
    copy.CreateRepresentation(LABELMAP)
    node = slicer.vtkMRMLSegmentationNode()
    node.SetAndObserveSegmentation(copy)
    return node
