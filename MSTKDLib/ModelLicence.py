"""The licences of models: which the user has agreed to, and installing a model under one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .Memory import Memory
from .Translation import _

_MEMORY = Memory("MSTKDSegment")
"""Where the module that uses the models keeps its choices, so that it does not ask again."""


def isAgreed(model) -> bool:
    """Whether a model may be used: its licence is permissive, or the user has agreed to it for these weights."""
    from mstkd.store import needs_consent

    return not needs_consent(model.card) or _MEMORY.remembered(_agreement(model)) == model.sha256


def agree(model) -> None:
    """Keep that the user agrees to the licence."""
    _MEMORY.remember(_agreement(model), model.sha256)


def takeStaged(folder: Path, card: dict, confirm: Callable[[str], bool]):
    """Install a model that the engine has checked, and choose it, if the user agrees to its licence; else drop it.

    Returns:
        The installed model; None if the user does not agree.

    Raises:
        InputError: It cannot be installed.
    """
    from mstkd.store import accept_staged, discard_staged

    question = _("{name} {version}: {summary}\n\nLicence: {licence}\n\nInstall it under this licence?").format(
        name=card["name"], version=card["version"], summary=card["summary"], licence=card["licence"]
    )
    if not confirm(question):
        discard_staged(folder)
        return None
    model = accept_staged(folder)
    agree(model)
    _MEMORY.remember("model", model.label)
    return model


def _agreement(model) -> str:
    """The setting that keeps the weights whose licence the user has agreed to."""
    return f"agreed/{model.label}"
