"""The engine's JSON schema of its settings as a tree of typed fields.

No setting is known here by name, so that one which is new in the engine appears in the panel by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PATHS = ("path", "file-path", "directory-path")


@dataclass(frozen=True)
class Field:
    """One setting.

    Attributes:
        name: As the engine's files call it.
        label: The name for people.
        description: What it means.
        unit: What it is counted in; empty where the engine says none.
        examples: Values that make sense, of the whole field.
    """

    name: str
    label: str
    description: str
    unit: str
    examples: tuple[Any, ...]


@dataclass(frozen=True)
class Number(Field):
    """A number within limits; ``above`` and ``below`` are not reached themselves."""

    whole: bool
    minimum: float | None
    maximum: float | None
    above: float | None
    below: float | None
    multiple: float | None


@dataclass(frozen=True)
class Flag(Field):
    """Yes or no."""


@dataclass(frozen=True)
class Choice(Field):
    """One of some words."""

    choices: tuple[str, ...]


@dataclass(frozen=True)
class Text(Field):
    """Free text, or a path."""

    isPath: bool


@dataclass(frozen=True)
class Several(Field):
    """A list of numbers or words."""

    item: Field
    least: int
    most: int | None


@dataclass(frozen=True)
class Group(Field):
    """Settings that belong together."""

    fields: tuple[Field, ...]


@dataclass(frozen=True)
class Rows(Field):
    """A list of groups, each of which is a row of a table."""

    row: Group
    least: int


@dataclass(frozen=True)
class Named(Field):
    """A value for each of some names: of these, or of any where there are none."""

    value: Field
    names: tuple[str, ...]


@dataclass(frozen=True)
class Maybe(Field):
    """Null, or what is inside."""

    inner: Field


@dataclass(frozen=True)
class Either(Field):
    """One of several kinds of values."""

    alternatives: tuple[Field, ...]


@dataclass(frozen=True)
class Anything(Field):
    """A kind of value that the panel has no control for: written as JSON."""


CELLS = (Number, Flag, Choice, Text, Several)
"""What can be written in one cell of a table."""


def readSchema(schema: Mapping[str, Any]) -> Group:
    """The settings that a JSON schema describes."""
    return _Reader(schema.get("$defs", {})).field("", schema)


@dataclass(frozen=True)
class _Reader:
    """Reads fields with the definitions that they refer to."""

    definitions: Mapping[str, Any]

    def field(self, name: str, schema: Mapping[str, Any]) -> Field:
        """One field; what stands beside a reference goes before what is referred to."""
        title = schema.get("title", "")
        if "$ref" in schema:
            schema = {**self.definitions[schema["$ref"].rpartition("/")[2]], **schema}
        common = (
            name,
            _label(name, title),
            schema.get("description", ""),
            schema.get("unit", ""),
            tuple(schema.get("examples", ())),
        )
        if "anyOf" in schema:
            return self._alternatives(name, schema, common)
        if "enum" in schema or "const" in schema:
            return Choice(*common, tuple(schema.get("enum", [schema.get("const")])))
        kinds = {"array": self._list, "object": self._object, "string": self._text, "boolean": self._flag}
        kind = schema.get("type")
        if kind in ("integer", "number"):
            return self._number(schema, common)
        return kinds[kind](schema, common) if kind in kinds else Anything(*common)

    def _alternatives(self, name: str, schema: Mapping[str, Any], common: tuple) -> Field:
        beside = {key: value for key, value in schema.items() if key not in ("anyOf", "default")}
        kinds = [kind for kind in schema["anyOf"] if kind.get("type") != "null"]
        if len(kinds) == 1:
            inner = self.field(name, {**kinds[0], **beside})
        else:
            inner = Either(*common, tuple(self.field(name, kind) for kind in kinds))
        if len(kinds) == len(schema["anyOf"]):
            return inner
        return Maybe(*common, inner if isinstance(inner, (Group, *CELLS)) else Anything(*common))

    def _number(self, schema: Mapping[str, Any], common: tuple) -> Field:
        limits = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
        return Number(*common, schema["type"] == "integer", *(schema.get(limit) for limit in limits))

    def _text(self, schema: Mapping[str, Any], common: tuple) -> Field:
        return Text(*common, schema.get("format") in PATHS)

    def _flag(self, schema: Mapping[str, Any], common: tuple) -> Field:
        return Flag(*common)

    def _list(self, schema: Mapping[str, Any], common: tuple) -> Field:
        firsts = schema.get("prefixItems", [])
        item = firsts[0] if firsts else schema.get("items")
        if not isinstance(item, Mapping) or any(first != item for first in firsts):
            return Anything(*common)
        inner, least = self.field("", item), schema.get("minItems", 0)
        if isinstance(inner, Group) and all(isinstance(cell, CELLS) for cell in inner.fields):
            return Rows(*common, inner, least)
        return Several(*common, inner, least, schema.get("maxItems")) if isinstance(inner, CELLS) else Anything(*common)

    def _object(self, schema: Mapping[str, Any], common: tuple) -> Field:
        if "properties" in schema:
            return Group(*common, tuple(self.field(*named) for named in schema["properties"].items()))
        value = schema.get("additionalProperties")
        inner = self.field("", value) if isinstance(value, Mapping) else None
        names = tuple(schema.get("propertyNames", {}).get("enum", ()))
        return Named(*common, inner, names) if isinstance(inner, CELLS) else Anything(*common)


def _label(name: str, title: str) -> str:
    """The engine's own title where it has given one; pydantic makes one of the name, with too many capitals."""
    words = name.replace("_", " ")
    return title if title and title != words.title() else words[:1].upper() + words[1:]
