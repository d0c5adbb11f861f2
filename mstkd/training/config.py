"""What one training run is: a typed configuration read from YAML."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from mstkd.errors import InputError
from mstkd.network import PRESETS


@dataclass(frozen=True)
class Patch:
    """From which step on patches have this size (voxels of 1 mm, multiples of 8)."""

    step: int
    size: tuple[int, int, int]


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a run; every field is required in the file.

    Attributes:
        preset: Name of the network's architecture.
        steps: Optimiser steps of the whole run.
        batch_size: Patches per step.
        learning_rate: Highest rate of AdamW, reached after ``warmup`` steps, then
            falling as a cosine to 1 % at the last step.
        weight_decay: Of AdamW.
        warmup: Steps of linear rise.
        ema_decay: Of the exponential moving average of the weights, which is what is
            validated and shipped.
        patches: Patch sizes over the run.
        dataset_weights: How often a case of a data set is drawn, relative to 1.
        validate_every: Steps between validations and checkpoints.
        workers: Processes that prepare samples.
        seed: Of initial weights, samples and subsets.
    """

    preset: str
    steps: int
    batch_size: int
    learning_rate: float
    weight_decay: float
    warmup: int
    ema_decay: float
    patches: tuple[Patch, ...]
    dataset_weights: dict[str, float]
    validate_every: int
    workers: int
    seed: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the journal and the model card."""
        return asdict(self)


def read_config(path: Path) -> TrainingConfig:
    """Read a YAML configuration.

    Raises:
        InputError: Unreadable, an unknown or missing setting, or a value of a wrong kind.
    """
    try:
        values = yaml.safe_load(path.read_text())
    except (OSError, yaml.YAMLError) as error:
        raise InputError(f"{path} is no readable YAML file; start from mstkd/training/presets.") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no settings; start from mstkd/training/presets.")
    known = [field.name for field in fields(TrainingConfig)]
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f"did you mean '{near[0]}'" if near else f"known are {', '.join(known)}"
            raise InputError(f"{path} has the unknown setting '{name}'; {hint}.")
    lacking = [name for name in known if name not in values]
    if lacking:
        raise InputError(f"{path} lacks the setting '{lacking[0]}'; add it.")
    try:
        return _typed(values)
    except (TypeError, ValueError, KeyError) as error:
        raise InputError(
            f"{path} has a value of the wrong kind ({error}); compare it with mstkd/training/presets."
        ) from error


def _typed(values: dict[str, Any]) -> TrainingConfig:
    if values["preset"] not in PRESETS:
        raise ValueError(f"preset must be one of {', '.join(PRESETS)}")
    patches = tuple(Patch(int(p["step"]), _size(p["size"])) for p in values["patches"])
    if not patches or patches[0].step != 0:
        raise ValueError("patches must begin at step 0")
    return TrainingConfig(
        preset=str(values["preset"]),
        steps=int(values["steps"]),
        batch_size=int(values["batch_size"]),
        learning_rate=float(values["learning_rate"]),
        weight_decay=float(values["weight_decay"]),
        warmup=int(values["warmup"]),
        ema_decay=float(values["ema_decay"]),
        patches=patches,
        dataset_weights={str(name): float(weight) for name, weight in values["dataset_weights"].items()},
        validate_every=int(values["validate_every"]),
        workers=int(values["workers"]),
        seed=int(values["seed"]),
    )


def _size(value: list[int]) -> tuple[int, int, int]:
    h, w, d = (int(n) for n in value)
    if any(n % 8 for n in (h, w, d)):
        raise ValueError(f"patch size {value} must be multiples of 8")
    return h, w, d
