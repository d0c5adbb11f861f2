"""How long a training will take and what it will need, scaled up from a short probe on this machine."""

from __future__ import annotations

import json
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psutil

from mstkd.data.datalist import Case, read_datalist
from mstkd.errors import InputError
from mstkd.files import is_left_over
from mstkd.inference.device import choose_device
from mstkd.inference.segment import Report
from mstkd.runs.layout import CONFIG
from mstkd.training.cases import check_cases
from mstkd.training.config import TrainingConfig, write_config
from mstkd.training.fine_tuning import load_base
from mstkd.training.probe import TOO_LARGE, Measured, Preparation

ASK_S = 1.0
"""Seconds between two looks whether it is time to stop."""
STEP_BYTES, SAMPLE_BYTES = 450, 10_000_000
"""What a step takes in the journal, and a validation case among the samples."""
TRIAL = ".estimate-"
"""Begins the name of a trial's folder."""


@dataclass(frozen=True)
class PhaseEstimate:
    """One phase of the configuration."""

    steps: int
    patch: tuple[int, int, int]
    seconds_per_step: float
    seconds_per_epoch: float


@dataclass(frozen=True)
class Estimate:
    """What to expect of a training in one process.

    Attributes:
        steps_per_epoch: In which as many patches are seen as there are training cases.
        validation_seconds: Of one validation, all its cases and combinations.
        prepare_seconds: Before the first step.
        hours: In all.
        memory_gb: As the training's journal will say: of the GPU, or of the training process.
        disk_gb: Of the run and of the cases that are still to be prepared.
        disk_free_gb: Where runs lie.
        shortages: Sentences on what there is too little of.
    """

    device: str
    device_name: str
    phases: list[PhaseEstimate]
    steps_per_epoch: float
    validation_seconds: float
    prepare_seconds: float
    hours: float
    memory_gb: float
    memory_free_gb: float
    disk_gb: float
    disk_free_gb: float
    shortages: list[str]


def estimate(
    config: TrainingConfig, datalist: Path, *, cache: Path, runs: Path, device: str, report: Report
) -> Estimate:
    """Probe the training and scale up what was measured.

    Up to two patients are prepared into the cache, where the training will find them.

    Args:
        cache: Where prepared cases lie.
        runs: Where the run will lie.
        report: Told about progress; may raise CancelledError, the probe is ended then.

    Raises:
        InputError: The training would be refused, or does not fit into memory.
    """
    cases = read_datalist(datalist)
    check_cases(cases, config, datalist)
    load_base(config)
    choose_device(device)
    runs.mkdir(parents=True, exist_ok=True)
    cache.mkdir(parents=True, exist_ok=True)
    _sweep(runs)
    with tempfile.TemporaryDirectory(prefix=TRIAL, dir=runs, ignore_cleanup_errors=True) as folder:
        write_config(Path(folder) / CONFIG, config)
        arguments = [folder, str(datalist), str(cache), device]
        measured = _probe(arguments, report)
    return scaled_up(config, cases, measured, free_bytes(cache, runs))


def scaled_up(config: TrainingConfig, cases: Sequence[Case], measured: Measured, free: tuple[int, int]) -> Estimate:
    """The estimate that follows from what was measured.

    Args:
        free: Bytes on the disks of cache and runs; the same number twice where they are one.
    """
    split = Counter(case.split for case in cases)
    per_epoch = split["train"] / config.sampling.batch_size
    phases = _phases(config, measured, per_epoch)
    validation_seconds = _passes(config, cases) * measured.pass_seconds
    known, preparation = split["train"] + split["validation"], measured.preparation
    unprepared = preparation.unprepared * known
    prepare_seconds = unprepared * preparation.seconds + (known - unprepared) * preparation.found_seconds
    run_bytes, cache_bytes = _run_bytes(config, measured, split["validation"]), int(unprepared * preparation.case_bytes)
    return Estimate(
        device=measured.device,
        device_name=measured.device_name,
        phases=phases,
        steps_per_epoch=per_epoch,
        validation_seconds=validation_seconds,
        prepare_seconds=prepare_seconds,
        hours=(prepare_seconds + _training_seconds(config, measured, phases, validation_seconds)) / 3600,
        memory_gb=measured.memory_gb,
        memory_free_gb=measured.free_gb,
        disk_gb=(run_bytes + cache_bytes) / 1e9,
        disk_free_gb=free[1] / 1e9,
        shortages=[*_memory_shortage(measured), *_disk_shortages(run_bytes, cache_bytes, free)],
    )


def _phases(config: TrainingConfig, measured: Measured, per_epoch: float) -> list[PhaseEstimate]:
    patches = dict.fromkeys(phase.patch for phase in config.phases)
    seconds = dict(zip(patches, measured.step_seconds, strict=True))
    return [PhaseEstimate(p.steps, p.patch, seconds[p.patch], seconds[p.patch] * per_epoch) for p in config.phases]


def _passes(config: TrainingConfig, cases: Sequence[Case]) -> int:
    """Of the network in one validation: a case is measured with the combinations that it has."""
    validation = [case for case in cases if case.split == "validation"]
    return sum(set(subset) <= set(case.images) for case in validation for subset in config.validation.subsets)


def _training_seconds(
    config: TrainingConfig, measured: Measured, phases: Sequence[PhaseEstimate], validation_seconds: float
) -> float:
    validations = -(-config.steps // config.validation.every)
    saves = config.steps // config.checkpoint_every + 2 * validations
    steps = sum(phase.steps * phase.seconds_per_step for phase in phases)
    return steps + validations * validation_seconds + saves * measured.save_seconds


def _run_bytes(config: TrainingConfig, measured: Measured, validated: int) -> int:
    # Files are written beside the ones that they replace.
    files = 2 * (measured.checkpoint_bytes + measured.best_bytes)
    return files + STEP_BYTES * config.steps + SAMPLE_BYTES * validated


def _sweep(runs: Path) -> None:
    """Remove the trials of killed processes: each holds a checkpoint."""
    for trial in runs.glob(f"{TRIAL}*"):
        with suppress(OSError):
            if is_left_over(trial):
                shutil.rmtree(trial)


def free_bytes(cache: Path, runs: Path) -> tuple[int, int]:
    """Free bytes on the disks of two folders."""
    return shutil.disk_usage(cache).free, shutil.disk_usage(runs).free


def _memory_shortage(measured: Measured) -> list[str]:
    helpers = 0.0 if measured.device.startswith("cuda") else measured.workers_gb
    if measured.memory_gb + helpers <= measured.free_gb:
        return []
    beside = f" and its helpers {helpers:.1f} GB" if helpers else ""
    return [
        f"The training takes {measured.memory_gb:.1f} GB of memory{beside}, but {measured.free_gb:.1f} GB are free; "
        "lower the batch size or the patch, or turn on activation checkpointing."
    ]


def _disk_shortages(run_bytes: int, cache_bytes: int, free: tuple[int, int]) -> list[str]:
    if free[0] == free[1]:
        wanted = [("The run and its prepared patients take", run_bytes + cache_bytes, free[1])]
    else:
        wanted = [("The prepared patients take", cache_bytes, free[0]), ("The run takes", run_bytes, free[1])]
    return [
        f"{what} {needed / 1e9:.1f} GB of disk, but {there / 1e9:.1f} GB are free; free some or choose another folder."
        for what, needed, there in wanted
        if needed > there
    ]


def _probe(arguments: list[str], report: Report) -> Measured:
    share, text = 0.0, "Starting a trial"
    with _child([sys.executable, "-m", "mstkd.training.probe", *arguments]) as (process, lines):
        while True:
            report(share, text)
            try:
                line = lines.get(timeout=ASK_S)
            except queue.Empty:
                continue
            if line is None:
                break
            said: dict[str, Any] = json.loads(line)
            if "refused" in said:
                raise InputError(said["refused"])
            if "measured" in said:
                values = said["measured"]
                return Measured(**values | {"preparation": Preparation(**values["preparation"])})
            share, text = said["share"], said["text"]
        code = process.wait()
    if code < 0:  # killed: the system does that when memory runs out
        raise InputError(TOO_LARGE)
    raise InputError(f"the trial of the training failed (exit code {code}); its last lines stand in the log.")


@contextmanager
def _child(command: list[str]) -> Iterator[tuple[subprocess.Popen[str], queue.SimpleQueue[str | None]]]:
    """A child process and its lines, the last of which is None; ended with all it started."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    assert process.stdout is not None
    threading.Thread(target=_read, args=(process.stdout, lines), daemon=True).start()
    try:
        yield process, lines
    finally:
        with suppress(psutil.Error):
            for child in psutil.Process(process.pid).children(recursive=True):
                with suppress(psutil.Error):
                    child.kill()
        process.kill()
        process.wait()


def _read(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)
