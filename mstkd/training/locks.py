"""One trainer a run, and one run a device; the system itself frees what a dead process held."""

from __future__ import annotations

import os
import shlex
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from lightning_fabric import Fabric

from mstkd.errors import InputError, why
from mstkd.runs.layout import LOCK, STOP
from mstkd.runs.state import process_is_dead, told
from mstkd.store.places import user_folder

ORPHANS_S = 20.0
"""A killed trainer's sample workers hold its locks until they notice, which they try every five seconds."""


@contextmanager
def alone(run: Path, fabric: Fabric) -> Iterator[None]:
    """Keep other processes from training the same run; they would write over each other.

    Raises:
        InputError: Another process trains it.
    """
    lock = FileLock(run / LOCK, blocking=False)
    try:
        if fabric.is_global_zero:  # it speaks for all processes of a run
            _take(lock, run)
    except Timeout as error:
        stop = shlex.quote(str(run / STOP))
        raise InputError(f"{run} is being trained by another process; to end that: touch {stop}.") from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def alone_on_device(run: Path, fabric: Fabric, share: bool) -> Iterator[None]:
    """Keep other runs of this user from the device: their memory would not suffice, and both would crawl.

    Each process holds its own GPU; a CPU is held by the run's first process alone.

    Args:
        share: Do not mind another run.

    Raises:
        InputError: Another run trains there.
    """
    if fabric.device.type == "cpu" and not fabric.is_global_zero:
        yield
        return
    path = _device_lock(fabric.device)
    holder = path.with_suffix(".run")
    lock = FileLock(path, blocking=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _take(lock, _held_by(holder))
        holder.write_text(str(run.resolve()), encoding="utf-8")
    except Timeout as error:
        if not share:
            raise InputError(_busy(fabric.device, _held_by(holder))) from error
    except OSError as error:
        if not share:
            raise InputError(
                f"{path} cannot be written ({why(error)}), so another run on this device would not be noticed; set "
                "MSTKD_STATE to a folder that can be written to, or use --share-device."
            ) from error
    try:
        yield
    finally:
        lock.release()


def state_folder() -> Path:
    """Where this user's runs see each other: ``MSTKD_STATE``, else in the user's data folder."""
    chosen = os.environ.get("MSTKD_STATE")
    return Path(chosen).expanduser().absolute() if chosen else user_folder() / "state"


def _device_lock(device: torch.device) -> Path:
    name = "cpu"
    if device.type == "cuda":  # CUDA_VISIBLE_DEVICES numbers GPUs anew for each process; this name stays
        name = f"cuda-{getattr(torch.cuda.get_device_properties(device), 'uuid', device.index)}"
    return state_folder() / f"{socket.gethostname()}-{name}.lock"


def _take(lock: FileLock, holder: Path | None) -> None:
    """Acquire a lock at once, or after a wait where only what is left of a killed trainer holds it."""
    try:
        lock.acquire()
    except Timeout:
        run = told(holder) if holder is not None else None
        if run is None or not process_is_dead(run):
            raise
        lock.acquire(timeout=ORPHANS_S, blocking=True)


def _held_by(holder: Path) -> Path | None:
    with suppress(OSError, ValueError):
        return Path(holder.read_text(encoding="utf-8"))
    return None


def _busy(device: torch.device, run: Path | None) -> str:
    other = f"the run {run}" if run is not None else "another run"
    place = "the CPU" if device.type == "cpu" else str(device)
    return (
        f"{other} is training on {place} of this computer; wait for its end, or train beside it, slower and with less "
        "memory for each, with --share-device."
    )
