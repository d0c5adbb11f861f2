"""What is wrong with settings, in one sentence."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, get_args

from pydantic import ValidationError

from mstkd.settings import Settings

_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def refusal(error: ValidationError, kind: type[Settings], source: str, remedy: str) -> str:
    """The first thing that is wrong, and its remedy.

    Args:
        kind: The settings that were validated.
        source: Where they stand.
        remedy: What to do about a wrong value.
    """
    first = max(error.errors(), key=_telling)
    known = _known_at(first["loc"], kind)
    name = ".".join(str(part) for part in first["loc"] if "[" not in str(part))
    if first["type"] in _UNKNOWN:
        near = difflib.get_close_matches(str(first["loc"][-1]), known, n=1)
        hint = f"did you mean '{near[0]}'" if near else f"known there are {', '.join(known)}"
        return f"{source} has the unknown setting '{name}'; {hint}."
    if first["type"] == "missing":
        return f"{source} lacks the setting '{name}'; add it."
    reason = first["msg"].removeprefix("Value error, ")
    where = f"the setting '{name}' cannot be {first['input']!r:.60}" if name else "the settings do not fit together"
    return f"{source}: {where} ({reason[0].lower()}{reason[1:]}); {remedy}."


def _telling(error: Mapping[str, Any]) -> tuple[bool, bool, int]:
    """The most telling error ranks highest.

    An unknown name explains a missing one; sizes of a network are not meant as the name of
    one; and of a setting's alternatives the one that was meant fits deepest.
    """
    name_of_one = error["type"] == "literal_error" and not isinstance(error["input"], str)
    return error["type"] in _UNKNOWN, not name_of_one, len(error["loc"])


def _known_at(place: tuple[int | str, ...], kind: type[Settings]) -> list[str]:
    """Names of the settings beside the last part of a place."""
    group: Any = kind
    for part in place[:-1]:
        field = group.model_fields.get(part)
        if field is not None:
            group = next((kind for kind in _kinds(field.annotation) if issubclass(kind, Settings)), group)
    return list(group.model_fields)


def _kinds(annotation: Any) -> list[type]:
    """All classes that a type hint mentions."""
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _kinds(part)]
