"""What segments mean, and one label map from all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from MSTKDLib.Engine import EngineError
from MSTKDLib.Translation import _

MEANINGS = {
    "WT": _("Whole tumour"),
    "TC": _("Tumour core"),
    "ET": _("Enhancing tumour"),
    "SNFH": _("Oedema (SNFH)"),
    "NETC": _("Necrosis, non-enhancing core (NETC)"),
}
"""What a segment may be: regions, which are nested, and tissues, which are disjoint."""
_NAMES = (  # the first that fits; "non-enhancing" stands before "enhancing", "necrotic core" before "core"
    ("", r"cavity|\bRC\b|brain|skull|ventric"),
    ("NETC", r"non.?enhanc|necro|\bn?cr\b|\bnet\b|\bnetc\b|cyst"),
    ("SNFH", r"o?edema|\bsnfh\b|\bed\b|hyperintens|infiltra|surround"),
    ("ET", r"enhanc|\bet\b|\bae?t\b"),
    ("TC", r"\btc\b|core"),
    ("WT", r"\bwt\b|whole|complete"),
)
_CODES = {"79654002": "SNFH", "6574001": "NETC"}
"""SNOMED CT, of which only these two tell one meaning."""
_INSIDE = (("ET", "TC"), ("NETC", "TC"), ("TC", "WT"), ("ET", "WT"), ("NETC", "WT"), ("SNFH", "WT"))
_DISJOINT = (("NETC", "ET"), ("SNFH", "ET"), ("SNFH", "NETC"), ("SNFH", "TC"))
Masks = Mapping[str, np.ndarray]


def proposedMeaning(name: str, terminology: str = "") -> str:
    """What a segment of this name and Slicer terminology probably is; "" where they do not tell."""
    words = re.sub(r"[_.\-]", " ", name)
    for meaning, pattern in _NAMES:
        if re.search(pattern, words, re.IGNORECASE):
            return meaning
    return next((meaning for code, meaning in _CODES.items() if f"^{code}^" in terminology), "")


def conventionOf(meanings: set[str]) -> str:
    """The label convention of a reference that knows these, ``whole-tumour`` or ``brats2023``.

    Raises:
        EngineError: They leave open which tissue a voxel is; one sentence.
    """
    if meanings == {"WT"}:
        return "whole-tumour"
    if not meanings:
        raise EngineError(_("No segment is used; say in the table what the segments are."))
    for needed in (("ET",), ("NETC", "TC"), ("SNFH", "WT")):
        if not meanings.intersection(needed):
            raise EngineError(
                _(
                    "No segment is the {missing}; add it, empty if the patient has none, or use the whole tumour alone."
                ).format(missing=_(" or the ").join(MEANINGS[meaning].lower() for meaning in needed))
            )
    return "brats2023"


def labelsFrom(masks: Masks) -> np.ndarray:
    """One label map in the convention that `conventionOf` says, uint8.

    Raises:
        EngineError: The masks contradict each other, or leave something open; one sentence.
    """
    if conventionOf(set(masks)) == "whole-tumour":
        return masks["WT"].astype(np.uint8)
    _refuseContradictions(masks)
    enhancing = masks["ET"]
    core = masks["TC"] if "TC" in masks else masks["NETC"] | enhancing
    whole = masks["WT"] if "WT" in masks else masks["SNFH"] | core
    labels = np.where(whole, np.uint8(2), np.uint8(0))
    labels[core] = 1
    labels[enhancing] = 3
    return labels


def _refuseContradictions(masks: Masks) -> None:
    """Refuse what cannot be true of one tumour, where both sides of it are given."""
    for inner, outer in _INSIDE:
        if inner in masks and outer in masks:
            _refuse(masks[inner] & ~masks[outer], _("{first} lies outside {second}"), inner, outer)
    for first, second in _DISJOINT:
        if first in masks and second in masks:
            _refuse(masks[first] & masks[second], _("{first} and {second} overlap"), first, second)
    if {"TC", "NETC"} <= set(masks):
        rest = masks["TC"] & ~masks["NETC"] & ~masks["ET"]
        _refuse(rest, _("{first} holds what is neither {second} nor enhancing tumour"), "TC", "NETC")
    if {"WT", "SNFH"} <= set(masks):
        core = masks["TC"] if "TC" in masks else masks["NETC"] | masks["ET"]
        rest = masks["WT"] & ~masks["SNFH"] & ~core
        _refuse(rest, _("{first} holds what is neither {second} nor tumour core"), "WT", "SNFH")


def _refuse(wrong: np.ndarray, sentence: str, first: str, second: str) -> None:
    count = int(np.count_nonzero(wrong))
    if count:
        text = sentence.format(first=MEANINGS[first], second=MEANINGS[second].lower())
        raise EngineError(
            _("{what} in {count} voxels; correct the segments, or say in the table what they are.").format(
                what=text, count=count
            )
        )
