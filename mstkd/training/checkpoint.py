"""Checkpoints that are whole or absent, and that load without unpickling objects."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from mstkd.errors import InputError
from mstkd.files import whole_file

NAME, BEST = "checkpoint.pt", "best.safetensors"


def save_checkpoint(run: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values to ``run/checkpoint.pt``, replacing the last one at once.

    Raises:
        InputError: The disk is full or refuses; the last checkpoint stays.
    """
    with _refusals(run / NAME), whole_file(run / NAME) as draft:
        torch.save(state, draft)


def load_checkpoint(run: Path) -> dict[str, Any]:
    """Read ``run/checkpoint.pt``; only tensors and plain values are accepted.

    Raises:
        InputError: Missing or damaged.
    """
    path = run / NAME
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{run} holds no {NAME} yet; let the run reach its first checkpoint.") from error
    except (OSError, MemoryError):  # says nothing about the file
        raise
    except Exception as error:  # torch.load raises whatever the damaged bytes lead to
        raise InputError(f"{path} is damaged; start a new run.") from error
    return state


def save_best(run: Path, weights: dict[str, Tensor]) -> None:
    """Write the best student's weights to ``run/best.safetensors``; errors as `save_checkpoint`."""
    with _refusals(run / BEST), whole_file(run / BEST) as draft:
        save_file({name: tensor.detach().contiguous().cpu() for name, tensor in weights.items()}, draft)
        draft.chmod(0o644)  # safetensors makes it for its owner alone, but a run's folder may be shared


def load_best(run: Path) -> dict[str, Tensor] | None:
    """The best student's weights; None before the first validation.

    Raises:
        InputError: Damaged.
    """
    if not (run / BEST).is_file():
        return None
    try:
        return load_file(run / BEST)
    except SafetensorError as error:
        raise InputError(f"{run / BEST} is damaged; remove it to package the last student instead.") from error


def check_room(run: Path, state: dict[str, Any]) -> None:
    """Raise InputError unless the run's disk has room for a checkpoint beside the last one, and for the best weights.

    Args:
        state: What a checkpoint will hold; its optimisers need not have made a step yet.
    """
    needed = 2 * _bytes(state) + _bytes(state["average"])
    kept = sum((run / name).stat().st_size for name in (NAME, BEST) if (run / name).exists())
    short = needed - kept - shutil.disk_usage(run).free
    if short > 0:
        raise InputError(
            f"{run}: the disk is too full to begin, as two checkpoints and the best weights of this run take "
            f"{needed / 1e9:.2f} GB; free {short / 1e9:.2f} GB and resume the run, or make one on another disk."
        )


def _bytes(state: Any) -> int:
    """Of the tensors in a checkpoint, with the two moments that an optimiser keeps of each weight."""
    if isinstance(state, Tensor):
        return state.nbytes
    if not isinstance(state, dict):
        return 0
    if "optimizer" in state:
        return 3 * _bytes(state["module"])
    return sum(map(_bytes, state.values()))


def kept(run: Path) -> str:
    """What a sentence on a failure can say of the run's checkpoint."""
    try:
        (run / NAME).stat()
    except FileNotFoundError:
        return "there is no checkpoint yet"
    except OSError:
        return "a checkpoint, if there is one, was not touched"
    return "the last checkpoint was kept"


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:  # torch reports a full disk as a RuntimeError
        kept = "the last good one stays" if path.exists() else "there is none yet"
        raise InputError(f"{path} cannot be written, {kept}; free space on the disk and resume the run.") from error
