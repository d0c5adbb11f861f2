"""A trainer's life in its run's folder: alone there, seen to be alive, obedient, its failures told."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from lightning_fabric import Fabric

from mstkd.runs.layout import PAUSE, STOP
from mstkd.training.failures import failures_in_sentences, failures_told
from mstkd.training.journal import Journal, Listener
from mstkd.training.locks import alone, alone_on_device
from mstkd.training.loop import Asked
from mstkd.training.status import Status

PATIENCE = 2
"""Signals that wait for the end of a step; torchrun and a terminal may both send one for the same Ctrl-C."""


@dataclass(frozen=True)
class Life:
    """What who works at a run speaks through, and listens to.

    Attributes:
        stop: Whether Ctrl-C, SIGTERM or a file named ``stop`` asked for the end.
    """

    status: Status
    journal: Journal
    stop: Asked


@contextmanager
def living(run: Path, fabric: Fabric, listeners: tuple[Listener, ...], share_device: bool) -> Iterator[Life]:
    """Hold a run and its device, with a heartbeat, for as long as work at it lasts; tell there why it failed.

    Args:
        listeners: Told of the journal's events.
        share_device: Work also where another run does on the same device.

    Raises:
        InputError: The run or the device is taken, or something befell the run from outside.
    """
    first = fabric.is_global_zero
    with alone(run, fabric):
        status = Status(run, str(fabric.device), speaks=first)
        journal = Journal(run, (status.listen, *listeners))
        with status.alive():
            # Before it, the status may be another trainer's, in which no failure of this one belongs.
            fabric.barrier()
            with failures_told(run, status, journal if first else None), failures_in_sentences(run):
                if first:
                    (run / PAUSE).unlink(missing_ok=True)  # asked of an earlier trainer
                    forget_old_stop(run)
                with alone_on_device(run, fabric, share_device), stop_signals() as signalled:
                    yield Life(status, journal, lambda: bool(signalled) or (run / STOP).exists())
                if first:
                    (run / STOP).unlink(missing_ok=True)


def forget_old_stop(folder: Path) -> None:
    """Remove a ``stop`` that is older than this process: it was meant for one that failed before it obeyed."""
    stop = folder / STOP
    with suppress(FileNotFoundError):
        if stop.stat().st_mtime < psutil.Process().create_time():
            stop.unlink()


@contextmanager
def stop_signals() -> Iterator[list[int]]:
    """Collects Ctrl-C and SIGTERM instead of obeying them at once, so that a step is finished first.

    A third one is obeyed at once.
    """
    received: list[int] = []

    def collect(number: int, _frame: object) -> None:
        received.append(number)
        if len(received) > PATIENCE:
            raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, collect) for number in numbers]
    try:
        yield received
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)
