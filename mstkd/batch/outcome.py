"""What became of one study."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Status = Literal["done", "skipped", "failed"]


@dataclass(frozen=True)
class Outcome:
    """What became of one study.

    Attributes:
        study: The name of the study's folder.
        status: ``done`` now, ``skipped`` because its result was there, or ``failed``.
        message: One sentence for a person when skipped or failed; else empty.
        folder: The result; None when failed.
        summary: What the result's ``summary.json`` holds; None when failed.
    """

    study: str
    status: Status
    message: str = ""
    folder: Path | None = None
    summary: dict[str, Any] | None = None

    def plain(self) -> dict[str, Any]:
        """As values that JSON can hold."""
        return {**asdict(self), "folder": None if self.folder is None else str(self.folder)}

    @classmethod
    def from_plain(cls, values: dict[str, Any]) -> Outcome:
        """What `plain` gave."""
        return cls(**{**values, "folder": Path(values["folder"]) if values["folder"] else None})
