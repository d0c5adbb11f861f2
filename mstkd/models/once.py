"""The model that is in memory."""

from __future__ import annotations

import functools
from pathlib import Path

from mstkd.models.package import ModelPackage, load_package
from mstkd.store.card import CARD


def load_once(folder: Path) -> ModelPackage:
    """The verified package, kept for the next patient until another is asked for or its card changes.

    Raises InputError as `load_package` does.
    """
    card = folder / CARD
    return _load(folder, card.stat().st_mtime_ns if card.exists() else 0)


@functools.lru_cache(maxsize=1)
def _load(folder: Path, _changed: int) -> ModelPackage:
    return load_package(folder)
