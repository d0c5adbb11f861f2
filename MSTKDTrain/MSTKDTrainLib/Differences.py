"""Which settings are not those of a preset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


def differences(settings: Mapping[str, Any], preset: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Their names as in the engine's files, ``sampling.batch_size``; a group that one of them lacks counts once."""
    for name in settings:
        mine, theirs = settings[name], preset.get(name)
        isGroup = isinstance(mine, Mapping) and isinstance(theirs, Mapping) and mine.keys() == theirs.keys()
        if isGroup:
            yield from differences(mine, theirs, f"{place}{name}.")
        elif mine != theirs:
            yield f"{place}{name}"
