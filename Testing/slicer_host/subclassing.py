"""Construction of Qt objects, and virtual functions that a Python subclass overrides."""

from __future__ import annotations

import types

from PySide6 import QtCore

from slicer_host import signals
from slicer_host.conversion import matched
from slicer_host.wrapping import Wrapper, adopt, isOwnClass, unwrap, wrap


def construct(wrapper, arguments: list) -> None:
    """Make the Qt object behind a new wrapper.

    Raises:
        ValueError: no constructor takes these arguments, or the class cannot be constructed.
    """
    cppClass = type(wrapper)._cppClass
    isSubclass = "_cppClass" not in type(wrapper).__dict__
    kind = _shell(type(wrapper), cppClass) if isSubclass else cppClass
    declared = cppClass.__init__ if isOwnClass(cppClass) and "__init__" in vars(cppClass) else _qtBase(cppClass)
    try:
        cpp = kind(*matched(declared, arguments, f"{cppClass.__name__}()"))
    except (TypeError, OverflowError, NotImplementedError) as error:
        raise ValueError(f"Could not construct {cppClass.__name__}: {error}") from error
    adopt(wrapper, cpp)
    if isSubclass and isinstance(cpp, QtCore.QObject):
        cpp.__dict__["_pythonSelf"] = wrapper  # its attributes live as long as the C++ object


def _qtBase(cppClass: type) -> type:
    return next(k for k in cppClass.__mro__ if k.__module__.startswith("PySide6."))


def _shell(pythonClass: type, cppClass: type) -> type:
    """A Qt class whose virtual functions lead to those of the Python class."""
    members: dict[str, object] = {"_isShell": True}
    for klass in pythonClass.__mro__[: pythonClass.__mro__.index(Wrapper) - 1]:
        for name, function in vars(klass).items():
            virtual = getattr(cppClass, name, None)
            if isinstance(function, types.FunctionType) and virtual and not name.startswith("_"):
                members.setdefault(name, _redirected(name, virtual))
    return type(cppClass.__name__, (cppClass,), members)


def _redirected(name: str, virtual):
    def call(cpp, *arguments):
        wrapper = cpp.__dict__["_wrapper"]()
        if wrapper is None:
            return virtual(cpp, *arguments)
        try:
            return unwrap(getattr(wrapper, name)(*[wrap(a) for a in arguments]))
        except Exception as error:
            signals.report(error)
            return virtual(cpp, *arguments)

    return call
