"""`slicer.parameterNodeWrapper`: typed attributes over a parameter node, written from its documentation."""

from __future__ import annotations

import itertools
import sys
import types
import typing
from typing import ClassVar

import slicer

from slicer_host import parameter_types
from slicer_host.parameter_gui import Connection, connector
from slicer_host.parameter_types import Field, fieldOf

_tags = itertools.count(1)


class _Wrapped:
    """What every decorated class can do."""

    _fields: ClassVar[dict[str, Field]] = {}

    def __init__(self, parameterNode):
        if not isinstance(parameterNode, slicer.vtkMRMLNode) or not hasattr(parameterNode, "SetParameter"):
            raise TypeError(f"a parameter node is needed, not {parameterNode!r}")
        object.__setattr__(self, "parameterNode", parameterNode)
        object.__setattr__(self, "_connections", {})
        for parameter in self._fields.values():
            if not parameter.isStored(parameterNode):
                parameter.write(parameterNode, parameter.default)

    def __getattr__(self, name):
        if name in type(self)._fields:
            return type(self)._fields[name].read(self.parameterNode)
        raise AttributeError(f"{type(self).__name__} has no parameter '{name}'")

    def __setattr__(self, name, value):
        if name not in type(self)._fields:
            raise AttributeError(f"{type(self).__name__} has no parameter '{name}'")
        parameter = type(self)._fields[name]
        value = parameter.check(value)
        if not parameter.isStored(self.parameterNode) or parameter.read(self.parameterNode) != value:
            parameter.write(self.parameterNode, value)

    def getValue(self, name):
        return getattr(self, name)

    def setValue(self, name, value):
        setattr(self, name, value)

    def default(self, name):
        return parameter_types.Default(type(self)._fields[name].default)

    def dataType(self, name):
        return type(self)._fields[name].kind

    def isCached(self, name) -> bool:
        return False

    def StartModify(self):
        return self.parameterNode.StartModify()

    def EndModify(self, before):
        self.parameterNode.EndModify(before)

    def Modified(self):
        self.parameterNode.Modified()

    def AddObserver(self, event, callback, priority=0.0):
        return self.parameterNode.AddObserver(event, callback, priority)

    def RemoveObserver(self, tag):
        self.parameterNode.RemoveObserver(tag)

    def connectGui(self, gui) -> int:
        """Tie every widget with the dynamic property `SlicerParameterName` to its parameter; a tag to undo it.

        Raises:
            ValueError: a widget names no parameter, or its class cannot show that type.
        """
        widgets = gui.findChildren("QWidget") if hasattr(gui, "findChildren") else vars(gui).values()
        named = {w: w.property("SlicerParameterName") for w in widgets if hasattr(w, "property")}
        return self.connectParametersToGui({name: w for w, name in named.items() if name})

    def connectParametersToGui(self, mapping: dict) -> int:
        for name in mapping:
            if name not in type(self)._fields:
                raise ValueError(f"Cannot connect a widget to '{name}': {type(self).__name__} has no such parameter")
        parts = [connector(type(self)._fields[name], widget) for name, widget in mapping.items()]
        tag = next(_tags)
        self._connections[tag] = Connection(self, parts)
        return tag

    def disconnectGui(self, tag: int) -> None:
        self._connections.pop(tag).close()


def parameterNodeWrapper(kind: type) -> type:
    """Make a parameter node wrapper of an annotated class."""
    hints = typing.get_type_hints(kind, include_extras=True)
    fields = {name: fieldOf(name, hint, vars(kind).get(name)) for name, hint in hints.items()}
    members = {name: value for name, value in vars(kind).items() if name not in fields and name[:2] != "__"}
    own = {"__doc__": kind.__doc__, "__module__": kind.__module__, "__qualname__": kind.__qualname__}
    return type(kind.__name__, (_Wrapped,), {**members, **own, "_fields": fields})


def install() -> None:
    module = types.ModuleType("slicer.parameterNodeWrapper")
    module.parameterNodeWrapper = parameterNodeWrapper
    names = ("Validator", "WithinRange", "Minimum", "Maximum", "Choice", "Default", "SingleStep", "Decimals")
    for name in names:
        setattr(module, name, getattr(parameter_types, name))
    module.__all__ = ["parameterNodeWrapper", *names]
    sys.modules["slicer.parameterNodeWrapper"] = module
    slicer.parameterNodeWrapper = module
