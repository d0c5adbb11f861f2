"""How each type of parameter is stored in a parameter node: numbers and texts as parameters, nodes as references."""

from __future__ import annotations

import enum
import pathlib
import types
import typing
from dataclasses import dataclass, field
from typing import Any

import slicer


class Validator:
    """Checks a value on its way into the parameter node."""

    def validate(self, value) -> None:
        raise NotImplementedError


@dataclass(frozen=True)
class WithinRange(Validator):
    minimum: float
    maximum: float

    def validate(self, value) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"Value must be within range [{self.minimum}, {self.maximum}], is {value}")


@dataclass(frozen=True)
class Minimum(Validator):
    minimum: float

    def validate(self, value) -> None:
        if value < self.minimum:
            raise ValueError(f"Value must be greater than or equal to {self.minimum}, is {value}")


@dataclass(frozen=True)
class Maximum(Validator):
    maximum: float

    def validate(self, value) -> None:
        if value > self.maximum:
            raise ValueError(f"Value must be less than or equal to {self.maximum}, is {value}")


@dataclass(frozen=True)
class Choice(Validator):
    choices: typing.Sequence

    def validate(self, value) -> None:
        if value not in self.choices:
            raise ValueError(f"Value must be one of {list(self.choices)}, is {value!r}")


@dataclass(frozen=True)
class Default:
    value: object


@dataclass(frozen=True)
class SingleStep:
    step: float


@dataclass(frozen=True)
class Decimals:
    decimals: int


@dataclass
class Field:
    """One parameter: its name, plain type, whether None may stand for it, its annotations and its default."""

    name: str
    kind: type
    optional: bool = False
    annotations: list = field(default_factory=list)
    default: Any = None

    @property
    def isNode(self) -> bool:
        return issubclass(self.kind, slicer.vtkMRMLNode)

    @property
    def validators(self) -> list[Validator]:
        return [a for a in self.annotations if isinstance(a, Validator)]

    def check(self, value):
        """The value as it is stored.

        Raises:
            TypeError: not of this parameter's type.  ValueError: outside what its annotations allow.
        """
        if value is None and (self.optional or self.isNode):
            return None
        if self.kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        wrongBool = isinstance(value, bool) and self.kind in (int, float)
        if not isinstance(value, self.kind) or wrongBool:
            raise TypeError(f"'{self.name}' takes {self.kind.__name__}, not {type(value).__name__} ({value!r})")
        for validator in self.validators:
            validator.validate(value)
        return value

    def write(self, node, value) -> None:
        if self.isNode:
            node.SetNodeReferenceID(self.name, value.GetID() if value else None)
        elif value is None:
            node.SetParameter(self.name, "None")
        elif isinstance(value, enum.Enum):
            node.SetParameter(self.name, value.name)
        else:
            node.SetParameter(self.name, value.as_posix() if isinstance(value, pathlib.PurePath) else str(value))

    def read(self, node):
        if self.isNode:
            return node.GetNodeReference(self.name)
        text = node.GetParameter(self.name)
        if self.optional and text == "None":
            return None
        if self.kind is bool:
            return text == "True"
        if issubclass(self.kind, enum.Enum):
            return self.kind[text]
        return self.kind(text)

    def isStored(self, node) -> bool:
        return self.isNode or node.HasParameter(self.name)


SUPPORTED = (bool, int, float, str, pathlib.Path, enum.Enum, slicer.vtkMRMLNode)


def fieldOf(name: str, annotation, given) -> Field:
    """The parameter that a class's annotation declares.

    Raises:
        ValueError: a type that cannot be stored, or a default that its own annotations forbid.
    """
    annotations: list = []
    if typing.get_origin(annotation) is typing.Annotated:
        annotation, *annotations = typing.get_args(annotation)
    optional = False
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        members = [a for a in typing.get_args(annotation) if a is not type(None)]
        if len(members) != 1:
            raise ValueError(f"'{name}': the test host stores no {annotation}")
        annotation, optional = members[0], True
    if not (isinstance(annotation, type) and issubclass(annotation, SUPPORTED)):
        raise ValueError(f"'{name}': no serializer for {annotation}")
    result = Field(name, annotation, optional, annotations)
    result.default = result.check(_default(result, given))
    return result


def _default(parameter: Field, given):
    if given is not None:
        return given
    for annotation in parameter.annotations:
        if isinstance(annotation, Default):
            return annotation.value
    if parameter.optional or parameter.isNode:
        return None
    if issubclass(parameter.kind, enum.Enum):
        return next(iter(parameter.kind))
    for annotation in parameter.annotations:
        if isinstance(annotation, Choice):
            return annotation.choices[0]
        if isinstance(annotation, (WithinRange, Minimum)):
            return parameter.kind(annotation.minimum)
    return parameter.kind()
