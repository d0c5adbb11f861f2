"""What Qt, CTK and MRML widget classes declare, printed as JSON by a fresh interpreter.

Fresh, because PySide6 lets the shared meta object of a class die with an instance that showed it.
"""

from __future__ import annotations

import json

from PySide6 import QtCore, QtGui, QtNetwork, QtWidgets
from shiboken6 import Shiboken

from slicer_host import ctk_widgets, mrml_widgets, signals
from slicer_host.wrapping import findMember


def classes() -> dict[str, type]:
    """Every Qt class and every widget of ours, by name."""
    found = {}
    for library in (QtCore, QtGui, QtWidgets, QtNetwork):
        members = {name: getattr(library, name) for name in dir(library)}  # some are only made when asked for
        found.update({n: k for n, k in members.items() if isinstance(k, type) and issubclass(k, Shiboken.Object)})
    for library in (ctk_widgets, mrml_widgets):
        ours = {n: k for n, k in vars(library).items() if isinstance(k, type) and n.startswith(("ctk", "qMRML"))}
        found.update(ours)
    return found


def properties(meta) -> set[str]:
    return {meta.property(i).name() for i in range(meta.propertyCount())} if meta else set()


def signalSignatures(kind: type, meta) -> set[str]:
    """The signals with their arguments."""
    methods = [meta.method(i) for i in range(meta.methodCount())] if meta else []
    texts = [bytes(m.methodSignature().data()).decode() for m in methods if m.methodType() == m.MethodType.Signal]
    own = {signature for k in kind.__mro__ for signature in vars(k).get("SIGNALS", {})}
    return own.union(text for text in texts if signals.isSlicers(text))


def members(kind: type) -> tuple[set[str], set[str]]:
    """Names of what can be called, and of the rest (values of enums)."""
    called, others = set(), set()
    for name in dir(kind):
        try:
            (called if callable(findMember(kind, name)) else others).add(name)
        except AttributeError:
            continue
    return called, others


def survey() -> dict[str, dict]:
    """Class name to its properties, signals, methods and values."""
    found = {}
    for name, kind in classes().items():
        meta = getattr(kind, "staticMetaObject", None)
        called, values = members(kind)
        found[name] = {
            "isOwn": not kind.__module__.startswith("PySide6."),
            "properties": sorted(properties(meta)),
            "signals": sorted(signalSignatures(kind, meta)),
            "methods": sorted(called - properties(meta)),
            "values": sorted(values),
        }
    return found


if __name__ == "__main__":
    print(json.dumps(survey()))
