"""What may be asked about a training, before and after it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import Field

from mstkd.modalities import Modality
from mstkd.settings import Settings


class DescribeTrainingRequest(Settings):
    """What can be set of a training."""

    task: Literal["describe_training"]


class CheckConfigRequest(Settings):
    """Whether a training's settings hold."""

    task: Literal["check_config"]
    settings: dict[str, Any]


class CheckDataRequest(Settings):
    """What a data set holds and how its patients are divided."""

    task: Literal["check_data"]
    folder: Path
    labels: tuple[str, ...] = ()
    validation: float = 0.1
    test: float = 0.2
    seed: int = 0
    output: Path | None = None


class UnpackCaseRequest(Settings):
    """A patient's files as Slicer reads them at once: unpacked, one image each."""

    task: Literal["unpack_case"]
    images: dict[Modality, Path]
    channels: dict[Modality, int] = Field(default_factory=dict)
    label: Path | None = None
    output: Path


class NewRunRequest(Settings):
    """A run's folder, to be trained by a process of its own."""

    task: Literal["new_run"]
    settings: dict[str, Any]
    datalist: Path
    run: Path


class NewAblationRequest(Settings):
    """An ablation's folder, likewise."""

    task: Literal["new_ablation"]
    settings: dict[str, Any]
    datalist: Path
    folder: Path


class EstimateRequest(Settings):
    """How long a training would take and what it would need, from a short probe.

    ``cache`` and ``runs`` are where prepared cases and runs would lie.
    """

    task: Literal["estimate"]
    settings: dict[str, Any]
    datalist: Path
    cache: Path
    runs: Path
    device: str = "auto"


class FinishRunRequest(Settings):
    """A model of a run, measured."""

    task: Literal["finish_run"]
    run: Path
    description: dict[str, Any]
    output: Path
    split: Literal["test", "validation"] = "test"
    device: str = "auto"


class SaveConfigurationRequest(Settings):
    """A run's folder with scripts, to be trained on another machine."""

    task: Literal["save_configuration"]
    settings: dict[str, Any]
    datalist: Path
    folder: Path
    processes: int = 1


TrainingRequest: TypeAlias = (
    DescribeTrainingRequest
    | CheckConfigRequest
    | CheckDataRequest
    | UnpackCaseRequest
    | NewRunRequest
    | NewAblationRequest
    | EstimateRequest
    | FinishRunRequest
    | SaveConfigurationRequest
)
