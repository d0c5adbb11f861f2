"""Checkpoints that are whole or absent, and that load without unpickling objects."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from mstkd.errors import InputError

NAME, BEST = "checkpoint.pt", "best.safetensors"


def save_checkpoint(run: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values to ``run/checkpoint.pt``, replacing the last one at once.

    Raises:
        InputError: The disk is full or refuses; the last checkpoint stays.
    """
    _write_whole(run / NAME, lambda file: torch.save(state, file))


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
    except Exception as error:  # torch.load raises whatever the damaged bytes lead to
        raise InputError(f"{path} is damaged; start a new run.") from error
    return state


def save_best(run: Path, weights: dict[str, Tensor]) -> None:
    """Write the best student's weights to ``run/best.safetensors``; errors as `save_checkpoint`."""
    data = save({name: tensor.detach().contiguous().cpu() for name, tensor in weights.items()})
    _write_whole(run / BEST, lambda file: file.write(data))


def load_best(run: Path) -> dict[str, Tensor] | None:
    """The best student's weights; None before the first validation."""
    return load_file(run / BEST) if (run / BEST).is_file() else None


def _write_whole(path: Path, write: Callable[[BinaryIO], Any]) -> None:
    draft = path.with_name(f"{path.name}.part")
    try:
        with draft.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except (OSError, RuntimeError) as error:  # torch's writer reports a full disk as a RuntimeError
        draft.unlink(missing_ok=True)
        kept = "the last good one stays" if path.exists() else "there is none yet"
        raise InputError(f"{path} cannot be written, {kept}; free space on the disk and resume the run.") from error
