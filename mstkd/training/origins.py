"""The finished models that a run learns from: its base, and a frozen teacher.

The run keeps a copy of each one's card, so that the new model's card can say where it comes
from although they may be gone by then.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mstkd.errors import InputError
from mstkd.files import whole_file
from mstkd.models import Card, read_card
from mstkd.training.config import TrainingConfig

BASE, TEACHER = "base.json", "teacher.json"
_INHERITED = ("data", "validation", "base", "teacher")


def keep_card(file: Path, card: Card) -> None:
    """Write a model's card into the run's folder."""
    with whole_file(file) as draft:
        draft.write_text(json.dumps(card) + "\n", encoding="utf-8")


def keep_teacher(run: Path, config: TrainingConfig) -> None:
    """Keep the card of a frozen teacher, once it is known to be the run's."""
    if config.teacher is not None and config.teacher.package is not None:
        keep_card(run / TEACHER, read_card(config.teacher.package))


def origins(run: Path, config: TrainingConfig) -> dict[str, Any]:
    """What a card says of the models that its own learnt from: ``base`` and ``teacher``, as far as there are any.

    Raises:
        InputError: The run's copy of a card is damaged, or it is older than the copies and has none of its teacher.
    """
    if config.teacher is not None and config.teacher.kind == "frozen" and not (run / TEACHER).exists():
        raise InputError(
            f"{run} does not say which patients its teacher saw; put a copy of the teacher's card.json there, "
            f"named {TEACHER}."
        )
    found = {"base": facts(run / BASE), "teacher": facts(run / TEACHER)}
    return {name: of for name, of in found.items() if of is not None}


def facts(file: Path) -> dict[str, Any] | None:
    """Who a model is, its data and licences, and what it comes from itself; None without its card.

    Raises:
        InputError: The card is damaged.
    """
    try:
        card: Card = json.loads(file.read_text(encoding="utf-8"))
        known = {name: card[name] for name in ("name", "version", "licence")} | {"sha256": card["weights"]["sha256"]}
        training = card["training"]
        return known | {name: training[name] for name in _INHERITED if name in training}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{file} is damaged; put a copy of that model's card.json in its place.") from error
