"""A label map as a segmentation node with overlapping segments WT, TC and ET."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support

BINARY_LABELMAP = "Binary labelmap"


def addSegmentation(scene, name: str, referenceVolumeNode, labels: np.ndarray, segments: list[dict]):
    """Add a segmentation node on the reference volume's geometry, one segment per region.

    Args:
        labels: ``(k, j, i)``, the values of the tissue classes.
        segments: Name, label values, colour and SNOMED CT code of each region, as the
            engine describes them.

    The node follows the reference volume's parent transform.
    """
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", name)
    node.CreateDefaultDisplayNodes()
    node.SetReferenceImageGeometryParameterFromVolumeNode(referenceVolumeNode)
    node.SetAndObserveTransformNodeID(referenceVolumeNode.GetTransformNodeID())
    for description in segments:
        segment = slicer.vtkSegment()
        segment.SetName(description["name"])
        segment.SetColor(*description["colour"])
        segment.SetTag("TerminologyEntry", terminologyEntry(description["code"]))
        mask = np.isin(labels, description["labels"])
        segment.AddRepresentation(BINARY_LABELMAP, orientedImage(mask, referenceVolumeNode))
        node.GetSegmentation().AddSegment(segment, description["name"])
    return node


def orientedImage(mask: np.ndarray, referenceVolumeNode):
    """A mask ``(k, j, i)`` as oriented image data on the volume's own voxels."""
    image = slicer.vtkOrientedImageData()
    k, j, i = mask.shape
    image.SetDimensions(i, j, k)
    values = numpy_support.numpy_to_vtk(mask.astype(np.uint8).ravel(), deep=True, array_type=vtk.VTK_UNSIGNED_CHAR)
    values.SetName("ImageScalars")
    image.GetPointData().SetScalars(values)
    ijkToRAS = vtk.vtkMatrix4x4()
    referenceVolumeNode.GetIJKToRASMatrix(ijkToRAS)
    image.SetImageToWorldMatrix(ijkToRAS)
    return image


def terminologyEntry(code: tuple[str, str] | None) -> str:
    """Slicer's serialised terminology for a SNOMED CT type; empty where none exists."""
    if code is None:
        return ""
    value, meaning = code
    return (
        "Segmentation category and type - DICOM master list"
        "~SCT^49755003^Morphologically Altered Structure"
        f"~SCT^{value}^{meaning}~^^"
        "~Anatomic codes - DICOM master list~SCT^12738006^Brain~^^"
    )
