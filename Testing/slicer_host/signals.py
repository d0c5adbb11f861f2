"""Signals and slots as in PythonQt: connected by string, exceptions printed and passed over."""

from __future__ import annotations

import sys
import traceback
import types

from PySide6 import QtCore

NOT_IN_QT5 = {"checkStateChanged"}

slotErrors: list[BaseException] = []


def report(error: BaseException) -> None:
    """What PythonQt does with an exception in a slot: print it and go on. The host also keeps it."""
    slotErrors.append(error)
    traceback.print_exception(error, file=sys.stderr)


def acceptedArguments(slot) -> int | None:
    """How many arguments PythonQt passes: all positional ones that a Python function declares, None for all given."""
    function = slot.__func__ if isinstance(slot, types.MethodType) else slot
    if not isinstance(function, types.FunctionType) or function.__code__.co_flags & 0x04:
        return None
    return function.__code__.co_argcount - isinstance(slot, types.MethodType)


def guarded(slot, wrap):
    """The slot with wrapped arguments, as many as it takes, never raising."""
    limit = acceptedArguments(slot)

    def call(*arguments):
        try:
            slot(*[wrap(value) for value in arguments[:limit]])
        except Exception as error:
            report(error)

    return call


def normalized(signature: str) -> str:
    text = QtCore.QMetaObject.normalizedSignature(signature)
    return text if isinstance(text, str) else bytes(text).decode()


def exposedSignals(cpp) -> dict[str, str]:
    """Signals that one of our own widgets declares under its C++ signature, with the attribute that holds each."""
    found: dict[str, str] = {}
    for klass in reversed(type(cpp).__mro__):
        found.update(vars(klass).get("SIGNALS", {}))
    return found


def signatures(cpp, name: str) -> list[str]:
    """Every signature of the signal, the one with most arguments first."""
    own = [s for s in exposedSignals(cpp) if s.split("(")[0] == name]
    if not own:
        meta = cpp.metaObject()
        methods = [meta.method(i) for i in range(meta.methodCount())]
        texts = [bytes(m.methodSignature().data()).decode() for m in methods if m.methodType() == m.MethodType.Signal]
        own = [text for text in texts if text.split("(")[0] == name and isSlicers(text)]
    return sorted(own, key=lambda text: text.count(",") + (not text.endswith("()")), reverse=True)


def isSlicers(signature: str) -> bool:
    """Neither newer than Slicer's Qt nor the inner side of one of our own widgets' signals."""
    return "PyObject" not in signature and signature.split("(")[0] not in NOT_IN_QT5


def _signal(cpp, signature: str):
    """The bound PySide signal, the signature as text for one that only Qt knows, or None."""
    exposed = exposedSignals(cpp)
    if signature in exposed:
        return getattr(cpp, exposed[signature])
    known = cpp.metaObject().indexOfSignal(signature) >= 0 and isSlicers(signature)
    return signature if known else None


def connect(cpp, signature: str, slot, wrap) -> bool:
    """Connect; False for a signal that does not exist."""
    signature = normalized(signature)
    signal = _signal(cpp, signature)
    if signal is None or not callable(slot):
        print(f"QObject::connect: No such signal {cpp.metaObject().className()}::{signature}", file=sys.stderr)
        return False
    call = guarded(slot, wrap)
    if isinstance(signal, str):
        connection = QtCore.QObject.connect(cpp, QtCore.SIGNAL(signal), call)
    else:
        connection = signal.connect(call)
    cpp.__dict__.setdefault("_connections", []).append((signature, slot, connection))
    return bool(connection)


def disconnect(cpp, signature: str, slot=None) -> bool:
    """Undo the connections of the slot, or of every slot, to the signal; False when there was none."""
    signature = normalized(signature)
    known = cpp.__dict__.get("_connections", [])
    ours = [entry for entry in known if entry[0] == signature and slot in (None, entry[1])]
    for entry in ours:
        known.remove(entry)
        QtCore.QObject.disconnect(entry[2])
    return bool(ours)


class SignalWrapper:
    """A signal as an attribute: `w.clicked.connect(f)`, `w.clicked.emit(True)`, `w.clicked(True)`."""

    __slots__ = ("_cpp", "_name", "_wrap")

    def __init__(self, cpp, name: str, wrap):
        self._cpp, self._name, self._wrap = cpp, name, wrap

    def connect(self, slot) -> bool:
        return connect(self._cpp, signatures(self._cpp, self._name)[0], slot, self._wrap)

    def disconnect(self, slot=None) -> bool:
        return disconnect(self._cpp, signatures(self._cpp, self._name)[0], slot)

    def emit(self, *arguments) -> None:
        exposed = exposedSignals(self._cpp)
        attribute = next((exposed[s] for s in signatures(self._cpp, self._name) if s in exposed), self._name)
        getattr(self._cpp, attribute).emit(*arguments)

    __call__ = emit
