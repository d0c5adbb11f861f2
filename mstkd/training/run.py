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
from mstkd.data.datalist import read_datalist, write_datalist
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
    """Make the run's folder with its own copy of configuration and datalist.

    Raises:
        InputError: The folder holds a run already, or an input is refused.
    """
    read_config(config)
    cases = read_datalist(datalist)
    if (run / CONFIG).exists():
        raise InputError(f"{run} holds a run already; resume it with --resume or choose another folder.")
    run.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(config, run / CONFIG)
    write_datalist(run / DATALIST, cases)


def continue_run(run: Path, cache: Path, device: torch.device) -> bool:
    """Train until the end, Ctrl-C or SIGTERM; True when the run is complete.

    Starts from the run's checkpoint where there is one.
    """
    if not (run / CONFIG).is_file():
        raise InputError(f"{run} holds no run; start one with 'mstkd train CONFIG --data DATALIST -o {run}'.")
    config = read_config(run / CONFIG)
    cases = [c for c in read_datalist(run / DATALIST) if c.split != "test"]
    training = [load_cached(case, cache) for case in cases if case.split == "train"]
    validation = [load_cached(case, cache) for case in cases if case.split == "validation"]
    if not training:
        raise InputError(f"{run}: the datalist has no case with the split 'train'; add some.")
    unknown = set(config.dataset_weights) - {case.dataset for case in cases}
    if unknown:
        raise InputError(f"{run / CONFIG} weighs the data set '{min(unknown)}', which the datalist lacks; correct it.")
    asked_to_stop: list[int] = []
    signals = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, lambda received, _frame: asked_to_stop.append(received)) for number in signals]
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
        for number, handler in zip(signals, previous, strict=True):
            signal.signal(number, handler)


def validation_dice(network: MSTKDNet, cases: Sequence[CachedCase], device: torch.device) -> dict[str, float]:
    """Mean Dice over the validation cases, as ``{"all WT": 0.81, ...}``, on the working grid."""
    scores: dict[str, list[float]] = {}
    for cached in cases:
        for name, subset in VALIDATION_SUBSETS.items():
            mask = tuple(a and b for a, b in zip(cached.mask, modality_mask(subset), strict=True))
            if not any(mask):
                continue
            images = np.asarray(cached.images, dtype=np.float32) * np.reshape(mask, (4, 1, 1, 1))
            labels = from_probabilities(region_probabilities(predict(network, images, mask, device=device)))
            for region, value in region_dice(labels, cached.labels, cached.case.convention.regions).items():
                scores.setdefault(f"{name} {region.value}", []).append(value)
    return {name: round(fmean(values), 4) for name, values in scores.items()}
