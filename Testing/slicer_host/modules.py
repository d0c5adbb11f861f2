"""`slicer.modules`: module objects, and loading and closing of scripted ones."""

from __future__ import annotations

import importlib.util
import sys
import types
from pathlib import Path

import slicer
from PySide6 import QtCore, QtGui, QtWidgets
from shiboken6 import Shiboken

from slicer_host.mrml_widgets import qSlicerScriptedLoadableModuleWidget
from slicer_host.wrapping import invokable, wrap, wrapperClass


def kept(kind, name: str):
    return QtCore.Property(
        kind,
        lambda self: getattr(self, name),
        lambda self, value: setattr(self, name, list(value) if kind == "QStringList" else value),
    )


class qSlicerScriptedLoadableModule(QtCore.QObject):
    """The C++ side of a scripted module: the `parent` of its Python class."""

    def __init__(self, name: str, path: str):
        super().__init__()
        self._name, self._path = name, path
        self._title, self._help, self._thanks = name, "", ""
        self._categories, self._dependencies, self._people, self._types = [], [], [], []
        self._icon, self._hidden, self._index = QtGui.QIcon(), False, -1
        self.widget: qSlicerScriptedLoadableModuleWidget | None = None
        self.python: object = None

    name = QtCore.Property(str, lambda self: self._name)
    path = QtCore.Property(str, lambda self: self._path)
    title = kept(str, "_title")
    helpText = kept(str, "_help")
    acknowledgementText = kept(str, "_thanks")
    categories = kept("QStringList", "_categories")
    dependencies = kept("QStringList", "_dependencies")
    contributors = kept("QStringList", "_people")
    associatedNodeTypes = kept("QStringList", "_types")
    icon = kept(QtGui.QIcon, "_icon")
    hidden = kept(bool, "_hidden")
    index = kept(int, "_index")

    @invokable
    def widgetRepresentation(self):
        if self.widget is None or not Shiboken.isValid(self.widget):
            self.widget = self.createNewWidgetRepresentation()
        return self.widget

    @invokable
    def createNewWidgetRepresentation(self):
        """A parent with layout and scene, the Python widget in it, `setup()` called: the order of the application."""
        parent = qSlicerScriptedLoadableModuleWidget()
        parent.module = self._name
        parent.setLayout(QtWidgets.QVBoxLayout())
        parent.setMRMLScene(slicer.mrmlScene)
        parent.build()
        return parent

    @invokable
    def logic(self):
        """A C++ stub in Slicer, never the Python logic: use `slicer.util.getModuleLogic`."""
        return slicer.vtkSlicerScriptedLoadableModuleLogic()


class BuiltInModule:
    """A module of Slicer that only has its logic here."""

    def __init__(self, name: str, logic):
        self.name, self._logic = name, logic

    def logic(self):
        return self._logic

    def widgetRepresentation(self):
        return None


def importModule(name: str, path: Path, manager) -> qSlicerScriptedLoadableModule:
    """Load the module's file afresh and make its Python class, as at start-up."""
    folder = str(path.parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    python = importlib.util.module_from_spec(spec)
    sys.modules[name] = python
    spec.loader.exec_module(python)
    module = qSlicerScriptedLoadableModule(name, str(path))
    module.python = getattr(python, name)(wrap(module))
    manager.loaded[name] = wrap(module)
    module.__dict__["_kept"] = manager.loaded[name]
    setattr(slicer.modules, name.lower(), manager.loaded[name])
    setattr(slicer.modules, f"{name}Instance", module.python)
    return module


def forget(name: str, manager) -> None:
    """Take the module out of `slicer.modules`."""
    manager.loaded.pop(name, None)
    for attribute in (name.lower(), f"{name}Instance", f"{name}Widget"):
        slicer.modules.__dict__.pop(attribute, None)


def install() -> None:
    slicer.modules = types.SimpleNamespace()
    slicer.qSlicerScriptedLoadableModule = wrapperClass(qSlicerScriptedLoadableModule)


def setBuiltIn(logics: dict[str, object], manager) -> None:
    """The logics of the present scene behind `slicer.modules.volumes` and the like."""
    for name, logic in logics.items():
        module = BuiltInModule(name, logic)
        manager.loaded[name] = module
        setattr(slicer.modules, name.lower(), module)
