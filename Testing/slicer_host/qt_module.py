"""The module `qt`: every class of Qt in one flat namespace, wrapped."""

from __future__ import annotations

import sys
import types

from PySide6 import QtCore, QtGui, QtNetwork, QtWidgets
from shiboken6 import Shiboken

from slicer_host import signals
from slicer_host.conversion import matched
from slicer_host.properties import enrichToolTip
from slicer_host.ui_loader import QUiLoader
from slicer_host.wrapping import WrapperType, alive, extend, findMember, unwrap, wrap, wrapperClass


class QtModule(types.ModuleType):
    """Looks classes up when they are first asked for."""

    def __getattr__(self, name):
        for library in (QtCore, QtGui, QtWidgets, QtNetwork):
            kind = vars(library).get(name) or getattr(library, name, None)
            if isinstance(kind, type) and issubclass(kind, Shiboken.Object):
                return self._keep(name, wrapperClass(kind))
            if name == "Qt" and kind is not None:
                return self._keep(name, WrapperType("Qt", (), {"_cppClass": kind}))
        raise AttributeError(f"module 'qt' has no attribute '{name}'")

    def _keep(self, name, kind):
        setattr(self, name, kind)
        return kind


def singleShot(milliseconds, slot) -> None:
    """Slicer's own Python function: the slot is called once, later."""
    if not callable(slot):
        raise ValueError("Called QTimer.singleShot with wrong arguments")
    QtCore.QTimer.singleShot(int(milliseconds), signals.guarded(slot, wrap))


def _findChildren(this, kind=None, name="") -> list:
    """Descendants by class name (or wrapper class) and object name, as PythonQt's own findChildren."""
    className = kind if isinstance(kind, str) else kind._cppClass.__name__ if kind else "QObject"
    cpp = alive(this)
    found = cpp.findChildren(QtCore.QObject)
    return [wrap(c) for c in found if c.inherits(className) and name in ("", c.objectName())]


def _setToolTip(this, text) -> None:
    widget = alive(this)
    function = findMember(type(widget), "setToolTip")
    function(widget, *matched(widget.setToolTip, [unwrap(text)], "QWidget.setToolTip"))
    enrichToolTip(widget)


def install() -> types.ModuleType:
    """Put the module into sys.modules."""
    extend("QTimer", singleShot=staticmethod(singleShot))
    extend("QWidget", setToolTip=_setToolTip)
    extend(
        "QObject",
        findChildren=lambda this, kind=None, name="": tuple(_findChildren(this, kind, name)),
        findChild=lambda this, kind=None, name="": next(iter(_findChildren(this, kind, name)), None),
    )
    module = QtModule("qt")
    module.QUiLoader = wrapperClass(QUiLoader)
    sys.modules["qt"] = module
    return module
