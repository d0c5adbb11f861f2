"""Checkpoints that are whole or absent, and that load without unpickling objects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from mstkd.errors import InputError

NAME = "checkpoint.pt"


def save_checkpoint(run: Path, state: dict[str, Any]) -> None:
    """Write tensors and plain values to ``run/checkpoint.pt``, replacing the last one at once."""
    draft = run / f"{NAME}.part"
    torch.save(state, draft)
    draft.replace(run / NAME)


def load_checkpoint(run: Path) -> dict[str, Any]:
    """Read ``run/checkpoint.pt``; only tensors and plain values are accepted.

    Raises:
        InputError: Missing or damaged.
    """
    path = run / NAME
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(f"{run} holds no {NAME}, so there is nothing to resume; start a new run.") from error
    except Exception as error:  # torch.load raises whatever the damaged bytes lead to
        raise InputError(f"{path} is damaged; start a new run.") from error
    return state
