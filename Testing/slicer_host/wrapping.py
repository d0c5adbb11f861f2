"""Wrappers around Qt objects that follow PythonQt's rules for attributes.

A Qt property is an attribute, everything else that Qt declares is a method or a signal, and nothing can be added to an
object that is not an instance of a Python subclass. Wrapper classes do not inherit from each other, so that
`isinstance(button, qt.QWidget)` is False as in Slicer.
"""

from __future__ import annotations

import enum
import types
import weakref

from PySide6 import QtCore
from shiboken6 import Shiboken

from slicer_host import signals
from slicer_host.conversion import matched
from slicer_host.properties import hasProperty, readProperty, writeProperty

# Names that PySide6 has and Slicer's Qt 5.15 behind PythonQt has not.
NOT_IN_SLICER = {"exec", "exec_", "Signal", "Slot", "Property", "checkStateChanged", "emit", "receivers", "sender"}

_classes: dict[type, type] = {}
_extras: dict[str, dict[str, object]] = {}


def invokable(function):
    """Mark a method of one of our own widgets as a slot or Q_INVOKABLE: all that PythonQt sees of qMRML* and ctk*."""
    function.isInvokable = True
    return function


def extend(className: str, **members) -> None:
    """Replace members of the wrapper of a Qt class and of those derived from it (dialogs that nobody could answer)."""
    _extras.setdefault(className, {}).update(members)


def wrapperClass(cppClass: type) -> type:
    """The one wrapper class of a Qt class or of one of our own widget classes."""
    if cppClass not in _classes:
        members: dict[str, object] = {"_cppClass": cppClass}
        for klass in reversed(cppClass.__mro__):
            members.update(_extras.get(klass.__name__, {}))
        _classes[cppClass] = WrapperType(cppClass.__name__, (Wrapper,), members)
    return _classes[cppClass]


def wrap(value):
    """A value that comes out of Qt."""
    if isinstance(value, Shiboken.Object):
        return _wrapObject(value)
    if isinstance(value, enum.Enum):
        return int(value.value)
    if isinstance(value, (list, tuple)):
        return tuple(wrap(item) for item in value)
    if isinstance(value, dict):
        return {key: wrap(item) for key, item in value.items()}
    return value


def _wrapObject(cpp):
    known = cpp.__dict__.get("_wrapper") if hasattr(cpp, "__dict__") else None
    wrapper = known() if known else None
    if wrapper is None:
        isOurs = type(cpp).__dict__.get("_isShell", False)
        public = type(cpp).__mro__[1] if isOurs else type(cpp)
        kind = wrapperClass(next(k for k in public.__mro__ if isQtClass(k) or isOwnClass(k)))
        wrapper = kind.__new__(kind)
        adopt(wrapper, cpp)
    return wrapper


def adopt(wrapper, cpp) -> None:
    object.__setattr__(wrapper, "_cpp", cpp)
    if isinstance(cpp, QtCore.QObject):
        cpp.__dict__["_wrapper"] = weakref.ref(wrapper)


def unwrap(value):
    """A value on its way into Qt."""
    if isinstance(value, Wrapper):
        return alive(value)
    if isinstance(value, (list, tuple)):
        return [unwrap(item) for item in value]
    if isinstance(value, dict):
        return {key: unwrap(item) for key, item in value.items()}
    return value


def isQtClass(klass: type) -> bool:
    return klass.__module__.startswith("PySide6.")


def isOwnClass(klass: type) -> bool:
    return klass.__module__.startswith("slicer_host") and "_isShell" not in vars(klass)


def alive(wrapper):
    """The Qt object behind the wrapper.

    Raises:
        ValueError: it was deleted, or `__init__` of the Qt class was never called.
    """
    cpp = wrapper.__dict__.get("_cpp")
    if cpp is None or not Shiboken.isValid(cpp):
        raise ValueError(f"Trying to use a deleted C++ object of class {type(wrapper).__name__}")
    return cpp


def caller(function, what: str):
    """The Qt function as Python calls it: positional arguments only, wrong ones are a ValueError."""

    def call(*arguments):
        values = matched(function, [unwrap(a) for a in arguments], what)
        try:
            return wrap(function(*values))
        except (TypeError, OverflowError, NotImplementedError) as error:
            raise ValueError(f"Called {what} with wrong arguments: {error}") from error

    return call


def findMember(cppClass: type, name: str):
    """What the class declares under the name, as far as PythonQt sees it; AttributeError otherwise."""
    if not name.startswith("_") and name not in NOT_IN_SLICER:
        for klass in cppClass.__mro__:
            member = vars(klass).get(name)
            if member is not None and isOwnClass(klass) and not getattr(member, "isInvokable", False):
                continue
            enums = [e for e in vars(klass).values() if isinstance(e, type) and issubclass(e, enum.Enum)]
            if isOwnClass(klass) and (found := [e[name] for e in enums if name in e.__members__]):
                return found[0]
            if member is not None and (isOwnClass(klass) or isQtClass(klass)):
                return member
        member = getattr(next(k for k in cppClass.__mro__ if isQtClass(k)), name, None)
        if isinstance(member, enum.Enum):
            return member
    raise AttributeError(f"{cppClass.__name__} has no attribute named '{name}'")


def isStatic(member) -> bool:
    return isinstance(member, (staticmethod, types.BuiltinFunctionType))


class WrapperType(type):
    """Static functions and enum values of the Qt class, seen on the wrapper class."""

    def __getattr__(cls, name):
        cppClass = cls.__dict__.get("_cppClass") or cls.__mro__[1]._cppClass
        member = findMember(cppClass, name)
        what = f"{cppClass.__name__}.{name}"
        if isinstance(member, enum.Enum):
            return int(member.value)
        if isinstance(member, (type, QtCore.Signal)):
            raise AttributeError(f"{cls.__name__} has no attribute named '{name}'")
        if isStatic(member):
            return caller(getattr(cppClass, name), what)
        return lambda this, *arguments: caller(types.MethodType(member, alive(this)), what)(*arguments)


class Wrapper(metaclass=WrapperType):
    """An object of Qt as PythonQt shows it."""

    _cppClass: type

    def __init__(self, *arguments, **keywords):
        if keywords:
            raise TypeError(f"{type(self).__name__}() takes no keyword arguments")
        from slicer_host.subclassing import construct  # the one thing that needs both sides

        construct(self, [unwrap(a) for a in arguments])

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        cpp = alive(self)
        if isinstance(cpp, QtCore.QObject):
            if hasProperty(cpp, name):
                return wrap(readProperty(cpp, name))
            if name == "name":
                return cpp.objectName()
            if signals.signatures(cpp, name):
                return signals.SignalWrapper(cpp, name, wrap)
        member = findMember(self._cppClass, name)
        if isinstance(member, enum.Enum):
            return int(member.value)
        if isinstance(member, type):
            raise AttributeError(f"{self._cppClass.__name__} has no attribute named '{name}'")
        return caller(getattr(cpp, name), f"{self._cppClass.__name__}.{name}")

    def __setattr__(self, name, value):
        cpp = self.__dict__.get("_cpp")
        if isinstance(cpp, QtCore.QObject):
            alive(self)
            if name == "name" and not hasProperty(cpp, name):
                name = "objectName"
            if hasProperty(cpp, name):
                writeProperty(cpp, name, unwrap(value))
                return
        if "_cppClass" in type(self).__dict__:
            raise AttributeError(
                f"'{name}' does not exist on {type(self).__name__} and creating new attributes on C++ objects "
                "is not allowed"
            )
        object.__setattr__(self, name, value)

    def className(self) -> str:
        cpp = alive(self)
        plain = isinstance(cpp, QtCore.QObject) and "_cppClass" in type(self).__dict__
        return cpp.metaObject().className() if plain else self._cppClass.__name__

    def connect(self, signal, receiver, slot=None) -> bool:
        """`connect("clicked(bool)", f)` or `connect("toggled(bool)", other, "setEnabled(bool)")`."""
        if not isinstance(signal, str):
            raise ValueError(f"Called connect with wrong arguments: {signal!r} is not the text of a signal")
        if slot is not None:
            receiver = getattr(receiver, slot.split("(")[0], None)
        return signals.connect(alive(self), signal, receiver, wrap)

    def disconnect(self, signal, receiver=None, slot=None) -> bool:
        if slot is not None:
            receiver = getattr(receiver, slot.split("(")[0], None)
        return signals.disconnect(alive(self), signal, receiver)

    def delete(self) -> None:
        Shiboken.delete(alive(self))

    def __eq__(self, other):
        if not isinstance(other, Wrapper):
            return NotImplemented
        mine, theirs = alive(self), alive(other)
        return mine is theirs if isinstance(mine, QtCore.QObject) else mine == theirs

    def __hash__(self):
        return hash(id(self.__dict__.get("_cpp")))

    def __repr__(self):
        return f"{type(self).__name__} (at 0x{id(self):x})"
