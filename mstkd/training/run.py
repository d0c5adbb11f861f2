"""A training run from a configuration and a datalist."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

import numpy as np
import torch

from mstkd.data.cache import CachedCase, load_cached
from mstkd.data.datalist import read_datalist
from mstkd.errors import InputError
from mstkd.evaluation.dice import region_dice
from mstkd.inference.predictor import predict
from mstkd.modalities import CHANNELS, Modality, modality_mask
from mstkd.network import MSTKDNet
from mstkd.regions import from_probabilities, region_probabilities
from mstkd.training.config import read_config
from mstkd.training.loop import Trainer

CONFIG, DATALIST = "config.yaml", "datalist.json"
VALIDATION_SUBSETS: dict[str, tuple[Modality, ...]] = {"all": CHANNELS, "flair": (Modality.FLAIR,)}


def start_run(config: Path, datalist: Path, run: Path) -> None:
    """Make the run's folder with its own copy of the configuration.

    Raises:
        InputError: The folder holds a run already, or an input is refused.
    """
    read_config(config)
    read_datalist(datalist)
    if (run / CONFIG).exists():
        raise InputError(f"{run} holds a run already; resume it with --resume or choose another folder.")
    run.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(config, run / CONFIG)
    (run / DATALIST).write_text(str(datalist.resolve()))


def continue_run(run: Path, cache: Path, device: torch.device) -> bool:
    """Train until the end or Ctrl-C; True when the run is complete.

    Starts from the run's checkpoint where there is one.
    """
    if not (run / CONFIG).is_file():
        raise InputError(f"{run} holds no run; start one with 'mstkd train CONFIG --data DATALIST -o {run}'.")
    config = read_config(run / CONFIG)
    cases = [c for c in read_datalist(Path((run / DATALIST).read_text())) if c.split != "test"]
    training = [load_cached(case, cache) for case in cases if case.split == "train"]
    validation = [load_cached(case, cache) for case in cases if case.split == "validation"]
    if not training:
        raise InputError(f"{run}: the datalist has no case with the split 'train'; add some.")
    asked_to_stop: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _frame: asked_to_stop.append(number))
    try:
        trainer = Trainer(
            config,
            training,
            run,
            device=device,
            validate=lambda network: validation_dice(network, validation, device),
            resume=(run / "checkpoint.pt").exists(),
        )
        return trainer.train(stop=lambda: bool(asked_to_stop))
    finally:
        signal.signal(signal.SIGINT, previous)


def validation_dice(network: MSTKDNet, cases: Sequence[CachedCase], device: torch.device) -> dict[str, float]:
    """Mean Dice over the validation cases, as ``{"all WT": 0.81, ...}``, on the working grid."""
    scores: dict[str, list[float]] = {}
    for cached in cases:
        for name, subset in VALIDATION_SUBSETS.items():
            mask = tuple(a and b for a, b in zip(cached.mask, modality_mask(subset), strict=True))
            images = np.asarray(cached.images, dtype=np.float32) * np.reshape(mask, (4, 1, 1, 1))
            labels = from_probabilities(region_probabilities(predict(network, images, mask, device=device)))
            for region, value in region_dice(labels, cached.labels, cached.case.convention.regions).items():
                scores.setdefault(f"{name} {region.value}", []).append(value)
    return {name: round(fmean(values), 4) for name, values in scores.items()}
