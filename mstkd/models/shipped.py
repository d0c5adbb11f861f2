"""Where the model lies that comes with the extension."""

from __future__ import annotations

from pathlib import Path

from mstkd.errors import InputError

DEFAULT_MODEL = "compact-student"
_PLACES = (
    Path(__file__).parents[1] / "_models",  # a wheel
    Path(__file__).parents[2] / "Resources" / "Models",  # a checkout, or the installed extension
)


def shipped_model(name: str = DEFAULT_MODEL) -> Path:
    """Folder of a model package that comes with this installation.

    Raises:
        InputError: The installation holds none of that name.
    """
    for place in _PLACES:
        if (place / name).is_dir():
            return place / name
    raise InputError(f"the model '{name}' is not installed with mstkd; reinstall it or give --model FOLDER.")
