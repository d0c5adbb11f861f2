"""Values of fields as the text that stands in an input or a cell, and back; what does not fit is refused in words."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from MSTKDLib.Translation import _

from .Schema import Anything, Choice, Field, Flag, Maybe, Number, Several

SEPARATORS = re.compile(r"[,;\s]+")


class MisfitError(ValueError):
    """The text is no value of the field; says what is needed."""


def textOf(field: Field, value: Any) -> str:
    """What an input shows for a value."""
    if value is None:
        return ""
    if isinstance(field, Maybe):
        return textOf(field.inner, value)
    if isinstance(field, Several):
        return ", ".join(textOf(field.item, item) for item in value)
    if isinstance(field, Number):
        return repr(value)
    return json.dumps(value) if isinstance(field, (Flag, Anything)) else str(value)


def valueOf(field: Field, text: str) -> Any:
    """What a text means.

    Raises:
        MisfitError: It is no value of the field, or one outside its limits.
    """
    text = text.strip()
    if isinstance(field, Maybe):
        return valueOf(field.inner, text) if text else None
    if isinstance(field, Several):
        return _several(field, text)
    if isinstance(field, Number):
        return _number(field, text)
    if isinstance(field, Choice):
        return _choice(field, text)
    if isinstance(field, (Flag, Anything)):
        return _json(field, text)
    if not text:
        raise MisfitError(_("it may not be empty"))
    return text


def _number(field: Number, text: str) -> float:
    try:
        value = int(text) if field.whole else float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        needed = _("a whole number is needed") if field.whole else _("a number such as 0.001 or 1e-3 is needed")
        raise MisfitError(_("{needed}, not '{text}'").format(needed=needed, text=text))
    for isKept, needed in _limits(field, value):
        if not isKept:
            raise MisfitError(_("{needed}, not {text}").format(needed=needed, text=text))
    return value


def _limits(field: Number, value: float) -> list[tuple[bool, str]]:
    """Each limit: whether it is kept, and how it reads."""
    low, high, above, below, multiple = field.minimum, field.maximum, field.above, field.below, field.multiple
    return [
        (low is None or value >= low, _("at least {limit} is needed").format(limit=low)),
        (high is None or value <= high, _("at most {limit} is needed").format(limit=high)),
        (above is None or value > above, _("more than {limit} is needed").format(limit=above)),
        (below is None or value < below, _("less than {limit} is needed").format(limit=below)),
        (multiple is None or value % multiple == 0, _("a multiple of {limit} is needed").format(limit=multiple)),
    ]


def _several(field: Several, text: str) -> list[Any]:
    items = [valueOf(field.item, item) for item in SEPARATORS.split(text) if item]
    if field.least == field.most and len(items) != field.least:
        raise MisfitError(_("{count} values are needed, not {given}").format(count=field.least, given=len(items)))
    if len(items) < field.least:
        raise MisfitError(_("at least {count} values are needed").format(count=field.least))
    if field.most is not None and len(items) > field.most:
        raise MisfitError(_("at most {count} values are needed").format(count=field.most))
    return items


def _choice(field: Choice, text: str) -> Any:
    for choice in field.choices:
        if str(choice) == text:
            return choice
    raise MisfitError(_("one of {choices} is needed").format(choices=", ".join(map(str, field.choices))))


def _json(field: Field, text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if value is None or (isinstance(field, Flag) and not isinstance(value, bool)):
        needed = _("true or false is needed") if isinstance(field, Flag) else _("a value in JSON is needed")
        raise MisfitError(_("{needed}, not '{text}'").format(needed=needed, text=text))
    return value
