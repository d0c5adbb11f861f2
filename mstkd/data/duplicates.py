"""Equal files under different names, found without reading most of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from pathlib import Path

from mstkd.files import file_sha256

MIDDLE = 65536
"""Bytes that are compared first: uncompressed images of one set all have the same size."""


def content_names(paths: Iterable[Path]) -> dict[Path, str]:
    """A name for the content of each existing file, which only equal files share."""
    names = {}
    for same_size in _groups(set(paths), lambda path: path.stat().st_size):
        for alike in _groups(same_size, _middle) if len(same_size) > 1 else [same_size]:
            for path in alike:
                names[path] = file_sha256(path) if len(alike) > 1 else str(path)
    return names


def _groups(paths: Iterable[Path], key: Callable[[Path], Hashable]) -> list[list[Path]]:
    groups = defaultdict(list)
    for path in paths:
        groups[key(path)].append(path)
    return list(groups.values())


def _middle(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(path.stat().st_size // 2)
        return file.read(MIDDLE)
