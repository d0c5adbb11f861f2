"""Where model packages lie: those that came with the program, and the user's own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

from mstkd.errors import InputError
from mstkd.store.card import InstalledModel, read_model

DEFAULT_MODEL = "compact-student"
"""The shipped model, by its folder, that is used when none is chosen, and listed first."""
_SHIPPED = (
    Path(__file__).parents[1] / "_models",  # a wheel
    Path(__file__).parents[2] / "Resources" / "Models",  # a checkout, or the installed extension
)


def models_folder() -> Path:
    """The user's models, one folder each: ``MSTKD_MODELS``, else in the user's data folder. It may not exist yet."""
    if chosen := os.environ.get("MSTKD_MODELS"):
        return Path(chosen).expanduser().absolute()
    return user_folder() / "models"


def user_folder() -> Path:
    """What this user keeps of the program between sessions, as the system has it. It may not exist yet."""
    if sys.platform == "win32":
        data = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        data = Path.home() / "Library" / "Application Support"
    else:
        data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return data / "mstkd"


def installed_models() -> list[InstalledModel]:
    """All usable models: the default, other shipped ones, the user's own; each group by folder name."""
    return [model for model in _read() if isinstance(model, InstalledModel)]


def problems() -> list[str]:
    """A sentence for each folder that should be a model and is not."""
    return [problem for problem in _read() if isinstance(problem, str)]


def _read() -> Iterator[InstalledModel | str]:
    for place, shipped in [*((place, True) for place in _SHIPPED), (models_folder(), False)]:
        folders = list(place.iterdir()) if place.is_dir() else []
        for folder in sorted(folders, key=lambda folder: (not shipped or folder.name != DEFAULT_MODEL, folder)):
            if folder.is_dir() and not folder.name.startswith("."):
                try:
                    yield read_model(folder, shipped=shipped)
                except InputError as error:
                    yield str(error)


def shipped_model() -> Path:
    """Folder of the model that is used when none is chosen.

    Raises:
        InputError: This installation lacks it.
    """
    for place in _SHIPPED:
        if (place / DEFAULT_MODEL).is_dir():
            return place / DEFAULT_MODEL
    raise InputError(f"the model '{DEFAULT_MODEL}' is not installed with mstkd; reinstall it or choose another model.")


def find_model(wanted: str | Path | None) -> Path:
    """The folder of a model given as a folder, or as ``NAME`` or ``NAME-VERSION`` of an installed one.

    A folder goes before a name; None is the shipped model.

    Raises:
        InputError: Neither, or a name of several versions.
    """
    if wanted is None:
        return shipped_model()
    if Path(wanted).is_dir():
        return Path(wanted)
    models = installed_models()
    named = [m for m in models if str(wanted) in (m.name, f"{m.name}-{m.version}")]
    if len(named) == 1:
        return named[0].folder
    if named:
        choice = " or ".join(f"{m.name}-{m.version}" for m in named)
        raise InputError(f"several versions of the model '{wanted}' are installed; choose {choice}.")
    known = ", ".join(m.name for m in models) or "none"
    raise InputError(f"{wanted} is neither a model's folder nor an installed model ({known}); check the name.")
