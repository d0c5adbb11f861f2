"""A training run from a configuration and a datalist."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import torch
from lightning_fabric import Fabric

from mstkd.data.datalist import Case, read_datalist, write_datalist
from mstkd.data.synthesis import head_files
from mstkd.errors import InputError
from mstkd.evaluation.case_dice import write_case_dice
from mstkd.models import ModelPackage, load_package
from mstkd.network import MSTKDNet
from mstkd.runs.layout import CONFIG, DATALIST, PAUSE, VALIDATION
from mstkd.training.cases import Cases, check_cases, load_cases, load_config_heads
from mstkd.training.checkpoint import NAME as CHECKPOINT
from mstkd.training.checkpoint import check_room
from mstkd.training.config import TrainingConfig, write_config
from mstkd.training.devices import total
from mstkd.training.fine_tuning import check_base, load_base
from mstkd.training.journal import Listener
from mstkd.training.life import Life, living
from mstkd.training.loop import Asked, Trainer, check_shares
from mstkd.training.origins import BASE, keep_card, keep_teacher
from mstkd.training.samples import Samples
from mstkd.training.validation import Figures, figures_of, validation_dice


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
    base = check_start(config, cases, datalist, processes)
    run.mkdir(parents=True, exist_ok=True)
    if base is not None:
        keep_card(run / BASE, base.card)
    write_datalist(run / DATALIST, cases)
    write_config(run / CONFIG, config)


def check_start(
    config: TrainingConfig, cases: Sequence[Case], datalist: Path, processes: int = 1
) -> ModelPackage | None:
    """Refuse what no run can be made of; the model that it would start from, if it starts from one.

    Raises:
        InputError: As `start_run`.
    """
    check_cases(cases, config, datalist)
    check_shares(config, processes)
    if config.drawn_heads is not None:
        head_files(config.drawn_heads)
    if config.teacher is not None and config.teacher.package is not None:
        load_package(config.teacher.package)
    return load_base(config)


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
    with living(run, fabric, listeners, share_device) as life:
        return _train(run, config, cache, fabric, life)


def _train(run: Path, config: TrainingConfig, cache: Path, fabric: Fabric, life: Life) -> bool:
    begun = (run / CHECKPOINT).exists()
    check_base(run, config, begun=begun)
    cases = _cases(run, config, cache, fabric, life)
    if cases is None:
        return False
    training, validation = cases
    with fabric.rank_zero_first():
        heads = load_config_heads(config, cache)
    life.status.tell(text="Making the networks")
    subsets = config.validation.subsets
    samples = Samples(run, validation[:: fabric.world_size] if fabric.is_global_zero else [], subsets)

    def validate(network: MSTKDNet, stop: Asked) -> Figures | None:
        life.status.tell(text=f"Validating after step {trainer.step}")
        rows = validation_dice(network, validation, subsets, fabric, stop, samples.take)
        if rows is None:
            return None
        if fabric.is_global_zero:
            write_case_dice(run / VALIDATION, rows)
        samples.write(trainer.step)
        return figures_of(rows)

    trainer = Trainer(
        config,
        training,
        run,
        fabric=fabric,
        validate=validate,
        journal=life.journal,
        heads=heads,
        resume=begun,
    )
    if fabric.is_global_zero:
        check_room(run, trainer.state())
        write_config(run / CONFIG, config)
        keep_teacher(run, config)
    return trainer.train(stop=life.stop, pause=lambda: fabric.is_global_zero and (run / PAUSE).exists())


def _cases(run: Path, config: TrainingConfig, cache: Path, fabric: Fabric, life: Life) -> Cases | None:
    """All the run's cases, prepared by its first process; None when any process was stopped at it."""

    def preparing(done: int, of: int, case: str) -> None:
        if fabric.is_global_zero:
            life.journal.write("prepare", step=life.status.step, done=done, of=of, case=case)

    def checking(done: int, of: int) -> None:
        life.status.tell(text=f"Checking patient {done + 1} of {of}")

    with fabric.rank_zero_first():
        cases = load_cases(run, config, cache, checking=checking, preparing=preparing, stop=life.stop)
    stopped = total(fabric, torch.tensor(float(cases is None), device=fabric.device)) > 0
    if not fabric.is_global_zero:
        return None if stopped else cases
    if stopped:
        life.journal.write("stopped", step=life.status.step)
        return None
    if cases is not None and not cases[1]:
        life.journal.write("unvalidated", step=0)
    return cases


def config_of(run: Path) -> Path:
    """The run's own configuration; raises InputError when the folder holds no run."""
    if not (run / CONFIG).is_file():
        command = f"mstkd train CONFIG --data DATALIST -o {shlex.quote(str(run))}"
        raise InputError(f"{run} holds no run; start one with: {command}.")
    return run / CONFIG
