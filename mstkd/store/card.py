"""What a model says of itself, as far as it can be read without the engine."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mstkd.errors import InputError
from mstkd.modalities import CHANNELS, Modality, describe, ordered

CARD, WEIGHTS = "card.json", "weights.safetensors"
CURVES, FAILURES = "curves.png", "failures.png"
"""Pictures that a package may hold: of its training, and of the test cases in which it was worst."""
ALL = "all available"
"""What a card calls the sequences that a patient has; other combinations are called as `describe` does."""
FEWEST = 6
"""Patients without whom an interval says next to nothing."""
Card = dict[str, Any]

_PERMISSIVE = {"apache 2", "apache 2.0", "mit", "bsd 2 clause", "bsd 3 clause", "cc0", "cc0 1.0", "cc by 4.0"}
"""Licences that ask for no more than attribution, as `_plain` writes them."""


@dataclass(frozen=True)
class ExpectedDice:
    """The mean Dice that a card states, and how much to make of it.

    Attributes:
        interval: Its 95% bootstrap interval over patients; None where the card has none, or they are few.
        cases: How many it is the mean of.
        missed: In how many of them nothing of the region was found.
    """

    dice: float
    interval: tuple[float, float] | None
    cases: int
    missed: int = 0


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

    def expected_dice(self, sequences: Iterable[Modality], region: str = "WT") -> ExpectedDice | None:
        """What was measured with just these sequences; None when nothing was.

        For all four, what was measured with all available ones will do.
        """
        given = ordered(sequences)
        found = self.measured_dice(describe(given), region)
        return self.measured_dice(ALL, region) if found is None and given == CHANNELS else found

    def measured_dice(self, given: str, region: str = "WT") -> ExpectedDice | None:
        """What was measured with what the card calls so: ``FLAIR, T1Gd``, or `ALL`; None when nothing was."""
        rows = (row for row in self.card["accuracy"] if (row["sequences"], row["region"]) == (given, region))
        row = next(rows, None)
        return None if row is None else _expected(row)


def read_model(folder: Path, *, shipped: bool = False) -> InstalledModel:
    """What the package in ``folder`` says of itself.

    Raises:
        InputError: Card or weights are missing, or the card lacks what is shown of a model.
    """
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        texts = [card[field] for field in ("name", "version", "licence", "summary")]
        rows = [(row["sequences"], row["region"], _expected(row)) for row in card["accuracy"]]
        identity(card)
        whole = all(isinstance(text, str) for text in [*texts, card["weights"]["sha256"], *(row[0] for row in rows)])
    except (OSError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise InputError(f"{folder} holds no readable {CARD}; install this model again.") from error
    if not whole:
        raise InputError(f"{folder / CARD} is not valid; install this model again.")
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder} lacks {WEIGHTS}; install this model again.")
    name, version, licence, summary = texts
    return InstalledModel(name, version, folder, licence, summary, shipped, card)


def least_part_probability(card: Card) -> float:
    """Mean probability that a part of the whole tumour must reach to stay in a result; 0 keeps all."""
    return float(card.get("least_part_probability", 0.0))


def parts_rule(least: float) -> list[str]:
    """A sentence on which parts are left out; none where all stay."""
    return [f"Parts of the whole tumour with a mean probability under {100 * least:g} % are left out."] if least else []


def identity(card: Card) -> tuple[str, float]:
    """What tells two packages apart that give other results: the weights' SHA-256, and which parts they leave out."""
    return card["weights"]["sha256"], least_part_probability(card)


def _expected(row: dict[str, Any]) -> ExpectedDice:
    """Raises ValueError, LookupError or TypeError when the row is none of a card."""
    interval = None
    if "dice_interval" in row:
        low, high = row["dice_interval"]
        interval = float(low), float(high)
    enough = patients_of(row) >= FEWEST
    return ExpectedDice(float(row["dice"]), interval if enough else None, int(row["cases"]), int(row.get("missed", 0)))


def counts_of(cases: int, patients: int) -> dict[str, int]:
    """How many are behind a figure, as its row in a card has it: patients where they are fewer than their cases."""
    return {"cases": cases} if patients == cases else {"cases": cases, "patients": patients}


def patients_of(row: Mapping[str, Any]) -> int:
    """How many patients are behind a figure of a card."""
    return int(row.get("patients", row["cases"]))


def needs_consent(card: Card) -> bool:
    """Whether the licence must be shown and agreed to: all but the plainly permissive ones."""
    return _plain(str(card["licence"])) not in _PERMISSIVE


def _plain(licence: str) -> str:
    words = re.sub(r"[\s,_-]+", " ", licence.lower()).strip(" .")
    return re.sub(r"\b(?:licen[cs]e|version)\b ?", "", words).strip()
