"""What the sequences do not show, and what a model was measured to be poor at."""

from __future__ import annotations

from collections.abc import Collection

from mstkd.data.words import counted
from mstkd.modalities import Modality
from mstkd.models import Card
from mstkd.regions import Region
from mstkd.store.card import ALL

TRUSTWORTHY_DICE = 0.7
"""More is excellent agreement in Zijdenbos et al., IEEE Transactions on Medical Imaging 13(4):716-724, 1994."""


def unseen(found: Collection[Modality]) -> list[str]:
    """A warning where no sequence shows contrast agent."""
    if Modality.T1GD in found:
        return []
    return ["Without T1Gd, enhancement cannot be seen: ET is guessed from the other sequences."]


def doubts(card: Card, sequences: str) -> list[str]:
    """A warning that names the regions for which the model was measured to be poor.

    Args:
        sequences: What was given, e.g. ``FLAIR, T1Gd``; where the card has no figures for
            just these, those for all available sequences count.
    """
    measured = {(entry["sequences"], entry["region"]): entry for entry in card["accuracy"]}
    found = {r.value: measured.get((sequences, r.value), measured.get((ALL, r.value))) for r in Region}
    poor = {region: entry for region, entry in found.items() if entry and entry["dice"] < TRUSTWORTHY_DICE}
    if not poor:
        return []
    figures = ", ".join(
        f"{region} {entry['dice']:.2f} in {counted(entry['cases'], 'case')}" for region, entry in poor.items()
    )
    return [
        f"Do not rely on {' and '.join(poor)}: on cases this model never saw, its outlines agreed too little "
        f"with the experts' (mean Dice, where 1 is full agreement: {figures})."
    ]
