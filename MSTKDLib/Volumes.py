"""Volume nodes to files for the engine, with their place in the world."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import slicer
import vtk

from .Engine import EngineError
from .Translation import _

UNCERTAINTY = "MSTKDSegment.Uncertainty"
"""The attribute that marks a volume as a result's uncertainty."""

_WIDER = {
    vtk.VTK_SIGNED_CHAR: vtk.VTK_SHORT,
    **dict.fromkeys(
        (vtk.VTK_LONG, vtk.VTK_UNSIGNED_LONG, vtk.VTK_LONG_LONG, vtk.VTK_UNSIGNED_LONG_LONG), vtk.VTK_DOUBLE
    ),
}
"""Types of arrays, as NumPy gives them, that Slicer writes on some systems only or not at all, and what holds them."""


def isUncertainty(volumeNode) -> bool:
    """Whether a volume is an uncertainty, not an image of a patient."""
    return volumeNode.GetAttribute(UNCERTAINTY) is not None


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
                _(
                    "{name} lies under the deformation {transform}; "
                    "harden the transform on it first (Data module, 'Harden transform')."
                ).format(name=volumeNode.GetName(), transform=parent.GetName())
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
        name = volumeNode.GetName() if volumeNode is not None else _("A selected volume")
        raise EngineError(_("{name} holds no image; load the series again.").format(name=name))
    if image.GetNumberOfScalarComponents() != 1:
        name = volumeNode.GetName()
        raise EngineError(_("{name} holds colours or vectors; choose a greyscale volume.").format(name=name))
    carrier = slicer.vtkMRMLScalarVolumeNode()
    carrier.SetAndObserveImageData(_writable(image))
    carrier.SetIJKToRASMatrix(worldMatrix(volumeNode))
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(path))
    storage.SetUseCompression(0)
    if not storage.WriteData(carrier):
        raise EngineError(
            _("{name} could not be written to {folder}; free some disk space.").format(
                name=volumeNode.GetName(), folder=path.parent
            )
        )


def _writable(image):
    """The image in a type that Slicer's writer knows."""
    wider = _WIDER.get(image.GetScalarType())
    if wider is None:
        return image
    cast = vtk.vtkImageCast()
    cast.SetInputData(image)
    cast.SetOutputScalarType(wider)
    cast.Update()
    return cast.GetOutput()


def prepareReading() -> None:
    """Import what `readImage` needs, about 80 ms the first time, so that no run is held up by it."""
    import SimpleITK  # noqa: F401  loaded, not used here


def readImage(path: Path) -> np.ndarray:
    """An image of the engine's as an array ``(k, j, i)``, in the order of the volume that was written.

    Raises:
        EngineError: The file cannot be read.
    """
    return readPlaced(path)[0]


def readPlaced(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """An image of the engine's as an array ``(k, j, i)`` and its voxel index to RAS world, ``(4, 4)``.

    SimpleITK keeps the stored order; Slicer's own reader turns a left-handed grid into a
    right-handed one, and the labels would lie mirrored on the volume.

    Raises:
        EngineError: The file cannot be read.
    """
    import SimpleITK as sitk

    try:
        image = sitk.ReadImage(str(path))
    except RuntimeError:
        raise EngineError(_("The engine's result could not be read; try again.")) from None
    ijkToLPS = np.eye(4)
    ijkToLPS[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    ijkToLPS[:3, 3] = image.GetOrigin()
    return sitk.GetArrayFromImage(image), np.diag([-1.0, -1.0, 1.0, 1.0]) @ ijkToLPS
