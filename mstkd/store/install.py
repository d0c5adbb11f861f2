"""A staged package into its place, and out again; the standard library only."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mstkd.errors import InputError, why
from mstkd.files import file_sha256
from mstkd.store.card import CARD, WEIGHTS, InstalledModel, read_model
from mstkd.store.places import installed_models, models_folder
from mstkd.store.staging import PART, STAGED, refuse_other_model


def accept_staged(folder: Path) -> InstalledModel:
    """Install a package that `stage_model` made; returns it in its place.

    The same model under the same name and version is left as it is, unless damaged.

    Raises:
        InputError: It is not there any more, another model has this name and version, or its folder.
    """
    staged = read_model(_staged(folder))
    refuse_other_model(staged.card)
    for model in installed_models():
        if model.label == staged.label and file_sha256(model.folder / WEIGHTS) == model.sha256:
            discard_staged(folder)
            return model
    target = models_folder() / f"{staged.name}-{staged.version}"
    _refuse_other_label(target, staged.label)
    with _disk(target):
        if target.exists():
            _remove(target)
        folder.rename(target)
    return read_model(target)


def _refuse_other_label(target: Path, label: str) -> None:
    """Raise InputError when another model has this folder: one installed by hand, or of another case on Windows."""
    try:
        there = read_model(target)
    except InputError:
        return  # damaged, or none
    if there.label != label:
        raise InputError(f"{target} holds the model {there.label}; remove it first.")


def discard_staged(folder: Path) -> None:
    """Remove a staged package that was not accepted. Raises InputError when it is none."""
    with _disk(folder):
        shutil.rmtree(_staged(folder))


def remove_model(folder: Path) -> None:
    """Remove an installed model, usable or damaged.

    Raises:
        InputError: It is not one of the user's models folder, such as a shipped one.
    """
    real = folder.resolve()
    if any(model.shipped and model.folder.resolve() == real for model in installed_models()):
        raise InputError(
            f"{folder.name} came with the program and stays; only models that were installed can be removed."
        )
    package = (real / CARD).is_file() or (real / WEIGHTS).is_file()
    if real.parent != models_folder().resolve() or real.name.startswith(".") or not package:
        raise InputError(f"{folder} is no model in {models_folder()}, so it is not removed; delete it by hand.")
    with _disk(folder):
        _remove(real)


def _remove(folder: Path) -> None:
    """Take it out of sight at once, then delete it; what a kill leaves is swept at the next staging."""
    aside = Path(tempfile.mkdtemp(prefix=PART, dir=folder.parent))
    folder.rename(aside / folder.name)
    shutil.rmtree(aside, ignore_errors=True)


def _staged(folder: Path) -> Path:
    real = folder.resolve()
    if real.parent != models_folder().resolve() or not real.name.startswith(STAGED) or not real.is_dir():
        raise InputError(f"{folder} holds no model that waits to be installed; fetch it again.")
    return real


@contextmanager
def _disk(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{folder} cannot be changed ({why(error)}); close what uses it and try again.") from error
