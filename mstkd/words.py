"""Things in sentences: how many, and which."""

from __future__ import annotations

from collections.abc import Iterable


def counted(number: int, thing: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def listed(names: Iterable[str]) -> str:
    """``WT, TC and ET``."""
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
