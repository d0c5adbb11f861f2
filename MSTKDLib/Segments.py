"""Segments of a segmentation node: made from a description and a mask, put in, displayed."""

from __future__ import annotations

from collections.abc import Sequence

import slicer
import vtk

from .Engine import EngineError
from .Terminology import terminologyEntry
from .Translation import _

LABELMAP, SURFACE = "Binary labelmap", "Closed surface"
OPACITY_3D = {"WT": 0.3, "TC": 0.6, "ET": 1.0, "SNFH": 0.3, "NETC": 0.6}
"""What lies inside shines through."""
FILL_2D = 0.3
"""Of Slicer's own fill: the outline says where the edge is, the image below stays to be judged."""


def newSegment(description: dict, image):
    """A segment with its mask and closed surface, as the engine describes it.

    Args:
        description: Name, colour and SNOMED CT code.
        image: The mask as oriented image data.
    """
    segment = slicer.vtkSegment()
    segment.SetName(description["name"])
    segment.SetColor(*description["colour"])
    segment.SetTag("TerminologyEntry", terminologyEntry(description["code"]))
    segment.AddRepresentation(LABELMAP, image)
    _addSurface(segment)
    return segment


def _addSurface(segment) -> None:
    """Add the closed surface, five times as fast as with Slicer's default settings and as large.

    A tumour of 150 mL takes 20 ms, so Slicer stays usable. What is edited afterwards gets its
    surface by Slicer's own settings.
    """
    workshop = slicer.vtkSegmentation()  # a conversion always concerns all segments, so there is only one
    workshop.SetSourceRepresentationName(LABELMAP)
    workshop.SetConversionParameter("Conversion method", "1")  # surface nets
    workshop.SetConversionParameter("SurfaceNets smoothing", "1")
    workshop.AddSegment(segment, segment.GetName())
    workshop.CreateRepresentation(SURFACE)
    surface = segment.GetRepresentation(SURFACE)
    if surface is None:  # its logic registers what makes surfaces
        raise EngineError(_("No surface could be made; Slicer's Segmentations module is not loaded."))
    if surface.GetNumberOfPoints():
        normals = vtk.vtkPolyDataNormals()  # surface nets have none, and would look faceted
        normals.SetInputData(surface)
        normals.ConsistencyOff()  # they are; to "mend" it turns parts inside out where faces touch
        normals.SplittingOff()
        normals.Update()
        surface.GetPointData().SetNormals(normals.GetOutput().GetPointData().GetNormals())


def checkVoxels(node) -> None:
    """Raise EngineError when a segmentation consists of surfaces or contours, which hold no voxels."""
    source = node.GetSegmentation().GetSourceRepresentationName()
    if source != LABELMAP:
        raise EngineError(
            _(
                "{name} is kept as '{representation}' and cannot take voxels; choose another segmentation or a new one."
            ).format(name=node.GetName(), representation=source)
        )


def putSegments(node, segments: Sequence, remove: Sequence[str]) -> None:
    """Replace segments by new ones, whose names become their identifiers, before all that stay.

    Where those that stay have no surfaces, the new ones show none either, until the user turns 3D on.
    """
    segmentation = node.GetSegmentation()
    for name in remove:
        if segmentation.GetSegment(name):
            segmentation.RemoveSegment(name)
    following = segmentation.GetNthSegmentID(0) if segmentation.GetNumberOfSegments() else ""
    for segment in segments:
        segmentation.AddSegment(segment, segment.GetName(), following)


def displaySegments(node) -> None:
    """Outlines with a light fill in slices, surfaces in 3D, the outer ones translucent."""
    display = node.GetDisplayNode()
    for name, opacity in OPACITY_3D.items():
        if node.GetSegmentation().GetSegment(name):
            display.SetSegmentOpacity2DFill(name, FILL_2D)
            display.SetSegmentOpacity3D(name, opacity)
