"""A small scene with a volume, a tumour on it, and what the engine would say of it."""

from __future__ import annotations

import numpy as np
import slicer
import vtk
from MSTKDSegmentLib.Regions import importSteps
from vtk.util import numpy_support

from mstkd.regions import segment_descriptions

SHAPE = (10, 12, 14)
"""``(k, j, i)``"""
TISSUES = [
    {"name": "NETC", "labels": [1], "colour": (0.2, 0.4, 0.9), "code": ("6574001", "Necrosis")},
    {"name": "SNFH", "labels": [2], "colour": (0.9, 0.8, 0.3), "code": ("79654002", "Edema")},
    {"name": "ET", "labels": [3], "colour": (0.55, 0.25, 0.85), "code": ("86049000", "Neoplasm, Primary")},
]
ANSWER = {
    "event": "done",
    "summary": {"missing": ["T1"], "warnings": ["Ein Wort; 'quoted', \"zitiert\": 50 %"], "measurements": {}},
    "segments": segment_descriptions(),
    "tissues": TISSUES,
}


def add_volume(scene, name="T1Gd", shape=SHAPE, matrix=None, class_name="vtkMRMLScalarVolumeNode"):
    """A volume of zeros; oblique, left-handed and anisotropic unless a matrix is given."""
    image = vtk.vtkImageData()
    image.SetDimensions(*shape[::-1])
    image.AllocateScalars(vtk.VTK_SHORT, 1)
    image.GetPointData().GetScalars().Fill(0)
    if matrix is None:
        turn = vtk.vtkTransform()
        turn.Translate(-20, 30, 5)
        turn.RotateX(20)
        turn.RotateZ(-35)
        turn.Scale(-1, 1.5, 2)
        matrix = turn.GetMatrix()
    node = scene.AddNewNodeByClass(class_name, name)
    node.SetAndObserveImageData(image)
    node.SetIJKToRASMatrix(matrix)
    return node


def tumour(shape=SHAPE) -> np.ndarray:
    """A label map: ET around NETC, inside SNFH."""
    labels = np.zeros(shape, np.uint8)
    labels[2:8, 2:10, 3:11] = 2
    labels[3:7, 3:8, 4:9] = 3
    labels[4:6, 4:7, 5:8] = 1
    return labels


def finish(steps):
    """The value that the steps return."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def add_segmentation(volume, labels=None, output=None):
    return finish(importSteps(volume, tumour() if labels is None else labels, ANSWER, output))


def names(node) -> list[str]:
    segmentation = node.GetSegmentation()
    return [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]


def segment_array(node, name, volume) -> np.ndarray:
    """A segment on the volume's voxels, ``(k, j, i)`` bool, read through Slicer's own resampling."""
    image = slicer.vtkOrientedImageData()
    assert node.GetBinaryLabelmapRepresentation(name, image)
    reference = slicer.vtkSlicerSegmentationsModuleLogic.CreateOrientedImageDataFromVolumeNode(volume)
    moved = slicer.vtkOrientedImageData()
    if image.IsEmpty():
        return np.zeros(volume.GetImageData().GetDimensions()[::-1], bool)
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(image, reference, moved)
    i, j, k = moved.GetDimensions()
    return numpy_support.vtk_to_numpy(moved.GetPointData().GetScalars()).reshape(k, j, i) > 0


def labels_of(node, volume) -> np.ndarray:
    """The label map that the tissues of a node make up."""
    out = np.zeros(volume.GetImageData().GetDimensions()[::-1], np.uint8)
    for description in TISSUES:
        mask = segment_array(node, description["name"], volume)
        assert not out[mask].any(), "tissues are disjoint"
        out[mask] = description["labels"][0]
    return out


def saved_and_loaded(scene, folder, new_scene):
    """The scene as it is after saving to a folder and loading it, with Slicer's own storage nodes."""
    for index in range(scene.GetNumberOfNodesByClass("vtkMRMLStorableNode")):
        node = scene.GetNthNodeByClass(index, "vtkMRMLStorableNode")
        if node.IsA("vtkMRMLSegmentationNode") or node.IsA("vtkMRMLVolumeNode"):
            node.AddDefaultStorageNode()
            suffix = ".seg.nrrd" if node.IsA("vtkMRMLSegmentationNode") else ".nrrd"
            node.GetStorageNode().SetFileName(str(folder / f"{node.GetID()}{suffix}"))
            assert node.GetStorageNode().WriteData(node)
    scene.SetRootDirectory(str(folder))
    scene.SetURL(str(folder / "scene.mrml"))
    assert scene.Commit()
    loaded = new_scene()
    loaded.SetURL(str(folder / "scene.mrml"))
    assert loaded.Connect()
    return loaded
