"""The core IO manager: files in and out through MRML storage nodes, for `slicer.util.loadVolume` and its kin."""

from __future__ import annotations

from pathlib import Path

import slicer
from PySide6 import QtCore

from slicer_host.wrapping import invokable, wrap

_ENDINGS = (".seg.nrrd", ".nii.gz", ".nrrd", ".nhdr", ".nii", ".mha", ".mhd")


class qSlicerCoreIOManager(QtCore.QObject):
    """Volumes and segmentations; other file types are refused."""

    @invokable
    def fileType(self, fileName: str) -> str:
        if fileName.endswith(".seg.nrrd"):
            return "SegmentationFile"
        return "VolumeFile" if fileName.endswith(_ENDINGS) else ""

    @invokable
    def fileWriterFileType(self, node) -> str:
        return {"vtkMRMLSegmentationNode": "SegmentationFile"}.get(node.GetClassName(), "VolumeFile")

    @invokable
    def loadNodes(self, fileType: str, properties: dict, loaded, messages) -> bool:
        kinds = {"VolumeFile": _volume, "SegmentationFile": _segmentation}
        path = str(properties["fileName"])
        if fileType not in kinds or not Path(path).is_file():
            return False
        node, storage = kinds[fileType](path, properties)
        name = properties.get("name") or baseName(path)
        node.SetName(slicer.mrmlScene.GenerateUniqueName(name))
        slicer.mrmlScene.AddNode(storage)
        slicer.mrmlScene.AddNode(node)
        storage.SetFileName(path)
        if not storage.ReadData(node):
            slicer.mrmlScene.RemoveNode(node)
            slicer.mrmlScene.RemoveNode(storage)
            return False
        node.SetAndObserveStorageNodeID(storage.GetID())
        node.CreateDefaultDisplayNodes()
        loaded.AddItem(node)
        return True

    @invokable
    def saveNodes(self, fileType: str, properties: dict, messages) -> bool:
        node = slicer.mrmlScene.GetNodeByID(properties["nodeID"])
        if not node.GetStorageNode():
            node.AddDefaultStorageNode()
        node.GetStorageNode().SetFileName(str(properties["fileName"]))
        return bool(node.GetStorageNode().WriteData(node))


def baseName(path: str) -> str:
    """The file's name without its ending, as Slicer names a loaded node."""
    name = Path(path).name
    ending = next((e for e in _ENDINGS if name.endswith(e)), Path(name).suffix)
    return name[: len(name) - len(ending)]


def _volume(path: str, properties: dict):
    kind = "vtkMRMLLabelMapVolumeNode" if properties.get("labelmap") else "vtkMRMLScalarVolumeNode"
    return getattr(slicer, kind)(), slicer.vtkMRMLVolumeArchetypeStorageNode()


def _segmentation(path: str, properties: dict):
    return slicer.vtkMRMLSegmentationNode(), slicer.vtkMRMLSegmentationStorageNode()


def ioManager():
    return wrap(qSlicerCoreIOManager())
