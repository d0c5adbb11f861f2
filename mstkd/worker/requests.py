"""What may be asked, read from JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter, ValidationError

from mstkd.errors import InputError
from mstkd.modalities import Modality
from mstkd.settings import Settings
from mstkd.wishes import Wishes
from mstkd.worker.training_requests import TrainingRequest


class SegmentRequest(Settings):
    """One patient from files of the caller's."""

    task: Literal["segment"]
    volumes: dict[Modality, Path] = Field(min_length=1)
    names: dict[Modality | Literal["brain"], str] = Field(default_factory=dict)
    labels: Path
    uncertainty: Path | None = None
    report: Path | None = None
    reference: Modality | None = None
    align: bool = True
    brain: Path | None = None
    model: Path | None = None
    device: str = "auto"

    @property
    def wishes(self) -> Wishes:
        return Wishes(self.reference, self.align, self.brain, self.device, brain_name=self.names.get("brain", ""))


class StudyRequest(Settings):
    """One study's folder of a batch, whose results go below ``output``."""

    task: Literal["study"]
    folder: Path
    output: Path
    align: bool = True
    model: Path | None = None
    device: str = "auto"

    @property
    def wishes(self) -> Wishes:
        return Wishes(registration=self.align, device=self.device)


class StageModelRequest(Settings):
    """A model package to be fetched and verified, not yet installed."""

    task: Literal["stage_model"]
    source: str
    sha256: str | None = None


Request: TypeAlias = SegmentRequest | StudyRequest | StageModelRequest | TrainingRequest
_ANY: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="task")])


def parse(line: bytes) -> Request:
    """A line as a request.

    Raises:
        InputError: It is none.
    """
    try:
        return _ANY.validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        reason = first["msg"][0].lower() + first["msg"][1:]
        raise InputError(
            f"the engine does not understand the request ({': '.join(filter(None, [where, reason]))}); "
            "the module and the engine may be of different versions, reinstall the extension."
        ) from error
