"""What a model says of itself, as far as it can be read without the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mstkd.errors import InputError
from mstkd.modalities import CHANNELS, Modality, describe, ordered

CARD, WEIGHTS = "card.json", "weights.safetensors"
CURVES, FAILURES = "curves.png", "failures.png"
"""Pictures that a package may hold: of its training, and of the test cases in which it was worst."""
Card = dict[str, Any]

_PERMISSIVE = {"apache 2", "apache 2.0", "mit", "bsd 2 clause", "bsd 3 clause", "cc0", "cc0 1.0", "cc by 4.0"}
"""Licences that ask for no more than attribution, as `_plain` writes them."""


@dataclass(frozen=True)
class InstalledModel:
    """A model package on this machine, not yet verified: `mstkd.models.load_package` does that at use.

    Attributes:
        licence: Of the weights, in the card's words.
        summary: One paragraph for a person.
        shipped: It came with the program and cannot be removed.
    """

    name: str
    version: str
    folder: Path
    licence: str
    summary: str
    shipped: bool
    card: Card

    @property
    def label(self) -> str:
        """``compact-student 1``."""
        return f"{self.name} {self.version}"

    @property
    def sha256(self) -> str:
        """Of the weights, as the card has it."""
        return str(self.card["weights"]["sha256"])

    def expected_dice(self, sequences: Iterable[Modality], region: str = "WT") -> tuple[float, int] | None:
        """Mean Dice measured with just these sequences, and on how many patients; None when not measured.

        For all four, what was measured with all available ones will do.
        """
        given = ordered(sequences)
        names = [describe(given)] + (["all available"] if given == CHANNELS else [])
        measured = {row["sequences"]: row for row in self.card["accuracy"] if row["region"] == region}
        row = next((measured[name] for name in names if name in measured), None)
        return None if row is None else (float(row["dice"]), int(row["cases"]))


def read_model(folder: Path, *, shipped: bool = False) -> InstalledModel:
    """What the package in ``folder`` says of itself.

    Raises:
        InputError: Card or weights are missing, or the card lacks what is shown of a model.
    """
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        texts = [card[field] for field in ("name", "version", "licence", "summary")]
        rows = [(row["sequences"], row["region"], float(row["dice"]), int(row["cases"])) for row in card["accuracy"]]
        whole = all(isinstance(text, str) for text in [*texts, card["weights"]["sha256"], *(row[0] for row in rows)])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{folder} holds no readable {CARD}; install this model again.") from error
    if not whole:
        raise InputError(f"{folder / CARD} is not valid; install this model again.")
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder} lacks {WEIGHTS}; install this model again.")
    name, version, licence, summary = texts
    return InstalledModel(name, version, folder, licence, summary, shipped, card)


def needs_consent(card: Card) -> bool:
    """Whether the licence must be shown and agreed to: all but the plainly permissive ones."""
    return _plain(str(card["licence"])) not in _PERMISSIVE


def _plain(licence: str) -> str:
    words = re.sub(r"[\s,_-]+", " ", licence.lower()).strip(" .")
    return re.sub(r"\b(?:licen[cs]e|version)\b ?", "", words).strip()
