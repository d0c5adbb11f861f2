"""Volume nodes to files for the engine, with their place in the world."""

from __future__ import annotations

from pathlib import Path

import SimpleITK as sitk
import slicer
import vtk

from .Engine import EngineError


def worldMatrix(volumeNode) -> vtk.vtkMatrix4x4:
    """Voxel index to RAS world of a volume node, its linear parent transforms included.

    Raises:
        EngineError: A parent transform is not linear.
    """
    ijkToWorld = vtk.vtkMatrix4x4()
    volumeNode.GetIJKToRASMatrix(ijkToWorld)
    parent = volumeNode.GetParentTransformNode()
    if parent is not None:
        if not parent.IsTransformToWorldLinear():
            raise EngineError(
                f"{volumeNode.GetName()} lies under the deformation {parent.GetName()}; "
                "harden the transform on it first (Data module, 'Harden transform')."
            )
        toWorld = vtk.vtkMatrix4x4()
        parent.GetMatrixTransformToWorld(toWorld)
        vtk.vtkMatrix4x4.Multiply4x4(toWorld, ijkToWorld, ijkToWorld)
    return ijkToWorld


def writeVolume(volumeNode, path: Path) -> None:
    """Write a scalar volume as uncompressed NRRD in world coordinates; the node stays as it is.

    NRRD keeps any affine, also a sheared one, which NIfTI written by Slicer does not.

    Raises:
        EngineError: No scalar volume with an image, an image of several components, a
            deformation above it, or the disk refuses.
    """
    image = volumeNode.GetImageData() if volumeNode is not None else None
    if image is None:
        name = volumeNode.GetName() if volumeNode is not None else "A selected volume"
        raise EngineError(f"{name} holds no image; load the series again.")
    if image.GetNumberOfScalarComponents() != 1:
        raise EngineError(f"{volumeNode.GetName()} holds colours or vectors; choose a greyscale volume.")
    carrier = slicer.vtkMRMLScalarVolumeNode()
    carrier.SetAndObserveImageData(image)
    carrier.SetIJKToRASMatrix(worldMatrix(volumeNode))
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(path))
    storage.SetUseCompression(0)
    if not storage.WriteData(carrier):
        raise EngineError(f"{volumeNode.GetName()} could not be written to {path.parent}; free some disk space.")


def readLabels(path: Path):
    """The engine's label map as an array ``(k, j, i)``, in the order of the volume that was written.

    SimpleITK keeps the stored order; Slicer's own reader turns a left-handed grid into a
    right-handed one, and the labels would lie mirrored on the volume.

    Raises:
        EngineError: The file cannot be read.
    """
    try:
        return sitk.GetArrayFromImage(sitk.ReadImage(str(path)))
    except RuntimeError:
        raise EngineError("The engine's result could not be read; try again.") from None
