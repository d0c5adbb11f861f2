"""What is to be trained, and why it cannot be."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from MSTKDLib.Translation import _

FORBIDDEN = set('/\\:*?"<>|')
"""What no file system, or not every one, has in a name."""
LONGEST_NAME = 100
"""Bytes; file systems take 255, and Windows little more for the whole path."""


@dataclass(frozen=True)
class Wishes:
    """What the sections above the plan say: data and settings."""

    datalist: Path | None = None
    settings: dict | None = None
    preset: str = ""
    ablation: bool = False


@dataclass(frozen=True)
class Plan:
    """A training as it would start now."""

    datalist: Path
    settings: dict
    ablation: bool
    device: str
    folder: Path

    @property
    def key(self) -> tuple:
        """What an estimate holds for; the file's time, as the data section may write it anew."""
        return json.dumps(self.settings, sort_keys=True), self.datalist, self.datalist.stat().st_mtime_ns, self.device

    @property
    def trainingCases(self) -> int:
        """How many patients an epoch has."""
        cases = json.loads(self.datalist.read_text(encoding="utf-8"))["cases"]
        return sum(case.get("split") == "train" for case in cases)


def isThere(path: Path) -> bool:
    """Whether something is at a path; nothing where a network share does not answer, at which `Path.exists` raises."""
    with contextlib.suppress(OSError):
        return path.exists()
    return False


def lacking(wishes: Wishes, missingPackages: Sequence[str]) -> str:
    """Why nothing can be estimated or trained, in one sentence; empty when it can."""
    if missingPackages:
        return _("Install the engine's packages first.")
    if wishes.datalist is None:
        return _("Check a data folder in the section Data first.")
    if wishes.settings is None:
        return _("Choose settings that are valid first.")
    return ""


def nameProblem(name: str, folder: Path) -> str:
    """Why a run cannot have the name, in one sentence; empty when it can."""
    odd = name != name.strip() or name.startswith(".") or name.endswith(".") or FORBIDDEN & set(name)
    if not name or odd or name == "cache" or len(name.encode()) > LONGEST_NAME:
        return _("Give the run a name that can be a folder's.")
    if isThere(folder / name):
        return _("There is a run {name} already; choose another name.").format(name=name)
    return ""


def freeName(preset: str, folder: Path) -> str:
    """A name by preset and day that no run has."""
    stem = "-".join([preset or "run", time.strftime("%Y-%m-%d")])
    name, number = stem, 1
    while isThere(folder / name):
        number += 1
        name = f"{stem}-{number}"
    return name
