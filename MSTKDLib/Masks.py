"""Masks as arrays and as oriented images, cropped and on one grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import slicer
import vtk
from vtk.util import numpy_support


def boundingBox(array: np.ndarray) -> tuple[slice, slice, slice] | None:
    """Where an array ``(k, j, i)`` is not zero; None when it is zero everywhere."""
    box: list[slice] = []
    for axis in range(3):  # each pass only sees what the passes before left
        others = tuple(other for other in range(3) if other != axis)
        hits = np.flatnonzero(array[tuple(box)].any(axis=others))
        if not hits.size:
            return None
        box.append(slice(int(hits[0]), int(hits[-1]) + 1))
    return box[0], box[1], box[2]


def orientedImage(mask: np.ndarray, ijkToWorld: vtk.vtkMatrix4x4, first: Sequence[int] = (0, 0, 0)):
    """A mask as oriented image data, cropped to what is set.

    Args:
        mask: ``(k, j, i)`` bool.
        ijkToWorld: Place of the grid that the mask is a part of.
        first: Index ``(k, j, i)`` on that grid of the mask's first voxel.
    """
    image = slicer.vtkOrientedImageData()
    image.SetImageToWorldMatrix(ijkToWorld)
    box = boundingBox(mask)
    if box is None:
        image.SetExtent(0, -1, 0, -1, 0, -1)
        image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
        return image
    k, j, i = ((start + part.start, start + part.stop - 1) for start, part in zip(first, box, strict=True))
    image.SetExtent(*i, *j, *k)
    flat = np.ascontiguousarray(mask[box], dtype=np.uint8).ravel()
    scalars = numpy_support.numpy_to_vtk(flat, deep=True, array_type=vtk.VTK_UNSIGNED_CHAR)
    scalars.SetName("ImageScalars")
    image.GetPointData().SetScalars(scalars)
    return image


def voxels(image) -> np.ndarray:
    """The image's scalars, ``(k, j, i)``."""
    i, j, k = image.GetDimensions()
    return numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(k, j, i)


def segmentsOnOneGrid(node, segmentIDs: Sequence[str]):
    """Segments as masks on one grid that holds them all, at the resolution of the finest.

    The Segment Editor leaves segments with different extents, and on different grids when the
    source volume was changed in between.

    Returns:
        Segment identifier to mask ``(k, j, i)`` bool, all of one shape, zero voxels large when
        nothing is set; the grid's matrix; and the index ``(k, j, i)`` of the first voxel on it.
    """
    segmentation = node.GetSegmentation()
    present = [name for name in segmentIDs if segmentation.GetSegment(name)]
    identifiers = vtk.vtkStringArray()
    for name in present:
        identifiers.InsertNextValue(name)
    grid, matrix = slicer.vtkOrientedImageData(), vtk.vtkMatrix4x4()
    geometry = segmentation.DetermineCommonLabelmapGeometry(
        segmentation.EXTENT_UNION_OF_EFFECTIVE_SEGMENTS, identifiers
    )
    slicer.vtkSegmentationConverter.DeserializeImageGeometry(geometry, grid, False)
    grid.GetImageToWorldMatrix(matrix)
    i0, i1, j0, j1, k0, k1 = grid.GetExtent()
    shape = (max(0, k1 - k0 + 1), max(0, j1 - j0 + 1), max(0, i1 - i0 + 1))
    masks = {name: np.zeros(shape, dtype=bool) for name in segmentIDs}
    for name in present if min(shape) else ():
        image, moved = slicer.vtkOrientedImageData(), slicer.vtkOrientedImageData()
        node.GetBinaryLabelmapRepresentation(name, image)
        if not image.IsEmpty():
            resample = slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage
            resample(image, grid, moved)
            masks[name] = voxels(moved) > 0
    return masks, matrix, (k0, j0, i0)
