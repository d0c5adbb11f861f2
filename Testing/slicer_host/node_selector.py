"""The node selector on a real scene."""

from __future__ import annotations

import weakref
from typing import ClassVar

import slicer
import vtk
from PySide6 import QtCore, QtWidgets
from shiboken6 import Shiboken

from slicer_host.wrapping import invokable


def field(kind, name: str):
    """A Qt property kept in the attribute `name`; the list of nodes follows its change."""

    def write(self, value):
        setattr(self, name, list(value) if kind == "QStringList" else value)
        self.refresh()

    return QtCore.Property(kind, lambda self: getattr(self, name), write)


def unobserve(observed: list, subject=None) -> None:
    """Remove the observers of one subject, or of all."""
    for entry in list(observed):
        if subject in (None, entry[0]):
            entry[0].RemoveObserver(entry[1])
            observed.remove(entry)


class qMRMLNodeComboBox(QtWidgets.QWidget):
    """Chooses a node of the given types; follows nodes that come, go and are renamed, and the scene's closing."""

    SIGNALS: ClassVar = {
        "currentNodeChanged(vtkMRMLNode*)": "nodeSignal",
        "currentNodeChanged(bool)": "isNodeSignal",
        "currentNodeIDChanged(QString)": "idSignal",
        "nodeAdded(vtkMRMLNode*)": "addedSignal",
        "nodeAddedByUser(vtkMRMLNode*)": "addedByUserSignal",
        "nodeActivated(vtkMRMLNode*)": "activatedSignal",
    }
    nodeSignal, addedSignal, addedByUserSignal = (QtCore.Signal(object) for _ in range(3))
    activatedSignal = QtCore.Signal(object)
    isNodeSignal, idSignal = QtCore.Signal(bool), QtCore.Signal(str)

    def __init__(self, parent: QtWidgets.QWidget | None = None):
        super().__init__(parent)
        self._types, self._base, self._noneText = [], "", "None"
        self._none, self._add, self._remove, self._edit, self._rename = False, True, True, False, False
        self._hidden, self._children, self._select = False, True, True
        self._hiddenTypes: list[str] = []
        self._attributes: list[tuple[str, str, str | None]] = []
        self._labels: dict[str, str] = {}
        self._scene, self._id, self._nodes = None, "", []
        observed: list[tuple[object, int]] = []  # never replaced: what is in it is undone when the widget dies
        self._observed = observed
        self.destroyed.connect(lambda: unobserve(observed))
        self._combo = QtWidgets.QComboBox(self)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._combo)
        self._combo.activated.connect(self._chosen)

    nodeTypes = field("QStringList", "_types")
    hideChildNodeTypes = field("QStringList", "_hiddenTypes")
    noneEnabled = field(bool, "_none")
    addEnabled = field(bool, "_add")
    removeEnabled = field(bool, "_remove")
    editEnabled = field(bool, "_edit")
    renameEnabled = field(bool, "_rename")
    showHidden = field(bool, "_hidden")
    showChildNodeTypes = field(bool, "_children")
    selectNodeUponCreation = field(bool, "_select")
    baseName = field(str, "_base")
    noneDisplay = field(str, "_noneText")
    currentNodeID = QtCore.Property(str, lambda self: self._id, lambda self, nodeID: self._choose(nodeID))

    # What PythonQt can call

    @invokable
    def mrmlScene(self):
        return self._scene

    @invokable
    def setMRMLScene(self, scene: slicer.vtkMRMLScene | None) -> None:
        if scene is self._scene:
            return
        unobserve(self._observed)
        self._scene = scene
        if scene is not None:
            for event in (scene.NodeAddedEvent, scene.EndBatchProcessEvent):
                self._observe(scene, event)
            self._observeLeaving(scene)
            for event in (scene.EndCloseEvent, scene.EndImportEvent, scene.EndRestoreEvent):
                self._observe(scene, event)
        self.refresh()

    @invokable
    def currentNode(self):
        return self._scene.GetNodeByID(self._id) if self._scene and self._id else None

    @invokable
    def setCurrentNode(self, node: slicer.vtkMRMLNode | str | None) -> None:
        self._choose(node if isinstance(node, str) else node.GetID() if node else "")

    @invokable
    def setCurrentNodeID(self, nodeID: str) -> None:
        self._choose(nodeID)

    @invokable
    def setCurrentNodeIndex(self, index: int) -> None:
        if 0 <= index < len(self._nodes):
            self._choose(self._nodes[index].GetID())

    @invokable
    def nodeCount(self) -> int:
        return len(self._nodes)

    @invokable
    def nodeFromIndex(self, index: int):
        return self._nodes[index] if 0 <= index < len(self._nodes) else None

    @invokable
    def addAttribute(self, nodeType: str, name: str, value: str | None = None) -> None:
        self._attributes.append((nodeType, name, value))
        self.refresh()

    @invokable
    def removeAttribute(self, nodeType: str, name: str) -> None:
        self._attributes = [entry for entry in self._attributes if entry[:2] != (nodeType, name)]
        self.refresh()

    @invokable
    def setNodeTypeLabel(self, label: str, nodeType: str) -> None:
        self._labels[nodeType] = label

    @invokable
    def nodeTypeLabel(self, nodeType: str) -> str:
        return self._labels.get(nodeType, "")

    @invokable
    def addNode(self, nodeType: str = ""):
        """What the user's "Create new ..." does."""
        kind = nodeType or self._types[0]
        node = self._scene.AddNewNodeByClass(kind, self._scene.GenerateUniqueName(self._base or kind[7:]))
        if self._select:
            self._choose(node.GetID())
        self.addedByUserSignal.emit(node)
        return node

    @invokable
    def removeCurrentNode(self) -> None:
        if self.currentNode():
            self._scene.RemoveNode(self.currentNode())

    # How it follows the scene

    def _observe(self, subject, event):
        ours = weakref.ref(self)

        def follow(caller, name):
            widget = ours()
            if widget is not None and Shiboken.isValid(widget):
                widget.follow()

        self._observed.append((subject, subject.AddObserver(event, follow)))

    def _observeLeaving(self, scene):
        """As qMRMLSceneModel, which takes the row out while the node is still in the scene."""
        ours = weakref.ref(self)

        @vtk.calldata_type(vtk.VTK_OBJECT)
        def leave(caller, name, node):
            widget = ours()
            if widget is not None and Shiboken.isValid(widget) and not scene.IsBatchProcessing():
                widget.leave(node)

        self._observed.append((scene, scene.AddObserver(scene.NodeAboutToBeRemovedEvent, leave)))

    def follow(self) -> None:
        if self._scene is not None and not self._scene.IsBatchProcessing():
            self.refresh()

    def leave(self, node) -> None:
        """A row goes: as any QComboBox, it then shows the row that took the chosen one's place, or the last."""
        rows = self._rows()
        if node.GetID() != self._id or node.GetID() not in rows:
            self.refresh(leaving=node)
            return
        place = rows.index(self._id)
        rows.remove(self._id)
        following = rows[min(place, len(rows) - 1)] if rows else ""
        self.refresh(leaving=node, following=following)

    def _rows(self) -> list[str]:
        return ([""] if self._none else []) + [node.GetID() for node in self._nodes]

    def isOfType(self, node) -> bool:
        return any(node.IsA(t) if self._children else node.GetClassName() == t for t in self._types)

    def offers(self, node) -> bool:
        """Whether the node's visibility and attributes are what this selector shows."""
        if node.GetClassName() in self._hiddenTypes or (node.GetHideFromEditors() and not self._hidden):
            return False
        wanted = [(name, value) for kind, name, value in self._attributes if node.IsA(kind)]
        return all(
            node.GetAttribute(name) is not None and value in (None, "", node.GetAttribute(name))
            for name, value in wanted
        )

    def refresh(self, leaving=None, following: str = "") -> None:
        before = list(self._nodes)
        scene = self._scene
        every = [scene.GetNthNode(i) for i in range(scene.GetNumberOfNodes())] if scene else []
        candidates = [node for node in every if node is not leaving and self.isOfType(node)]
        self._nodes = [node for node in candidates if self.offers(node)]
        self._observeNodes(candidates)
        for node in self._nodes:
            if node not in before:
                self.addedSignal.emit(node)
        known = [node.GetID() for node in self._nodes]
        if self._id not in known:
            self._select_id(following or (known[0] if known and not self._none else ""))
        self._draw()

    def _observeNodes(self, candidates) -> None:
        """Hear of new names and attributes of every node that may be offered."""
        known = [subject for subject, _tag in self._observed if subject is not self._scene]
        for node in known:
            if node not in candidates:
                unobserve(self._observed, node)
        for node in candidates:
            if node not in known:
                self._observe(node, vtk.vtkCommand.ModifiedEvent)

    def _choose(self, nodeID: str):
        if nodeID and nodeID not in [node.GetID() for node in self._nodes]:
            nodeID = ""
        if not nodeID and not self._none and self._nodes:
            return
        self._select_id(nodeID)
        self._draw()

    def _select_id(self, nodeID: str):
        if nodeID == self._id:
            return
        self._id = nodeID
        self.nodeSignal.emit(self.currentNode())
        self.isNodeSignal.emit(bool(nodeID))
        self.idSignal.emit(nodeID)

    def _chosen(self, index: int):
        nodeID = self._combo.itemData(index) or ""
        self._choose(nodeID)
        self.activatedSignal.emit(self.currentNode())

    def _draw(self):
        self._combo.clear()
        if self._none or not self._nodes:
            self._combo.addItem(self._noneText if self._none else "", "")
        for node in self._nodes:
            self._combo.addItem(node.GetName() or "", node.GetID())
        self._combo.setCurrentIndex(max(0, self._combo.findData(self._id)))
