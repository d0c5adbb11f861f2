"""What a model's card says, as a report for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mstkd.evaluation.layout import Cell, Picture, Report, Table
from mstkd.evaluation.metric import DICE
from mstkd.evaluation.trust import calibration_of, trust, trust_sentences, uncertainty_of
from mstkd.modalities import Modality
from mstkd.models import Card, read_card
from mstkd.regions import REGIONS
from mstkd.store.card import ALL, CURVES, FAILURES, FEWEST, least_part_probability, parts_rule, patients_of
from mstkd.words import counted, listed

ORIGINS = {"base": "its base", "teacher": "its frozen teacher"}


def card_report(folder: Path) -> Report:
    """The card of the package in a folder, with the pictures that lie beside it.

    Raises:
        InputError: The card is missing or not valid.
    """
    card = read_card(folder)
    calibration, flagged = calibration_of(card.get("calibration", [])), uncertainty_of(card.get("uncertainty", []))
    tables = [_data(card["training"])]
    if card["accuracy"]:
        tables.append(_accuracy(card["accuracy"]))
    if calibration or flagged:
        tables.append(trust(calibration, flagged))
    facts = [*_facts(card), *trust_sentences(calibration, flagged)]
    return Report(f"{card['name']} {card['version']}", facts, tables, list(_pictures(card, folder)))


def _facts(card: Card) -> list[str]:
    """The intended use first, as a report's notice stands."""
    training, weights = card["training"], card["weights"]
    facts = [
        card["intended_use"],
        card["summary"],
        f"Licence: {card['licence']}",
        *(f"Not for this: {sentence}" for sentence in card.get("not_for", [])),
        f"Network: {weights['parameters'] / 1e6:.1f} million parameters, SHA-256 {weights['sha256']}.",
        f"Training: {_counted(training)}, revision {training['revision']}; {_patients(training['validation'])} chose "
        f"the weights, {_patients(training['held_out'])} were held out.",
    ]
    if "base_share" in training:
        base = training["base"]
        facts.append(
            f"Averaged: {100 * training['base_share']:.0f} % of the weights are {base['name']} {base['version']}'s."
        )
    if "enhancement_without" in card:
        without = listed(Modality(name).label for name in card["enhancement_without"])
        facts.append(f"Given T1Gd, what of the tumour core enhances is decided without {without}.")
    facts += parts_rule(least_part_probability(card))
    if not card["accuracy"]:
        facts.append("Its accuracy has not been measured.")
    return [*facts, f"Cite: {card['citation']}"]


def _counted(training: Mapping[str, Any]) -> str:
    spent = [_duration(training["hours"])] if "hours" in training else []
    device = [f"on {training['device']}"] if "device" in training else []
    return ", ".join([counted(training["steps"], "step"), *spent, *device])


def _duration(hours: float) -> str:
    minutes = round(60 * hours)
    if minutes >= 60:
        return f"{hours:.1f} hours"
    return counted(minutes, "minute") if minutes else "under a minute"


def _patients(cases: Sequence[str]) -> str:
    return counted(len(cases), "case")


def _data(training: Mapping[str, Any]) -> Table:
    """Every set that reached the weights, also through the model that this one began with or learnt from."""
    seen_by: dict[tuple[str, frozenset[str], str], list[str]] = {}
    for origin, data in _sources(training, "this model"):
        seen_by.setdefault((data["dataset"], frozenset(data["patients"]), data["licence"]), []).append(origin)
    rows = [
        [Cell(dataset), Cell(str(len(patients))), Cell(licence), Cell("; ".join(origins))]
        for (dataset, patients, licence), origins in seen_by.items()
    ]
    note = "The patients that it was trained on; a base is the model that one was fine-tuned from."
    return Table("Training data", note, ["Set", "Cases", "Licence", "Seen by"], rows)


def _sources(training: Mapping[str, Any], seen_by: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for data in training["data"]:
        yield seen_by, data
    for kind, what in ORIGINS.items():
        if kind in training:
            origin = training[kind]
            yield from _sources(origin, f"{what}, {origin['name']} {origin['version']}")


def _accuracy(values: Sequence[Mapping[str, Any]]) -> Table:
    """Mean Dice per combination and region, with its interval and the numbers of cases and misses."""
    measured = {(row["sequences"], row["region"]): row for row in values}
    rows = [
        [Cell(name), *(_dice(measured.get((name, region.value))) for region in REGIONS)]
        for name in dict.fromkeys(row["sequences"] for row in values)
    ]
    note = (
        "Mean Dice in % on cases that it never saw, with the number of cases, in how many of them it found nothing of "
        f"the region (missed) and, with at least {FEWEST} patients, its 95% interval over them, which is too narrow "
        "with fewer than about 20."
    )
    header = ["Given", *(region.value for region in REGIONS)]
    return Table("Accuracy", note, header, rows, "The darker, the better.")


def _dice(row: Mapping[str, Any] | None) -> Cell:
    if row is None:
        return Cell()
    percent, ends = 100 * row["dice"], [100 * end for end in row.get("dice_interval", [])]
    between = [f"{ends[0]:.1f} to {ends[1]:.1f}"] if ends and patients_of(row) >= FEWEST else []
    missed = [f"{row['missed']} missed"] if row.get("missed") else []
    return Cell(f"{percent:.1f}", ", ".join([*between, counted(row["cases"], "case"), *missed]), DICE.colour(percent))


def _pictures(card: Card, folder: Path) -> Iterator[Picture]:
    captions = " ".join(failure["caption"] for failure in card.get("failures", []))
    notes = {
        FAILURES: ("The worst test cases", f"With {ALL} sequences; green the reference, pink the result. {captions}"),
        CURVES: ("Training", "Losses, learning rate and validation Dice over the steps of the run itself."),
    }
    for name, (title, note) in notes.items():
        if (folder / name).is_file():
            yield Picture(title, note, name, (folder / name).read_bytes())
