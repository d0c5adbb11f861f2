"""What the sequences do not show, and what a model was measured to be poor at."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from mstkd.modalities import Modality
from mstkd.models import Card
from mstkd.regions import Region
from mstkd.store.card import ALL, FEWEST, patients_of
from mstkd.words import counted, listed

TRUSTWORTHY_DICE = 0.7
"""More is excellent agreement in Zijdenbos et al., IEEE Transactions on Medical Imaging 13(4):716-724, 1994."""


def unseen(found: Collection[Modality]) -> list[str]:
    """A warning where no sequence shows contrast agent."""
    if Modality.T1GD in found:
        return []
    return ["Without T1Gd, enhancement cannot be seen: ET is guessed from the other sequences."]


def doubts(card: Card, sequences: str) -> list[str]:
    """Warnings that name the regions for which the model was measured to be poor, or on few cases.

    Args:
        sequences: What was given, e.g. ``FLAIR, T1Gd``; where the card has no figures for
            just these, those for all available sequences count.
    """
    measured = {(entry["sequences"], entry["region"]): entry for entry in card["accuracy"]}
    found = {r.value: measured.get((sequences, r.value), measured.get((ALL, r.value))) for r in Region}
    poor = {region: entry for region, entry in found.items() if entry and entry["dice"] < TRUSTWORTHY_DICE}
    few = {
        region: entry for region, entry in found.items() if entry and patients_of(entry) < FEWEST and region not in poor
    }
    said = []
    if poor:
        said.append(
            f"Do not rely on {listed(poor)}: on cases this model never saw, its outlines agreed too little "
            f"with the experts' (mean Dice, where 1 is full agreement: {_figures(poor, sequences)})."
        )
    if Region.WT.value in poor and Modality.FLAIR.label not in sequences:
        better = measured.get((f"{Modality.FLAIR.label}, {sequences}", Region.WT.value))
        if better and better["dice"] >= TRUSTWORTHY_DICE:
            said.append(
                f"Add FLAIR where there is one: with it the mean Dice of WT was {better['dice']:.2f} in "
                f"{counted(better['cases'], 'case')}."
            )
    if few:
        said.append(f"Little is known of how good {listed(few)} will be (mean Dice: {_figures(few, sequences)}).")
    return said


def _figures(entries: Mapping[str, Mapping[str, Any]], given: str) -> str:
    def figure(name: str, entry: Mapping[str, Any]) -> str:
        others = "" if entry["sequences"] == given else f" with {entry['sequences']}"
        missed = f", {entry['missed']} of them missed" if entry.get("missed") else ""
        patients = f" of {counted(entry['patients'], 'patient')}" if "patients" in entry else ""
        return f"{name} {entry['dice']:.2f} in {counted(entry['cases'], 'case')}{patients}{others}{missed}"

    return ", ".join(figure(name, entry) for name, entry in entries.items())
