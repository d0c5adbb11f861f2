"""Qt properties as attributes, with PythonQt's conversions and refusals."""

from __future__ import annotations

from PySide6 import QtCore, QtWidgets

from slicer_host.conversion import MisfitError, fit

_TYPES = {
    "QString": str,
    "bool": bool,
    "int": int,
    "uint": int,
    "double": float,
    "float": float,
    "QStringList": list[str],
}


def _metaProperty(cpp, name: str):
    meta = cpp.metaObject()
    index = meta.indexOfProperty(name)
    return meta.property(index) if index >= 0 else None


def _isDynamic(cpp, name: str) -> bool:
    return name in [bytes(given.data()).decode() for given in cpp.dynamicPropertyNames()]


def hasProperty(cpp, name: str) -> bool:
    return _metaProperty(cpp, name) is not None or _isDynamic(cpp, name)


def readProperty(cpp, name: str):
    return QtCore.QObject.property(cpp, name)


def writeProperty(cpp, name: str, value) -> None:
    """Set the property.

    Raises:
        AttributeError: it cannot be written, or not with a value of this type.
    """
    declared = _metaProperty(cpp, name)
    if declared is None:
        cpp.setProperty(name, value)
        return
    if not declared.isWritable():
        raise AttributeError(f"Property '{name}' of class '{cpp.metaObject().className()}' is not writable")
    kind = "int" if declared.isEnumType() else declared.typeName()
    try:
        value = fit(value, _TYPES.get(kind, object))[1]
        accepted = QtCore.QObject.setProperty(cpp, name, value)
    except (MisfitError, TypeError):
        accepted = False
    if not accepted:
        kind = type(value).__name__
        raise AttributeError(
            f"Property '{name}' of type '{declared.typeName()}' does not accept an object of type {kind}"
        )
    if name == "toolTip":
        enrichToolTip(cpp)


def enrichToolTip(widget) -> None:
    """Slicer stores a plain tooltip as rich text, so that long ones are broken into lines."""
    text = widget.toolTip() if isinstance(widget, QtWidgets.QWidget) else ""
    if text and not text.startswith("<"):
        widget.setToolTip(f"<p>{text}</p>")
