"""Values on their way between Python and Qt, converted as PythonQt converts them.

Out of Qt lists come as tuples and enums as ints; into Qt numbers are accepted for text, floats are cut for ints, ints
stand for enums, and anything else that does not fit is a ValueError.
"""

from __future__ import annotations

import collections.abc
import enum
import inspect
import numbers
import types
import typing

from shiboken6 import Shiboken
from shibokensupport.signature import get_signature

INT_RANGE = range(-(2**31), 2**31)


class MisfitError(Exception):
    """The value cannot stand for the declared type."""


def fit(value, annotation) -> tuple[int, object]:
    """The value as the declared type and what that cost: 0 as it is, 1 converted.

    Raises:
        MisfitError: PythonQt would refuse it.
    """
    if annotation in (typing.Any, object, inspect.Parameter.empty) or isinstance(annotation, (str, typing.TypeVar)):
        return 0, value
    origin = typing.get_origin(annotation)
    if origin in (typing.Union, types.UnionType):
        return _fit_one_of(value, typing.get_args(annotation))
    if origin is not None:
        return _fit_generic(value, origin, typing.get_args(annotation))
    if annotation is type(None):
        return _exact(value, value is None)
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return _fit_enum(value, annotation)
    plain = {str: _fit_text, bool: _fit_bool, int: _fit_int, float: _fit_float}.get(annotation)
    if plain:
        return plain(value)
    if annotation is collections.abc.Callable:
        return _exact(value, callable(value))
    if isinstance(annotation, type) and issubclass(annotation, Shiboken.Object):
        return _exact(value, value is None or isinstance(value, annotation))
    if annotation in (dict, list) or hasattr(annotation, "IsTypeOf"):  # the latter: a class of VTK
        return _exact(value, isinstance(value, annotation))
    return 0, value


def _exact(value, fits: bool):
    if not fits:
        raise MisfitError
    return 0, value


def _fit_one_of(value, choices):
    costs = []
    for choice in choices:
        try:
            costs.append(fit(value, choice))
        except MisfitError:
            continue
    if not costs:
        raise MisfitError
    return min(costs, key=lambda pair: pair[0])


def _fit_generic(value, origin, arguments):
    if isinstance(origin, type) and issubclass(origin, collections.abc.Callable):
        return _exact(value, callable(value))
    if not (isinstance(origin, type) and issubclass(origin, (collections.abc.Iterable, list, tuple))):
        return 0, value
    if isinstance(value, dict) or issubclass(origin, collections.abc.Mapping):
        return _exact(value, isinstance(value, dict))
    if not isinstance(value, (list, tuple)):
        raise MisfitError
    element = arguments[0] if arguments else typing.Any
    return 0, [fit(item, element)[1] for item in value]


def _fit_enum(value, annotation):
    if isinstance(value, annotation):
        return 0, value
    if isinstance(value, bool) or not isinstance(value, int):
        raise MisfitError
    try:
        return 0, annotation(value)
    except ValueError:
        raise MisfitError from None


def _fit_text(value):
    if isinstance(value, str):
        return 0, value
    if value is None or isinstance(value, numbers.Number):  # as PythonQt: str(value), so None reads "None"
        return 1, str(value)
    raise MisfitError


def _fit_bool(value):
    if isinstance(value, bool):
        return 0, value
    if isinstance(value, numbers.Number) or type(value).__name__ == "bool_":
        return 1, bool(value)
    raise MisfitError


def _fit_int(value):
    if not isinstance(value, numbers.Real):
        raise MisfitError
    whole = int(value)
    exact = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    return (0 if exact else 1), whole if whole in INT_RANGE else 0  # PythonQt's silent zero


def _fit_float(value):
    if not isinstance(value, numbers.Real):
        raise MisfitError
    return (0 if isinstance(value, float) else 1), float(value)


def overloads(function) -> list[inspect.Signature]:
    """The declared signatures of a Qt function, constructor or of a Python function; empty when unknown."""
    if isinstance(function, (types.FunctionType, types.MethodType)):
        return [inspect.signature(function, eval_str=True)]
    found = get_signature(function)
    return list(found) if isinstance(found, (list, tuple)) else [found] if found else []


def matched(function, arguments: list, what: str) -> list:
    """The arguments as the cheapest overload wants them.

    Raises:
        ValueError: no overload takes them.
    """
    choices = []
    signatures = overloads(function)
    for signature in signatures:
        try:
            choices.append(_bind(signature, arguments))
        except MisfitError:
            continue
    if choices:
        return min(choices, key=lambda pair: pair[0])[1]
    if not signatures:
        return arguments
    raise ValueError(f"Called {what} with wrong arguments: {tuple(arguments)}")


def _bind(signature: inspect.Signature, arguments: list) -> tuple[int, list]:
    parameters = [p for name, p in signature.parameters.items() if name != "self" and p.kind != p.KEYWORD_ONLY]
    if any(p.kind == p.VAR_POSITIONAL for p in parameters):
        return 0, arguments
    needed = sum(p.default is p.empty for p in parameters)
    if not needed <= len(arguments) <= len(parameters):
        raise MisfitError
    pairs = [fit(value, p.annotation) for value, p in zip(arguments, parameters, strict=False)]
    return sum(cost for cost, _ in pairs), [value for _, value in pairs]
