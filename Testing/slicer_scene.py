"""A real MRML scene from the slicer-core wheel, without Qt."""

from __future__ import annotations

from pathlib import Path

import slicer


def new_scene():
    """A scene with the application logic and the logic that segmentations need."""
    scene = slicer.vtkMRMLScene()
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    segmentations = slicer.vtkSlicerSegmentationsModuleLogic()
    segmentations.SetMRMLScene(scene)
    segmentations.SetMRMLApplicationLogic(application)
    application.SetModuleLogic("Segmentations", segmentations)
    scene.keep = (application, segmentations)  # they die with the scene, not before
    return scene


def load_volume(scene, path: Path, name: str):
    """A scalar volume node from a file, read by Slicer's own storage node."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    storage = slicer.vtkMRMLVolumeArchetypeStorageNode()
    storage.SetFileName(str(path))
    assert storage.ReadData(node)
    return node
