"""Panels from .ui files, with Slicer's own widgets and the connections between them."""

from __future__ import annotations

import sys
from xml.etree import ElementTree

from PySide6 import QtCore, QtUiTools, QtWidgets

from slicer_host.properties import enrichToolTip
from slicer_host.wrapping import findMember, invokable, wrap

ownWidgets: dict[str, type] = {}  # filled by ctk_widgets and mrml_widgets


class _Loader(QtUiTools.QUiLoader):
    def createWidget(self, className, parent=None, name=""):
        if className in ownWidgets:
            widget = ownWidgets[className](parent)
            widget.setObjectName(name)
            return widget
        if className.startswith(("ctk", "qMRML", "qSlicer")):
            raise RuntimeError(f"the test host has no {className}; add it to ctk_widgets.py or mrml_widgets.py")
        return super().createWidget(className, parent, name)


class QUiLoader(QtCore.QObject):
    """Qt's loader as Slicer's Python sees it."""

    @invokable
    def load(self, device, parent=None):
        """The top widget of the form, or None when the file is not one."""
        try:
            form = ElementTree.fromstring(bytes(device.readAll().data()))
        except ElementTree.ParseError:
            return None
        connections, flags = _takeSlicerConnections(form), _takeFlags(form)
        buffer = QtCore.QBuffer()
        buffer.setData(ElementTree.tostring(form))
        buffer.open(QtCore.QIODevice.OpenModeFlag.ReadOnly)
        top = _Loader().load(buffer, parent)
        if top is None:
            return None
        children = [top, *top.findChildren(QtCore.QObject)]
        top.__dict__["_children"] = children  # so that what Python knows of them is kept
        for child in children:
            enrichToolTip(child)
            for name, value in flags.get(child.objectName(), {}).items():
                child.setProperty(name, value)
        _connect(top, connections)
        return top


def _takeSlicerConnections(form) -> list[dict[str, str]]:
    """Remove the connections that pass MRML objects, which only our own widgets know, from the form."""
    found = []
    for group in form.iter("connections"):
        for connection in list(group):
            parts = {part.tag: part.text or "" for part in connection if part.text}
            if "vtkMRML" in parts.get("signal", "") + parts.get("slot", ""):
                found.append(parts)
                group.remove(connection)
    return found


def _takeFlags(form) -> dict[str, dict[str, int]]:
    """Remove the properties of our own widgets that are sets of enum values, which PySide6 cannot declare."""
    found: dict[str, dict[str, int]] = {}
    for widget in form.iter("widget"):
        kind = ownWidgets.get(widget.get("class"))
        flags = [p for p in widget.findall("property") if p.find("set") is not None] if kind else []
        for given in flags:
            names = [text.split("::")[-1] for text in given.findtext("set").split("|")]
            value = sum(findMember(kind, name).value for name in names)
            found.setdefault(widget.get("name"), {})[given.get("name")] = value
            widget.remove(given)
    return found


def _connect(top, connections) -> None:
    def named(name):
        return wrap(top if top.objectName() == name else top.findChild(QtWidgets.QWidget, name))

    for parts in connections:
        sender, receiver = named(parts["sender"]), named(parts["receiver"])
        if not (sender and receiver and sender.connect(parts["signal"], receiver, parts["slot"])):
            print(f"QUiLoader: could not connect {parts}", file=sys.stderr)
