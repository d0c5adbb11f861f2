"""What a user may choose about one patient."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mstkd.modalities import Modality


@dataclass(frozen=True)
class Wishes:
    """What a user may choose about one patient; the defaults are what most want.

    Attributes:
        reference: Whose grid carries the result; None takes T1Gd, else FLAIR, T1, T2.
        registration: Whether sequences that moved are brought to the reference.
        brain: The user's own brain mask, on any grid; None finds the brain.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        flips: Also average over the mirrored head.
        brain_name: What messages call the mask, where that is not its path.
    """

    reference: Modality | None = None
    registration: bool = True
    brain: Path | None = None
    device: str = "auto"
    flips: bool = False
    brain_name: str = ""


PLAIN = Wishes()
"""What holds when nothing was chosen."""
