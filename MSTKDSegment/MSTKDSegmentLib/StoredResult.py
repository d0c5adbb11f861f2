"""What the engine said of a segmentation, kept in its node and so in the saved scene."""

from __future__ import annotations

import json

ATTRIBUTE = "MSTKDSegment.Result"
_KEPT = ("summary", "segments", "tissues")


def storeResult(node, answer: dict) -> None:
    """Keep the engine's `done` event in the segmentation node."""
    node.SetAttribute(ATTRIBUTE, json.dumps({key: answer[key] for key in _KEPT}))


def storedResult(node) -> dict | None:
    """What the engine said when the segmentation was made; None for a segmentation that is not ours.

    Returns:
        ``summary`` (the engine's report), ``segments`` and ``tissues`` (descriptions of WT, TC,
        ET and of NETC, SNFH, ET: name, label values, colour, SNOMED CT code).
    """
    text = node.GetAttribute(ATTRIBUTE)
    return json.loads(text) if text else None
