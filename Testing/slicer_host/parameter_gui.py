"""Widgets tied to parameters, found by the exact class of the widget as in Slicer: a subclass is refused."""

from __future__ import annotations

import enum
import pathlib
from dataclasses import dataclass

import slicer
import vtk

from slicer_host.parameter_types import Choice, Decimals, Field, Maximum, Minimum, SingleStep, WithinRange


@dataclass
class Connector:
    """One widget and its parameter: which property, and which signal tells of a change."""

    parameter: Field
    widget: object
    property: str
    signal: str

    def read(self):
        value = getattr(self.widget, self.property)
        return pathlib.Path(value) if self.parameter.kind is pathlib.Path else self.parameter.kind(value)

    def show(self, value) -> None:
        if value is None:
            value = ""
        setattr(self.widget, self.property, str(value) if isinstance(value, pathlib.PurePath) else value)


class NodeConnector(Connector):
    """A node selector."""

    def read(self):
        return self.widget.currentNode()

    def show(self, value) -> None:
        self.widget.setCurrentNode(value)


class ChoiceConnector(Connector):
    """A combo box that offers the choices, or the members of an enum by name."""

    def choices(self) -> list:
        if issubclass(self.parameter.kind, enum.Enum):
            return list(self.parameter.kind)
        return list(next(a.choices for a in self.parameter.annotations if isinstance(a, Choice)))

    def fill(self) -> None:
        if self.widget.count != len(self.choices()):
            self.widget.clear()
            for choice in self.choices():
                self.widget.addItem(choice.name if isinstance(choice, enum.Enum) else str(choice))

    def read(self):
        return self.choices()[self.widget.currentIndex]

    def show(self, value) -> None:
        self.widget.currentIndex = self.choices().index(value)


def connector(parameter: Field, widget) -> Connector:
    """The connector for exactly this class of widget and type of parameter.

    Raises:
        ValueError: Slicer has none.
    """
    hasChoices = any(isinstance(a, Choice) for a in parameter.annotations)
    for kinds, types, maker, name, signal in _table():
        if type(widget) in kinds and issubclass(parameter.kind, types):
            if maker is ChoiceConnector and not (hasChoices or issubclass(parameter.kind, enum.Enum)):
                continue
            found = maker(parameter, widget, name, signal)
            _prepare(found)
            return found
    raise ValueError(
        f"No GUI connector for a {type(widget).__name__} and {parameter.kind.__name__} ('{parameter.name}')"
    )


def _table():
    import ctk
    import qt

    sliders = (qt.QSlider, qt.QSpinBox)
    return (
        ((qt.QCheckBox,), bool, Connector, "checked", "toggled(bool)"),
        ((qt.QPushButton,), bool, Connector, "checked", "toggled(bool)"),
        (sliders, int, Connector, "value", "valueChanged(int)"),
        ((qt.QDoubleSpinBox,), float, Connector, "value", "valueChanged(double)"),
        ((qt.QComboBox,), (str, int, float, enum.Enum), ChoiceConnector, "currentIndex", "currentIndexChanged(int)"),
        ((qt.QLineEdit,), str, Connector, "text", "textChanged(QString)"),
        ((qt.QTextEdit,), str, Connector, "plainText", "textChanged()"),
        ((ctk.ctkPathLineEdit,), pathlib.Path, Connector, "currentPath", "currentPathChanged(QString)"),
        (
            (slicer.qMRMLNodeComboBox,),
            slicer.vtkMRMLNode,
            NodeConnector,
            "currentNodeID",
            "currentNodeChanged(vtkMRMLNode*)",
        ),
    )


def _prepare(made: Connector) -> None:
    """Ranges and steps of the annotations go to the widget; a button becomes checkable, a combo box gets its items."""
    widget = made.widget
    if isinstance(made, ChoiceConnector):
        made.fill()
    if type(widget).__name__ == "QPushButton":
        widget.checkable = True
    if made.property != "value":
        return
    for annotation in made.parameter.annotations:
        if isinstance(annotation, (WithinRange, Minimum)):
            widget.minimum = annotation.minimum
        if isinstance(annotation, (WithinRange, Maximum)):
            widget.maximum = annotation.maximum
        if isinstance(annotation, SingleStep):
            widget.singleStep = annotation.step
        if isinstance(annotation, Decimals):
            widget.decimals = annotation.decimals


class Connection:
    """Keeps widgets and parameters equal, both ways, until closed."""

    def __init__(self, parameters, parts: list[Connector]):
        self._parameters, self._parts, self._updating = parameters, parts, False
        self._showAll()
        self._slots = [(part, self._changed(part)) for part in parts]
        for part, slot in self._slots:
            if not part.widget.connect(part.signal, slot):
                raise ValueError(f"{type(part.widget).__name__} has no signal {part.signal}")
        self._tag = parameters.parameterNode.AddObserver(vtk.vtkCommand.ModifiedEvent, self._showAll)

    def _changed(self, part: Connector):
        def write(*_values):
            if not self._updating:
                setattr(self._parameters, part.parameter.name, part.read())

        return write

    def _showAll(self, caller=None, event=None):
        self._updating = True
        try:
            for part in self._parts:
                part.show(getattr(self._parameters, part.parameter.name))
        finally:
            self._updating = False

    def close(self) -> None:
        self._parameters.parameterNode.RemoveObserver(self._tag)
        for part, slot in self._slots:
            part.widget.disconnect(part.signal, slot)
