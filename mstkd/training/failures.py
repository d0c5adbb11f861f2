"""What can befall a run, in one sentence, told where readers of the run look for it."""

from __future__ import annotations

import errno
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from mstkd.errors import InputError, why
from mstkd.inference.memory import is_out_of_memory
from mstkd.runs import RunState, read_run
from mstkd.training.checkpoint import kept
from mstkd.training.journal import Journal
from mstkd.training.status import Status

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk says that takes no more: it is full, the user's share of it is, or a file's is."""


@contextmanager
def failures_told(run: Path, status: Status, journal: Journal | None) -> Iterator[None]:
    """Say in status and journal why a run failed, then let the failure go on.

    Args:
        journal: None in a process that does not write it.
    """
    try:
        yield
    except Exception as error:
        message = str(error) if isinstance(error, InputError) else _unexpected(run, error)
        first = status.fail(message)
        if journal is not None:
            with suppress(Exception):  # the disk may be full; it must not hide what came first
                journal.write("failed", step=status.step, message=first)
        raise


@contextmanager
def refusal_told(run: Path) -> Iterator[None]:
    """Say in a run's status why its trainer could not even begin, for who does not see its terminal.

    A run that is being trained, or is finished, stays so.
    """
    try:
        yield
    except InputError as error:
        now = read_run(run)
        if now is not None and not now.state.alive and now.state is not RunState.FINISHED:
            status = Status(run, now.device)
            with suppress(OSError), status.alive():
                status.fail(str(error))
        raise


@contextmanager
def failures_in_sentences(run: Path) -> Iterator[None]:
    """Turn what can befall a run from outside into one sentence; the last checkpoint is untouched.

    Raises:
        InputError: Memory or disk ran out, a file vanished, or the system refused one.
    """
    try:
        yield
    except OSError as error:
        raise InputError(_refused(run, error)) from error
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(
            f"{run}: the memory was too small for a step, and {kept(run)}; lower "
            f"sampling.batch_size or the patch, or set activation_checkpointing=true, and {_resume(run)}."
        ) from error


def _refused(run: Path, error: OSError) -> str:
    name = error.filename or error
    if error.errno in FULL:
        where = f" ({error.filename})" if error.filename else ""
        return f"{run}: the disk is full{where}, and {kept(run)}; free space and {_resume(run)}."
    if isinstance(error, FileNotFoundError):
        return f"{name} vanished during the run, and {kept(run)}; put it back and {_resume(run)}."
    return (
        f"{name} cannot be read or written ({why(error)}), so {run} ended, and {kept(run)}; check its disk and "
        f"its permissions, and {_resume(run)}."
    )


def _unexpected(run: Path, error: Exception) -> str:
    said = " ".join(str(error).split())[:300]
    return (
        f"{run}: an unexpected error ended the run ({type(error).__name__}: {said}), and {kept(run)}; "
        f"{_resume(run)}, and report the error if it comes again."
    )


def _resume(run: Path) -> str:
    return f"resume with: mstkd train --resume {shlex.quote(str(run))}"
