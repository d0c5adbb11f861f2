"""The four BraTS sequences and their 15 combinations.

Channel order everywhere in the engine: FLAIR, T1, T1Gd, T2, as in the paper (section 3.1).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from enum import Enum


class Modality(Enum):
    """One MRI sequence; the value is the short name used in options, files and JSON."""

    FLAIR = "flair"
    T1 = "t1"
    T1GD = "t1gd"
    T2 = "t2"

    @property
    def label(self) -> str:
        """The name a radiologist reads, e.g. ``T1Gd``."""
        return {"flair": "FLAIR", "t1": "T1", "t1gd": "T1Gd", "t2": "T2"}[self.value]

    @property
    def channel(self) -> int:
        """Index of the sequence in the network's input."""
        return CHANNELS.index(self)


CHANNELS: tuple[Modality, ...] = (Modality.FLAIR, Modality.T1, Modality.T1GD, Modality.T2)

_F, _T1, _G, _T2 = CHANNELS
COMBINATIONS: tuple[tuple[Modality, ...], ...] = (
    (_T2,),
    (_G,),
    (_T1,),
    (_F,),
    (_G, _T2),
    (_T1, _G),
    (_F, _T1),
    (_T1, _T2),
    (_F, _T2),
    (_F, _G),
    (_F, _T1, _G),
    (_F, _T1, _T2),
    (_F, _G, _T2),
    (_T1, _G, _T2),
    (_F, _T1, _G, _T2),
)
"""The 15 non-empty subsets in the order of the paper's tables 1 to 3."""

REFERENCE_PREFERENCE: tuple[Modality, ...] = (
    Modality.T1GD,
    Modality.FLAIR,
    Modality.T1,
    Modality.T2,
)
"""Which sequence's grid carries the result unless the user chooses."""


def ordered(modalities: Iterable[Modality]) -> tuple[Modality, ...]:
    """The given sequences in channel order, each once."""
    present = set(modalities)
    return tuple(m for m in CHANNELS if m in present)


def missing(present: Collection[Modality]) -> tuple[Modality, ...]:
    """The sequences that are not in ``present``, in channel order."""
    return tuple(m for m in CHANNELS if m not in present)


def modality_mask(present: Collection[Modality]) -> tuple[bool, bool, bool, bool]:
    """True for each channel that exists."""
    flair, t1, t1gd, t2 = (m in present for m in CHANNELS)
    return flair, t1, t1gd, t2


def describe(modalities: Iterable[Modality]) -> str:
    """``FLAIR, T1Gd`` for people; ``none`` when empty."""
    return ", ".join(m.label for m in ordered(modalities)) or "none"
