"""Names of the sequences, and lists of words in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from .Translation import _

LABELS = {"flair": "FLAIR", "t1": "T1", "t1gd": "T1Gd", "t2": "T2"}
"""The engine's names of the sequences, and what a radiologist calls them, in the network's channel order."""


def listed(words: Iterable[str]) -> str:
    """``FLAIR, T1 and T2``."""
    *head, last = words
    return _("{first} and {last}").format(first=", ".join(head), last=last) if head else last
