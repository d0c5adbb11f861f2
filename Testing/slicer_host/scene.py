"""A fresh MRML scene with the logics that modules ask for."""

from __future__ import annotations

import slicer
import slicer_core.vtkITK
import slicer_core.vtkSegmentationCore
import vtk

_LOGICS = {
    "Volumes": "vtkSlicerVolumesLogic",
    "Segmentations": "vtkSlicerSegmentationsModuleLogic",
    "SubjectHierarchy": "vtkSlicerSubjectHierarchyModuleLogic",
    "Plots": "vtkSlicerPlotsLogic",
}

_TOLD_WHILE_DYING = (
    vtk.vtkCommand.ModifiedEvent,
    slicer.vtkMRMLNode.ReferenceAddedEvent,
    slicer.vtkMRMLNode.ReferenceModifiedEvent,
    slicer.vtkMRMLNode.ReferenceRemovedEvent,
    slicer.vtkMRMLVolumeNode.ImageDataModifiedEvent,
    slicer.vtkMRMLTransformableNode.TransformModifiedEvent,
    slicer.vtkMRMLDisplayableNode.DisplayModifiedEvent,
)


def newScene():
    """The scene, its application logic and the modules' logics by name."""
    scene = slicer.vtkMRMLScene()
    crosshair = slicer.vtkMRMLCrosshairNode()
    crosshair.SetCrosshairName("default")
    scene.AddNode(crosshair)
    application = slicer.vtkSlicerApplicationLogic()
    application.SetMRMLScene(scene)
    colors = application.GetColorLogic()
    colors.SetMRMLScene(scene)
    colors.AddDefaultColorNodes()
    application.SetSliceLogics(vtk.vtkCollection())
    application.SetViewLogics(vtk.vtkCollection())
    application.SetModuleLogic("Colors", colors)  # else the volumes logic complains
    logics = {"Colors": colors}
    for name, className in _LOGICS.items():
        logic = getattr(slicer, className)()
        logic.SetMRMLScene(scene)
        logic.SetMRMLApplicationLogic(application)
        application.SetModuleLogic(name, logic)
        logics[name] = logic
    return scene, application, logics


def closeScene(scene) -> None:
    """Empty a scene for good.

    Python's garbage collector must not meet observers: a node tells of changes while it dies, and VTK would call
    functions that are cleared already. Observers of DeleteEvent stay: MRML itself relies on them.
    """
    nodes = [scene.GetNthNode(i) for i in range(scene.GetNumberOfNodes())]
    scene.Clear(1)
    for node in nodes:
        for event in _TOLD_WHILE_DYING:
            node.RemoveObservers(event)
    for event in (scene.NodeAddedEvent, scene.NodeRemovedEvent, scene.StartCloseEvent, scene.EndCloseEvent):
        scene.RemoveObservers(event)


def addLayout(scene):
    """The layout node with the logic that makes view nodes as an arrangement asks; its windows are not made here.

    Returns the logic, which lives as long as something keeps it.
    """
    logic = slicer.vtkMRMLLayoutLogic()
    logic.SetMRMLScene(scene)
    logic.GetLayoutNode().SetViewArrangement(slicer.vtkMRMLLayoutNode.SlicerLayoutConventionalView)
    return logic


def addSliceViews(scene) -> None:
    """What the layout would make: one composite node per slice view, so that chosen layers can be read."""
    for name in ("Red", "Yellow", "Green"):
        composite = slicer.vtkMRMLSliceCompositeNode()
        composite.SetLayoutName(name)
        composite.SetSingletonTag(name)
        scene.AddNode(composite)


EXTRA_MODULES = {
    "vtkITK": slicer_core.vtkITK,
    "vtkSegmentationCorePython": slicer_core.vtkSegmentationCore,
}
