"""What is said about the cases of a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from MSTKDLib.Translation import _
from MSTKDLib.Words import LABELS

SIDES = {"train": _("train"), "validation": _("validate"), "test": _("test")}
"""The engine's sides of a split, and what the patients on each do."""
MEANINGS = {
    "brats2015": _("1 necrosis, 2 oedema, 3 non-enhancing, 4 enhancing"),
    "brats2018-21": _("1 necrosis and non-enhancing, 2 oedema, 4 enhancing"),
    "brats2023": _("1 necrosis and non-enhancing, 2 oedema and infiltration, 3 enhancing"),
    "brats2024-post": _("as brats2023, and 4 resection cavity"),
    "decathlon": _("1 oedema, 2 non-enhancing, 3 enhancing"),
    "fets": _("1 necrosis and non-enhancing, 2 oedema, 4 enhancing"),
    "whole-tumour": _("1 any tumour; core and enhancement stay unknown"),
}
"""The engine's label conventions and what their values mean."""


def sentencesOf(case: dict) -> list[str]:
    """Everything there is to say about a case, what excludes it first."""
    return [*case["problems"], *case["remarks"]]


def summarySentence(cases: Sequence[dict]) -> str:
    """Patients, usable ones, sides and sequences: ``52 patients, 50 usable; 38 train; FLAIR in all.``."""
    patients = len({(case["dataset"], case["patient"]) for case in cases})
    usable = sum(case["usable"] for case in cases)
    counted = (
        _("{patients} patients, {usable} usable")
        if patients == len(cases)
        else _("{patients} patients, {cases} cases, {usable} usable")
    )
    parts = [counted.format(patients=patients, cases=len(cases), usable=usable)]
    sides = Counter(case["split"] for case in cases if case["usable"] and case["split"])
    if sides:
        parts.append(", ".join(f"{sides[side]} {does}" for side, does in SIDES.items()))
    parts.append(", ".join(_found(cases, name) for name in LABELS))
    return "; ".join(parts) + "."


def _found(cases: Sequence[dict], name: str) -> str:
    count = sum(name in case["images"] for case in cases)
    if count in (0, len(cases)):
        sentence = _("{sequence} in all") if count else _("{sequence} in none")
    else:
        sentence = _("{sequence} in {count}")
    return sentence.format(sequence=LABELS[name], count=count)


def labelsWord(case: dict) -> str:
    """How a case's label map is read."""
    if case["label"] is None:
        return _("no label map")
    return case["convention"] or _("undecided")


def sideWord(case: dict) -> str:
    """On which side of the split a case is."""
    return SIDES.get(case["split"], "") if case["usable"] else _("left out")
