"""A training run from a configuration and a datalist."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from lightning_fabric import Fabric

from mstkd.data.datalist import read_datalist, write_datalist
from mstkd.errors import InputError
from mstkd.models import load_package
from mstkd.network import MSTKDNet
from mstkd.runs.layout import CONFIG, DATALIST, PAUSE, STOP
from mstkd.training.cases import Cases, check_cases, load_cases
from mstkd.training.checkpoint import NAME as CHECKPOINT
from mstkd.training.checkpoint import check_room
from mstkd.training.config import TrainingConfig, write_config
from mstkd.training.devices import total
from mstkd.training.failures import failures_in_sentences, failures_told
from mstkd.training.fine_tuning import check_base, keep_base, load_base
from mstkd.training.journal import Journal, Listener
from mstkd.training.locks import alone, alone_on_device
from mstkd.training.loop import Asked, Trainer, check_shares
from mstkd.training.samples import Samples
from mstkd.training.status import Status
from mstkd.training.validation import Figures, validation_dice

PATIENCE = 2
"""Signals that wait for the end of a step; torchrun and a terminal may both send one for the same Ctrl-C."""


def start_run(config: TrainingConfig, datalist: Path, run: Path, processes: int = 1) -> None:
    """Make the run's folder with its own copy of configuration and datalist.

    Args:
        processes: That will share each batch.

    Raises:
        InputError: The folder holds a run already, the datalist, the teacher's package or the base is
            refused, or the datalist does not fit the configuration; nothing is made then.
    """
    cases = read_datalist(datalist)
    if (run / CONFIG).exists():
        raise InputError(f"{run} holds a run already; resume it with --resume or choose another folder.")
    check_cases(cases, config, datalist)
    check_shares(config, processes)
    if config.teacher is not None and config.teacher.package is not None:
        load_package(config.teacher.package)
    base = load_base(config)
    run.mkdir(parents=True, exist_ok=True)
    if base is not None:
        keep_base(run, base)
    write_datalist(run / DATALIST, cases)
    write_config(run / CONFIG, config)


def continue_run(
    run: Path,
    config: TrainingConfig,
    *,
    cache: Path,
    fabric: Fabric,
    listeners: tuple[Listener, ...] = (),
    share_device: bool = False,
) -> bool:
    """Train until the end, Ctrl-C, SIGTERM or a file named ``stop`` in the run's folder.

    Starts from the run's checkpoint where there is one; waits while there is a file named
    ``pause``. Under torchrun all processes call this.

    Args:
        config: The run's settings; changed ones take the place of its own once they fit its checkpoint.
        fabric: Devices and processes.
        listeners: Told of the journal's events.
        share_device: Train also where another run trains on the same device.

    Returns:
        Whether the run is complete.

    Raises:
        InputError: A case is refused, memory or disk are too small, a file vanished, the
            device is taken, or the loss is no number; the last checkpoint is kept.
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
                with alone_on_device(run, fabric, share_device), stop_signals() as signalled:
                    complete = _train(
                        run, config, cache, fabric, journal, status, lambda: bool(signalled) or (run / STOP).exists()
                    )
                if first:
                    (run / STOP).unlink(missing_ok=True)
                return complete


def _train(
    run: Path, config: TrainingConfig, cache: Path, fabric: Fabric, journal: Journal, status: Status, stop: Asked
) -> bool:
    begun = (run / CHECKPOINT).exists()
    check_base(run, config, begun=begun)
    cases = _cases(run, config, cache, fabric, journal, status, stop)
    if cases is None:
        return False
    training, validation = cases
    status.tell(text="Making the networks")
    subsets = config.validation.subsets
    samples = Samples(run, validation[:: fabric.world_size] if fabric.is_global_zero else [], subsets)

    def validate(network: MSTKDNet, stop: Asked) -> Figures | None:
        status.tell(text=f"Validating after step {trainer.step}")
        figures = validation_dice(network, validation, subsets, fabric, stop, samples.take)
        if figures is not None:
            samples.write(trainer.step)
        return figures

    trainer = Trainer(
        config,
        training,
        run,
        fabric=fabric,
        validate=validate,
        journal=journal,
        resume=begun,
    )
    if fabric.is_global_zero:
        check_room(run, trainer.state())
        write_config(run / CONFIG, config)
    return trainer.train(stop=stop, pause=lambda: fabric.is_global_zero and (run / PAUSE).exists())


def _cases(
    run: Path, config: TrainingConfig, cache: Path, fabric: Fabric, journal: Journal, status: Status, stop: Asked
) -> Cases | None:
    """All the run's cases, prepared by its first process; None when any process was stopped at it."""

    def preparing(done: int, of: int, case: str) -> None:
        if fabric.is_global_zero:
            journal.write("prepare", step=status.step, done=done, of=of, case=case)

    def checking(done: int, of: int) -> None:
        status.tell(text=f"Checking patient {done + 1} of {of}")

    with fabric.rank_zero_first():
        cases = load_cases(run, config, cache, checking=checking, preparing=preparing, stop=stop)
    stopped = total(fabric, torch.tensor(float(cases is None), device=fabric.device)) > 0
    if not fabric.is_global_zero:
        return None if stopped else cases
    if stopped:
        journal.write("stopped", step=status.step)
        return None
    if cases is not None and not cases[1]:
        journal.write("unvalidated", step=0)
    return cases


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


def config_of(run: Path) -> Path:
    """The run's own configuration; raises InputError when the folder holds no run."""
    if not (run / CONFIG).is_file():
        raise InputError(f"{run} holds no run; start one with 'mstkd train CONFIG --data DATALIST -o {run}'.")
    return run / CONFIG
