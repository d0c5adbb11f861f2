"""A training run from a configuration and a datalist."""

from __future__ import annotations

import errno
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout
from lightning_fabric import Fabric

from mstkd.data.cache import CachedCase, load_cached
from mstkd.data.datalist import Case, read_datalist, write_datalist
from mstkd.errors import InputError
from mstkd.inference.memory import is_out_of_memory
from mstkd.models import load_package
from mstkd.runs.layout import CONFIG, DATALIST, LOCK, STOP
from mstkd.training.checkpoint import NAME as CHECKPOINT
from mstkd.training.config import TrainingConfig, write_config
from mstkd.training.journal import Journal, Listener
from mstkd.training.loop import Trainer, check_shares
from mstkd.training.validation import validation_dice

PATIENCE = 2
"""Signals that wait for the end of a step; torchrun and a terminal may both send one for the same Ctrl-C."""


def start_run(config: TrainingConfig, datalist: Path, run: Path, processes: int = 1) -> None:
    """Make the run's folder with its own copy of configuration and datalist.

    Args:
        processes: That will share each batch.

    Raises:
        InputError: The folder holds a run already, the datalist or the teacher's package is
            refused, or the datalist does not fit the configuration; nothing is made then.
    """
    cases = read_datalist(datalist)
    if (run / CONFIG).exists():
        raise InputError(f"{run} holds a run already; resume it with --resume or choose another folder.")
    check_cases(cases, config, datalist)
    check_shares(config, processes)
    if config.teacher is not None and config.teacher.package is not None:
        load_package(config.teacher.package)
    run.mkdir(parents=True, exist_ok=True)
    write_datalist(run / DATALIST, cases)
    write_config(run / CONFIG, config)


def continue_run(
    run: Path, config: TrainingConfig, *, cache: Path, fabric: Fabric, listeners: tuple[Listener, ...] = ()
) -> bool:
    """Train until the end, Ctrl-C, SIGTERM or a file named ``stop`` in the run's folder.

    Starts from the run's checkpoint where there is one. Under torchrun all processes call
    this.

    Args:
        config: The run's settings; changed ones take the place of its own once they fit its checkpoint.
        fabric: Devices and processes.
        listeners: Told of the journal's events.

    Returns:
        Whether the run is complete.

    Raises:
        InputError: A case is refused, memory or disk are too small, a file vanished, or
            the loss is no number; the last checkpoint is kept.
    """
    journal = Journal(run, listeners)
    with failures_in_sentences(run), fabric.rank_zero_first():
        training, validation = load_cases(run, config, cache)
    with failures_in_sentences(run), alone(run, fabric), stop_signals() as signalled:
        if fabric.is_global_zero and not validation:
            journal.write("unvalidated", step=0)
        trainer = Trainer(
            config,
            training,
            run,
            fabric=fabric,
            validate=lambda network, stop: validation_dice(
                network, validation, config.validation.subsets, fabric, stop
            ),
            journal=journal,
            resume=(run / CHECKPOINT).exists(),
        )
        if fabric.is_global_zero:
            write_config(run / CONFIG, config)
        complete = trainer.train(stop=lambda: bool(signalled) or (run / STOP).exists())
        if fabric.is_global_zero:
            (run / STOP).unlink(missing_ok=True)
        return complete


def load_cases(run: Path, config: TrainingConfig, cache: Path) -> tuple[list[CachedCase], list[CachedCase]]:
    """The run's training and validation cases from the cache.

    Raises:
        InputError: A case is refused, or the cases do not fit the configuration.
    """
    cases = read_datalist(run / DATALIST)
    check_cases(cases, config, run / DATALIST)
    training, validation = ([load_cached(c, cache) for c in cases if c.split == s] for s in ("train", "validation"))
    return training, validation


def check_cases(cases: Sequence[Case], config: TrainingConfig, source: Path) -> None:
    """Raise InputError when none is for training, or a data set that the configuration weighs is absent."""
    if not any(case.split == "train" for case in cases):
        raise InputError(f"{source} has no case with the split 'train'; add some.")
    known = sorted({case.dataset for case in cases})
    unknown = sorted(set(config.sampling.dataset_weights) - set(known))
    if unknown:
        raise InputError(
            f"{source} lacks the data set '{unknown[0]}', which the configuration weighs (it has {', '.join(known)}); "
            "correct it with --set sampling.dataset_weights={}."
        )


@contextmanager
def alone(run: Path, fabric: Fabric) -> Iterator[None]:
    """Keep other processes from training the same run; they would write over each other.

    Raises:
        InputError: Another process trains it.
    """
    lock = FileLock(run / LOCK, blocking=False)
    try:
        if fabric.is_global_zero:  # it speaks for all processes of a run
            lock.acquire()
    except Timeout as error:
        raise InputError(f"{run} is being trained by another process; to end that: touch {run / STOP}.") from error
    try:
        yield
    finally:
        lock.release()


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


@contextmanager
def failures_in_sentences(run: Path) -> Iterator[None]:
    """Turn what can befall a run from outside into one sentence; the last checkpoint is untouched.

    Raises:
        InputError: Memory or disk ran out, or a file vanished.
    """
    resume = f"resume with: mstkd train --resume {run}"
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise InputError(
                f"{run}: the disk is full, and the last checkpoint was kept; free space and {resume}."
            ) from error
        if isinstance(error, FileNotFoundError):
            raise InputError(
                f"{error.filename or error} vanished during the run, and the last checkpoint was kept; "
                f"put it back and {resume}."
            ) from error
        raise
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        raise InputError(
            f"{run}: the memory was too small for a step, and the last checkpoint was kept; lower "
            f"sampling.batch_size or the patch, or set activation_checkpointing=true, and {resume}."
        ) from error


def config_of(run: Path) -> Path:
    """The run's own configuration; raises InputError when the folder holds no run."""
    if not (run / CONFIG).is_file():
        raise InputError(f"{run} holds no run; start one with 'mstkd train CONFIG --data DATALIST -o {run}'.")
    return run / CONFIG
