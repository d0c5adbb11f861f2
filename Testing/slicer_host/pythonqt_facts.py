"""What the classes of Qt, CTK and MRML widgets declare: properties, signals and methods, for the static check."""

from __future__ import annotations

import datetime
import functools
import pathlib
import re
import threading
from xml.etree import ElementTree

from PySide6 import QtCore, QtGui, QtNetwork, QtWidgets
from shiboken6 import Shiboken

from slicer_host import ctk_widgets, mrml_widgets, signals
from slicer_host.wrapping import findMember

HIDDEN = {"sceneModel", "setMRMLSceneModel"}  # other C++ methods of qMRML widgets that people try
_PYTHON = (str, bytes, list, dict, set, tuple, int, float, pathlib.Path, re.Match, datetime.datetime, threading.Thread)


@functools.cache
def classes() -> dict[str, type]:
    """Every Qt class and every widget of ours, by name."""
    found = {}
    for library in (QtCore, QtGui, QtWidgets, QtNetwork):
        members = {name: getattr(library, name) for name in dir(library)}  # some are only made when asked for
        found.update({n: k for n, k in members.items() if isinstance(k, type) and issubclass(k, Shiboken.Object)})
    for library in (ctk_widgets, mrml_widgets):
        own = {n: k for n, k in vars(library).items() if isinstance(k, type) and n.startswith(("ctk", "qMRML"))}
        found.update(own)
    return found


@functools.cache
def properties(name: str) -> frozenset[str]:
    """The Qt properties of a class."""
    meta = getattr(classes().get(name), "staticMetaObject", None)
    return frozenset(meta.property(i).name() for i in range(meta.propertyCount())) if meta else frozenset()


@functools.cache
def signalSignatures(name: str) -> frozenset[str]:
    """The signals of a class with their arguments."""
    kind = classes()[name]
    meta = getattr(kind, "staticMetaObject", None)
    if meta is None:
        return frozenset()
    methods = [meta.method(i) for i in range(meta.methodCount())]
    texts = [bytes(m.methodSignature().data()).decode() for m in methods if m.methodType() == m.MethodType.Signal]
    own = [s for k in kind.__mro__ for s in vars(k).get("SIGNALS", {})]
    return frozenset([*own, *(t for t in texts if signals.isSlicers(t))])


def isMethod(name: str, member: str) -> bool:
    """Whether the class has the name as something to call."""
    try:
        return callable(findMember(classes()[name], member)) and member not in properties(name)
    except AttributeError:
        return False


def hasMember(name: str, member: str) -> bool:
    """Whether an object of the class has the name at all."""
    known = member in {"name", "connect", "disconnect", "className", "delete", "exec_", "findChild", "findChildren"}
    signal = any(s.split("(")[0] == member for s in signalSignatures(name))
    if known or signal or member in properties(name):
        return True
    try:
        findMember(classes()[name], member)
    except AttributeError:
        return False
    return True


@functools.cache
def everySignal() -> frozenset[str]:
    others = {"startupCompleted()", "mrmlSceneChanged(vtkMRMLScene*)", "moduleAboutToBeUnloaded(QString)"}
    return frozenset(others.union(*(signalSignatures(name) for name in classes())))


@functools.cache
def everyProperty() -> frozenset[str]:
    return frozenset().union(*(properties(name) for name in classes()))


@functools.cache
def onlyProperties() -> frozenset[str]:
    """Names that are a property of some class and nowhere something to call: calling them is always wrong."""
    python = {name for kind in _PYTHON for name in dir(kind)}
    return frozenset(p for p in everyProperty() - python if not any(isMethod(name, p) for name in classes()))


@functools.cache
def missingSetters() -> frozenset[str]:
    """C++ setters of ctk and qMRML properties that PythonQt does not show, and that no other class has."""
    own = [name for name in classes() if name.startswith(("ctk", "qMRML"))]
    inherited = properties("QAbstractButton") | properties("QTextBrowser") | properties("QMessageBox")
    declared = {p for name in own for p in properties(name) - inherited}
    names = {f"set{p[0].upper()}{p[1:]}" for p in declared}
    return frozenset(s for s in names if not any(hasMember(other, s) for other in classes())) | HIDDEN


def formClasses(folder: pathlib.Path) -> dict[str, str]:
    """The class of each named widget in the module's .ui files; "" where two files disagree."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*.ui")):
        for widget in ElementTree.parse(path).getroot().iter("widget"):
            name, kind = widget.get("name"), widget.get("class")
            found[name] = kind if found.get(name, kind) == kind else ""
    return found
