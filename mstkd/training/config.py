"""What one training run is: typed settings read from YAML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, JsonValue, ValidationError, model_validator

from mstkd.data.real import Augmentation
from mstkd.distillation.objective import DistillationSettings
from mstkd.errors import InputError
from mstkd.files import whole_file
from mstkd.modalities import COMBINATIONS, Modality
from mstkd.network import PRESETS, Architecture
from mstkd.settings import Settings
from mstkd.training.refusal import refusal

PRESET_FOLDER = Path(__file__).parent / "presets"


NAMED = {"+".join(modality.value for modality in combination): combination for combination in COMBINATIONS}
"""The 15 combinations by their names."""


def _named(text: str) -> str:
    if text not in NAMED:
        raise ValueError("a combination is written like flair+t1gd, in the order flair, t1, t1gd, t2")
    return text


Side = Annotated[int, Field(ge=8, multiple_of=8)]
Share = Annotated[float, Field(ge=0, lt=1)]
Part = Annotated[float, Field(ge=0, le=1)]
Weight = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Combination = Annotated[str, AfterValidator(_named), Field(json_schema_extra={"enum": [*NAMED]})]
"""One spelling of each, so that none is given twice."""
Place = Annotated[Path, AfterValidator(Path.absolute)]
"""Absolute, so that a run finds it from wherever it is resumed."""
STEPS: dict[str, JsonValue] = {"unit": "steps"}


Precision = Literal["32-true", "bf16-mixed"]
"""As Fabric spells them."""


class Phase(Settings):
    """Some steps with one patch size and one mixture of patients."""

    steps: int = Field(ge=1, description="Optimiser steps of the phase.", json_schema_extra=STEPS)
    patch: tuple[Side, Side, Side] = Field(
        description="What a step sees of a head, in voxels of 1 mm: left to right, front to back, down to up.",
        json_schema_extra={"unit": "mm"},
    )
    learning_rate: float = Field(gt=0, description="At the phase's first step; it falls to the next phase's.")
    # These have defaults, so that runs that are older than them can be resumed.
    synthetic: Part = Field(default=0.0, description="Share of samples that are synthetic patients, see heads.")
    tumour_free: Part = Field(default=0.0, description="Share of the synthetic patients that have no tumour.")
    transplanted: Part = Field(
        default=0.0, description="Share of the real samples that also carry another training patient's tumour."
    )
    repainted: Part = Field(
        default=0.0, description="Share of the real samples in whose tumour a cyst, necrosis or enhancement is painted."
    )


class Sampling(Settings):
    """Which patients, sequences and distortions a step sees."""

    batch_size: int = Field(
        ge=1, description="Patches per step, over all processes together.", json_schema_extra={"unit": "patches"}
    )
    dataset_weights: dict[str, Weight] = Field(description="How often a patient of a data set is drawn, relative to 1.")
    augmentation: Augmentation = Field(
        description="paper: flips, rotations, crops; strong: also contrast, noise, blur, bias field; none: crops."
    )
    # These have defaults, so that runs that are older than them can be resumed.
    bias_field: float = Field(
        default=0.15,
        ge=0,
        allow_inf_nan=False,
        description="Of strong augmentation: largest deviation of the logarithm of a bias field.",
    )
    subset_weights: dict[Combination, Weight] = Field(
        default={},
        description="How often the student sees a combination of a patient's sequences, relative to 1, as often as "
        "each that is not named.",
    )
    full_set_ramp: int = Field(
        ge=0,
        description="Steps over which the student goes from all sequences to random subsets; 0: random at once.",
        json_schema_extra=STEPS,
    )
    workers: int = Field(
        ge=0,
        description="Processes that prepare samples, for each training process; 0, and always on a GPU: it prepares "
        "them itself.",
        json_schema_extra={"unit": "processes"},
    )


class Optimizer(Settings):
    """How the weights move."""

    name: Literal["adam", "adamw"] = Field(description="adamw takes the weight decay apart from the gradients.")
    betas: tuple[Share, Share] = Field(description="Decay of the running means of gradients and of their squares.")
    weight_decay: float = Field(ge=0, description="How strongly weights are pulled to 0.")
    schedule: Literal["cosine", "polynomial"] = Field(
        description="How the learning rate falls (polynomial: power 0.9)."
    )
    warmup: int = Field(
        ge=0, description="First steps over which the learning rate rises linearly.", json_schema_extra=STEPS
    )
    gradient_limit: float = Field(gt=0, description="Norm to which gradients are clipped.")


class Teacher(Settings):
    """Who sees all sequences."""

    kind: Literal["joint", "frozen", "ema"] = Field(
        description="joint: trained beside the student; frozen: a model package; ema: the student's average."
    )
    package: Place | None = Field(description="The model package of a frozen teacher, else null.")
    dice_weight: float = Field(ge=0, description="Weight of a joint teacher's own segmentation loss.")

    @model_validator(mode="after")
    def _package_goes_with_frozen(self) -> Teacher:
        if (self.kind == "frozen") != (self.package is not None):
            raise ValueError("a frozen teacher needs a package, another has none")
        return self


class Validation(Settings):
    """How the student is watched."""

    every: int = Field(ge=1, description="Steps between validations.", json_schema_extra=STEPS)
    combinations: tuple[str, ...] | Literal["all"] = Field(
        description="Subsets such as flair+t1gd whose Dice is measured; all: the 15."
    )

    @property
    def subsets(self) -> list[tuple[Modality, ...]]:
        """The subsets in the paper's order."""
        if self.combinations == "all":
            return list(COMBINATIONS)
        wanted = [{Modality(name) for name in text.split("+")} for text in self.combinations]
        return [c for c in COMBINATIONS if set(c) in wanted]

    @model_validator(mode="after")
    def _known_names(self) -> Validation:
        if not self.subsets:
            raise ValueError("combinations is empty")
        return self


class TrainingConfig(Settings):
    """Settings of a run; every one of them is in the file, so that a run explains itself."""

    network: Literal["paper", "compact"] | Architecture = Field(
        description="paper: the published sizes; compact: for CPUs and small GPUs; or sizes of one's own.",
        examples=[asdict(PRESETS["compact"])],
    )
    phases: tuple[Phase, ...] = Field(min_length=1, description="Small patches first, whole brains last.")
    sampling: Sampling
    optimizer: Optimizer
    teacher: Teacher | None = Field(description="null: random subsets alone, the control arm.")
    distillation: DistillationSettings | None = Field(description="What the student takes over from the teacher.")
    dice_weight: float = Field(gt=0, description="Weight of the student's segmentation loss (lambda_4).")
    deep_supervision: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        description="Weights of the loss at the decoder's coarser levels, finest first; empty: none."
    )
    ema_decay: Share = Field(
        title="EMA decay",
        description="Of the student's average, which is validated and shipped; 0: the student itself.",
    )
    activation_checkpointing: bool = Field(description="Compute fine feature maps again instead of keeping them.")
    precision: Precision = Field(
        description="On CUDA and on CPUs that multiply bfloat16 matrices (Intel AMX); others compute in 32 bits."
    )
    validation: Validation
    checkpoint_every: int = Field(ge=1, description="Steps between checkpoints.", json_schema_extra=STEPS)
    seed: int = Field(ge=0, description="Of initial weights, samples and subsets.")
    # These two have a default, so that runs that are older than them can be resumed.
    heads: Place | None = Field(
        default=None, description="A folder of label maps of whole heads, of which synthetic patients are made."
    )
    start_from: Place | None = Field(
        default=None,
        description="A model package of the same network, from whose weights student and joint teacher start (fine-"
        "tuning); null: from random ones.",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> TrainingConfig:
        if (self.teacher is None) != (self.distillation is None):
            raise ValueError("teacher and distillation go together: give both, or null for both")
        if len(self.deep_supervision) >= len(self.architecture.channels) - 1:
            raise ValueError(f"deep_supervision has at most {len(self.architecture.channels) - 2} levels here")
        if self.teacher is not None and self.teacher.kind == "ema" and not self.ema_decay:
            raise ValueError("an ema teacher needs an ema_decay")
        if self.heads is None and any(phase.synthetic for phase in self.phases):
            raise ValueError("synthetic patients need heads, a folder of label maps of whole heads")
        joint = self.teacher is not None and self.teacher.kind == "joint"
        if self.distillation is not None and self.distillation.teacher_gradients and not joint:
            raise ValueError("teacher_gradients needs a joint teacher")
        return self

    @property
    def architecture(self) -> Architecture:
        """The network's sizes."""
        return PRESETS[self.network] if isinstance(self.network, str) else self.network

    @property
    def drawn_heads(self) -> Path | None:
        """The folder of heads, when any phase draws synthetic patients."""
        return self.heads if any(phase.synthetic for phase in self.phases) else None

    @property
    def steps(self) -> int:
        """Optimiser steps of the whole run."""
        return sum(phase.steps for phase in self.phases)

    @property
    def starts(self) -> list[tuple[int, Phase]]:
        """Each phase with its first step."""
        firsts = accumulate((phase.steps for phase in self.phases), initial=0)
        return list(zip(firsts, self.phases, strict=False))

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for the journal and the model card."""
        return self.model_dump(mode="json")


def read_config(path: Path, changes: Sequence[str] = ()) -> TrainingConfig:
    """Read a YAML configuration.

    Args:
        changes: Settings to replace, such as ``sampling.batch_size=2`` or
            ``phases.0.steps=10``; the value is YAML.

    Raises:
        InputError: Unreadable, an unknown or missing setting, or a value of a wrong kind.
    """
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError(f"{path} is no readable YAML file; start from {PRESET_FOLDER}.") from error
    if not isinstance(values, dict):
        raise InputError(f"{path} holds no settings; start from {PRESET_FOLDER}.")
    for change in changes:
        _replace(values, change, path)
    return parse_config(values, " ".join([str(path), *(f"--set {change}" for change in changes)]))


def parse_config(values: Mapping[str, Any], source: str) -> TrainingConfig:
    """Settings from plain values.

    Args:
        source: What a refusal names as their place.

    Raises:
        InputError: An unknown or missing setting, or a value of a wrong kind.
    """
    try:
        return TrainingConfig.model_validate(values)
    except ValidationError as error:
        raise InputError(refusal(error, TrainingConfig, source, f"correct it as in {PRESET_FOLDER}")) from error


def write_config(path: Path, config: TrainingConfig) -> None:
    """Write the settings as YAML that `read_config` reads; the file appears whole."""
    with whole_file(path) as draft:
        draft.write_text(yaml.safe_dump(config.as_dict(), sort_keys=False), encoding="utf-8")


def _replace(values: dict[str, Any], change: str, source: Path) -> None:
    name, equals, text = change.partition("=")
    *parents, last = name.split(".")
    place: Any = values
    try:
        for parent in parents:
            place = place[int(parent) if isinstance(place, list) else parent]
        place[int(last) if isinstance(place, list) else last] = yaml.safe_load(text)
    except (KeyError, IndexError, TypeError, ValueError, yaml.YAMLError) as error:
        raise InputError(
            f"--set {change} does not fit {source}; write a.b=value, as the file nests its settings."
        ) from error
    if not equals:
        raise InputError(f"--set {change} has no value; write a.b=value.")
