"""What may be asked of a trainer, wherever it runs: files in its run's folder, which it looks for at each step."""

from __future__ import annotations

from pathlib import Path

from mstkd.errors import InputError, why
from mstkd.runs.layout import PAUSE, STOP


def ask_stop(run: Path) -> None:
    """Ask for a checkpoint and the end; also of a paused run."""
    _place(run / STOP)


def ask_pause(run: Path) -> None:
    """Ask for a checkpoint and to wait for `ask_resume` or `ask_stop`."""
    _place(run / PAUSE)


def ask_resume(run: Path) -> None:
    """Take a pause back.

    Raises:
        InputError: The folder refuses.
    """
    try:
        (run / PAUSE).unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f"{run / PAUSE} cannot be removed ({why(error)}); check the folder's permissions.") from error


def _place(file: Path) -> None:
    try:
        file.touch()
    except OSError as error:
        raise InputError(f"{file} cannot be made ({why(error)}); check that the run's folder is there.") from error
