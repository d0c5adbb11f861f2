"""What one training run is: a typed configuration read from YAML."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, fields
from itertools import accumulate
from pathlib import Path
from typing import Any

import yaml

from mstkd.errors import InputError
from mstkd.network import PRESETS


@dataclass(frozen=True)
class Phase:
    """Some steps with one patch size.

    Attributes:
        steps: Optimiser steps of the phase.
        patch: Size in voxels of 1 mm, multiples of 8.
        learning_rate: Rate of AdamW at the phase's first step; it falls as half a
            cosine to the next phase's, in the last phase to 1 % of its own.
    """

    steps: int
    patch: tuple[int, int, int]
    learning_rate: float


@dataclass(frozen=True)
class TrainingConfig:
    """Settings of a run; every field is required in the file.

    Attributes:
        preset: Name of the network's architecture.
        phases: What follows on what; small patches first, whole heads last.
        batch_size: Patches per step.
        weight_decay: Of AdamW.
        warmup: First steps over which the learning rate rises linearly.
        ema_decay: Of the exponential moving average of the weights, which is what is
            validated and shipped.
        dataset_weights: How often a case of a data set is drawn, relative to 1.
        validate_every: Steps between validations and checkpoints.
        workers: Processes that prepare samples.
        seed: Of initial weights, samples and subsets.
    """

    preset: str
    phases: tuple[Phase, ...]
    batch_size: int
    weight_decay: float
    warmup: int
    ema_decay: float
    dataset_weights: dict[str, float]
    validate_every: int
    workers: int
    seed: int

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run."""
        return sum(phase.steps for phase in self.phases)

    @property
    def patches(self) -> list[tuple[int, tuple[int, int, int]]]:
        """The first step of each phase and its patch size."""
        firsts = accumulate((phase.steps for phase in self.phases), initial=0)
        return [(first, phase.patch) for first, phase in zip(firsts, self.phases, strict=False)]

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
    phases = tuple(Phase(int(p["steps"]), _size(p["patch"]), float(p["learning_rate"])) for p in values["phases"])
    if not phases:
        raise ValueError("phases is empty")
    if min(int(values["batch_size"]), int(values["validate_every"])) < 1 or min(p.steps for p in phases) < 1:
        raise ValueError("batch_size, validate_every and the phases' steps must be at least 1")
    return TrainingConfig(
        preset=str(values["preset"]),
        phases=phases,
        batch_size=int(values["batch_size"]),
        weight_decay=float(values["weight_decay"]),
        warmup=int(values["warmup"]),
        ema_decay=float(values["ema_decay"]),
        dataset_weights={str(name): float(weight) for name, weight in values["dataset_weights"].items()},
        validate_every=int(values["validate_every"]),
        workers=int(values["workers"]),
        seed=int(values["seed"]),
    )


def _size(value: list[int]) -> tuple[int, int, int]:
    h, w, d = (int(n) for n in value)
    if any(n % 8 or n < 8 for n in (h, w, d)):
        raise ValueError(f"patch size {value} must be multiples of 8")
    return h, w, d
