"""MRML widgets besides the node selector, and the parent widget of a module's panel."""

from __future__ import annotations

import sys
from typing import ClassVar

import slicer
from PySide6 import QtCore, QtWidgets

from slicer_host.node_selector import qMRMLNodeComboBox
from slicer_host.ui_loader import ownWidgets
from slicer_host.wrapping import invokable, wrap, wrapperClass


class qMRMLWidget(QtWidgets.QWidget):
    """A widget that passes the scene on to whatever is connected to its signal."""

    SIGNALS: ClassVar = {"mrmlSceneChanged(vtkMRMLScene*)": "sceneSignal"}
    sceneSignal = QtCore.Signal(object)

    def __init__(self, parent: QtWidgets.QWidget | None = None):
        super().__init__(parent)
        self._scene = None

    @invokable
    def mrmlScene(self):
        return self._scene

    @invokable
    def setMRMLScene(self, scene: slicer.vtkMRMLScene | None) -> None:
        if scene is not self._scene:
            self._scene = scene
            self.sceneSignal.emit(scene)


class qSlicerScriptedLoadableModuleWidget(qMRMLWidget):
    """The C++ side of a scripted module's panel: the `parent` of the Python widget."""

    def __init__(self, parent: QtWidgets.QWidget | None = None):
        super().__init__(parent)
        self.entered, self.pythonWidget, self.module = False, None, ""

    def build(self) -> None:
        """The Python widget of the module's file as it is loaded now, in this parent."""
        self.pythonWidget = getattr(sys.modules[self.module], f"{self.module}Widget")(wrap(self))
        self.pythonWidget.setup()
        setattr(slicer.modules, f"{self.module}Widget", self.pythonWidget)

    isEntered = QtCore.Property(bool, lambda self: self.entered)
    moduleName = QtCore.Property(str, lambda self: self.module)

    @invokable
    def self(this):
        return this.pythonWidget

    @invokable
    def reload(self) -> None:
        """The last step of `slicer.util.reloadScriptedModule`."""
        self.build()
        if self.entered:
            self.pythonWidget.enter()


class qMRMLSegmentationShow3DButton(QtWidgets.QToolButton):
    """Shows or hides a segmentation's surfaces; disabled while there is nothing to show, as in Slicer."""

    def __init__(self, parent: QtWidgets.QWidget | None = None):
        super().__init__(parent)
        self._node = None
        self.setText("Show 3D")
        self.setCheckable(True)
        self.setEnabled(False)
        self.toggled.connect(self._show)

    def _show(self, shown: bool):
        if self._node and shown:
            self._node.CreateClosedSurfaceRepresentation()
        elif self._node:
            self._node.RemoveClosedSurfaceRepresentation()

    @invokable
    def setSegmentationNode(self, node: slicer.vtkMRMLSegmentationNode | None) -> None:
        self._node = node
        segments = node.GetSegmentation().GetNumberOfSegments() if node else 0
        self.setEnabled(segments > 0)
        self.blockSignals(True)
        self.setChecked(bool(node) and node.GetSegmentation().ContainsRepresentation("Closed surface"))
        self.blockSignals(False)

    @invokable
    def segmentationNode(self):
        return self._node

    @invokable
    def setMRMLScene(self, scene: slicer.vtkMRMLScene | None) -> None:
        """The button needs none, but forms connect it."""


def install() -> None:
    """Put the widgets into the module `slicer`, where Slicer has them."""
    for kind in (
        qMRMLWidget,
        qMRMLNodeComboBox,
        qMRMLSegmentationShow3DButton,
        qSlicerScriptedLoadableModuleWidget,
    ):
        ownWidgets[kind.__name__] = kind
        setattr(slicer, kind.__name__, wrapperClass(kind))
