"""A short training that measures itself: ``python -m mstkd.training.probe FOLDER DATALIST CACHE DEVICE``.

A process of its own, so that its peak memory is that of a training. ``FOLDER`` holds the
configuration and takes the run. What it has to say are JSON lines on standard output:
``share`` and ``text``, at the end ``measured``, or ``refused`` with a sentence. It ends when
its standard input does.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import psutil
import torch

from mstkd.data.cache import CachedCase, cache_entry, is_whole
from mstkd.data.datalist import Case, read_datalist
from mstkd.errors import InputError
from mstkd.inference.device import choose_device
from mstkd.inference.memory import is_out_of_memory
from mstkd.runs.layout import CONFIG
from mstkd.training.cases import load_case, load_config_heads
from mstkd.training.checkpoint import BEST, NAME
from mstkd.training.config import read_config
from mstkd.training.devices import make_fabric, peak_gb
from mstkd.training.provenance import device_name
from mstkd.training.trial import Trial

Tell = Callable[[float, str], None]
LOOKED_AT, PREPARED = 16, 2
"""Cases of which is seen whether they are prepared, and of those that are not, how many are."""


@dataclass(frozen=True)
class Preparation:
    """What preparing cases takes.

    Attributes:
        unprepared: Share of the cases that are not in the cache.
        seconds: For one of them.
        found_seconds: To find one that is in the cache.
        case_bytes: That a prepared case takes on the disk.
    """

    unprepared: float
    seconds: float
    found_seconds: float
    case_bytes: int


@dataclass(frozen=True)
class Measured:
    """What a training on this machine takes.

    Attributes:
        step_seconds: Of each distinct patch, as they come in the configuration.
        pass_seconds: For one case and one combination of sequences in a validation.
        save_seconds: For a checkpoint.
        memory_gb: As the training's own journal would say, the validation included.
        workers_gb: Main memory of the processes that prepare samples.
        free_gb: Memory of the device that was free before.
    """

    device: str
    device_name: str
    preparation: Preparation
    step_seconds: list[float]
    pass_seconds: float
    save_seconds: float
    checkpoint_bytes: int
    best_bytes: int
    memory_gb: float
    workers_gb: float
    free_gb: float


def measure(folder: Path, datalist: Path, cache: Path, device: torch.device, tell: Tell) -> Measured:
    """Prepare up to two cases, train some steps with each patch, validate once, each as a run would."""
    config = read_config(folder / CONFIG)
    cases = [case for case in read_datalist(datalist) if case.split != "test"]
    free = free_gb(device)
    tell(0.1, "Preparing a patient")
    preparation, ready = prepare_some(cases, cache)
    trial = Trial(config, ready, load_config_heads(config, cache), folder, make_fabric(device, config.precision))
    patches = list(dict.fromkeys(phase.patch for phase in config.phases))
    step_seconds = []
    for number, patch in enumerate(patches):
        tell(0.2 + 0.6 * number / len(patches), f"Trying steps of {' x '.join(map(str, patch))} mm")
        step_seconds.append(trial.step_seconds(patch))
    tell(0.85, "Trying a validation")
    pass_seconds = trial.pass_seconds()
    return Measured(
        device=str(trial.device),
        device_name=device_name(trial.device),
        preparation=preparation,
        step_seconds=step_seconds,
        pass_seconds=pass_seconds,
        save_seconds=trial.save_seconds,
        checkpoint_bytes=(folder / NAME).stat().st_size,
        best_bytes=(folder / BEST).stat().st_size,
        memory_gb=peak_gb(trial.device),
        workers_gb=trial.workers_gb,
        free_gb=free,
    )


def prepare_some(cases: Sequence[Case], cache: Path) -> tuple[Preparation, list[CachedCase]]:
    """What preparing them takes, and some that are prepared now, at least one.

    Raises:
        InputError: A case is refused.
    """
    looked_at = [cases[i * len(cases) // min(LOOKED_AT, len(cases))] for i in range(min(LOOKED_AT, len(cases)))]
    started = time.perf_counter()
    lacking = [case for case in looked_at if not is_whole(cache_entry(case, cache))]
    found_seconds = (time.perf_counter() - started) / len(looked_at)
    ready, seconds = [], 0.0
    for case in lacking[:PREPARED]:  # the first of two also loads what preparing needs
        started = time.perf_counter()
        ready.append(load_case(case, cache))
        seconds = time.perf_counter() - started
    ready += [load_case(case, cache) for case in islice((c for c in looked_at if c not in lacking), PREPARED)]
    size = sum(file.stat().st_size for file in ready[0].folder.iterdir())
    return Preparation(len(lacking) / len(looked_at), seconds, found_seconds, size), ready


def free_gb(device: torch.device) -> float:
    """Memory that a training could have, with what this process has already."""
    if device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[0]) / 1e9
    return float(psutil.virtual_memory().available + psutil.Process().memory_info().rss) / 1e9


def main() -> None:
    """Measure, say it; everything that libraries print goes to standard error."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _be_the_first_to_go()
    folder, datalist, cache, device = sys.argv[1:]
    try:
        where = choose_device(device)
        found = measure(
            Path(folder), Path(datalist), Path(cache), where, lambda share, text: _say(out, share=share, text=text)
        )
        _say(out, measured=asdict(found))
    except InputError as error:
        _say(out, refused=str(error))
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        _say(out, refused=TOO_LARGE)


TOO_LARGE = (
    "a step of this training does not fit into the memory that is free; lower sampling.batch_size or the patch, set "
    "activation_checkpointing=true, or close other programs."
)


def _say(out: TextIO, **values: Any) -> None:
    print(json.dumps(values), file=out, flush=True)


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


def _be_the_first_to_go() -> None:
    """Where memory runs out, the system had better end this process than Slicer."""
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


if __name__ == "__main__":
    main()
