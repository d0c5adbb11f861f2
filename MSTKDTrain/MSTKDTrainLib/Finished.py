"""What a run's folder says of the model that can be, or was, made of it; read without the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from MSTKDLib.Translation import _

RESULT = "result"
"""Folder of a run's model and its evaluation, in the run's folder."""
NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.+_]{0,62}[A-Za-z0-9+_])?")


@dataclass(frozen=True)
class Patients:
    """Whom a run learns from and who is held out.

    Attributes:
        datasets: The data sets of the training cases, and the heads of synthetic patients where some were drawn.
        split: Which cases measure the model: test, validation (which chose it), or empty where there are none.
    """

    datasets: tuple[str, ...]
    split: str


@dataclass(frozen=True)
class Description:
    """What only a person can say about a model; empty until it was said."""

    name: str = ""
    version: str = ""
    summary: str = ""
    licence: str = ""
    datasets: Mapping[str, str] = field(default_factory=dict)
    notFor: tuple[str, ...] = ()
    """Sentences on what it must not be used for; may stay empty."""

    def lack(self) -> str:
        """What is still to be said or is wrong, in one sentence; empty when all is there."""
        if not NAME.fullmatch(self.name):
            return _("Give the model a name of small letters, digits, hyphens and underscores.")
        if not VERSION.fullmatch(self.version):
            return _("Give the model a version, such as 1 or 2026.1.")
        if not self.summary:
            return _("Say in the summary what the model was trained on and what it is for.")
        if not self.licence:
            return _("Name the licence of the model.")
        unnamed = [name for name, licence in self.datasets.items() if not licence]
        return _("Name the licence of {dataset}.").format(dataset=unnamed[0]) if unnamed else ""

    def asRequest(self) -> dict[str, Any]:
        """As the engine takes it."""
        texts = {name: getattr(self, name) for name in ("name", "version", "summary", "licence")}
        return {**texts, "dataset_licences": dict(self.datasets), "not_for": list(self.notFor)}


@dataclass(frozen=True)
class Result:
    """A measured model of a run.

    Attributes:
        rows: One for each combination of sequences and region, as `finish_run` of the engine gives them.
        facts: Sentences on what they come from.
        card: The model's.
    """

    model: Path
    page: Path
    rows: list[dict[str, Any]]
    facts: list[str]
    card: dict[str, Any]

    @property
    def description(self) -> Description:
        """What was said about the model."""
        licences = {entry["dataset"]: entry["licence"] for entry in self.card["training"]["data"]}
        texts = (self.card[name] for name in ("name", "version", "summary", "licence"))
        return Description(*texts, licences, tuple(self.card.get("not_for", ())))

    @property
    def step(self) -> int:
        """Where the training stood when the model was made."""
        return self.card["training"]["steps"]


def readPatients(run: Path) -> Patients:
    """From the run's data list; none where that cannot be read, which the engine will say."""
    try:
        cases = json.loads((run / "datalist.json").read_text(encoding="utf-8"))["cases"]
        found = [(str(case["dataset"]), case["split"]) for case in cases]
    except (OSError, ValueError, LookupError, TypeError):
        found = []
    splits = {split for _dataset, split in found}
    measuring = next((split for split in ("test", "validation") if split in splits), "")
    datasets = sorted({dataset for dataset, split in found if split == "train"})
    return Patients((*datasets, *_heads(run)), measuring)


def _heads(run: Path) -> list[str]:
    """What the label maps are called from which the run drew synthetic patients; nothing where it drew none."""
    from mstkd.runs import JournalReader
    from mstkd.runs.layout import HEADS

    starts = (event for event in JournalReader(run).poll(0) if event["event"] == "start")
    phases = next(starts, {}).get("config", {}).get("phases", [])
    return [HEADS] if any(phase.get("synthetic") for phase in phases) else []


def readResult(run: Path) -> Result | None:
    """The measured model in a run's folder; None where there is none, or only half of one."""
    model, evaluation = run / RESULT / "model", run / RESULT / "evaluation"
    try:
        figures = json.loads((evaluation / "figures.json").read_text(encoding="utf-8"))
        card = json.loads((model / "card.json").read_text(encoding="utf-8"))
        return Result(model, evaluation / "report.html", figures["rows"], figures["facts"], card)
    except (OSError, ValueError, LookupError, TypeError):
        return None
