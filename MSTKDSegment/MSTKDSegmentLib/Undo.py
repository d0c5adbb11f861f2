"""Slicer's undo for segmentations."""

from __future__ import annotations

import vtk


def saveForUndo(scene, segmentationNode=None) -> None:
    """Remember the scene before a change, where undo is on in it.

    Args:
        segmentationNode: The node that will change; None before nodes are added.
    """
    if segmentationNode is None:
        scene.SaveStateForUndo()
        return
    nodes = vtk.vtkCollection()
    for node in (segmentationNode, segmentationNode.GetDisplayNode()):
        if node is not None:
            node.SetUndoEnabled(True)
            nodes.AddItem(node)
    scene.SaveStateForUndo(nodes)
