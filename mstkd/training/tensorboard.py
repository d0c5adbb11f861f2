"""A run's journal as TensorBoard scalars; an optional extra."""

from __future__ import annotations

from pathlib import Path

from mstkd.errors import InputError
from mstkd.runs import Event
from mstkd.training.journal import Listener

FOLDER = "tensorboard"
NO_SCALARS = ("event", "time", "step")


def tensorboard_listener(run: Path) -> Listener:
    """Writes each step's numbers and each validation's Dice to ``run/tensorboard``.

    Raises:
        InputError: TensorBoard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter  # an extra, and slow to import
    except ImportError as error:
        raise InputError("--tensorboard needs TensorBoard; install it with: pip install tensorboard.") from error
    writer = None

    def listen(event: Event) -> None:
        nonlocal writer
        if writer is None:  # not before the run has its folder
            writer = SummaryWriter(str(run / FOLDER))
        if event["event"] == "step":
            for name, value in event.items():
                if name not in NO_SCALARS:
                    writer.add_scalar(f"train/{name}", value, event["step"])
        elif event["event"] == "validation":
            for subset, regions in event["dice"].items():
                for region, value in regions.items():
                    writer.add_scalar(f"validation {region}/{subset}", value, event["step"])
        writer.flush()

    return listen
