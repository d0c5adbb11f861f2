"""The same tumour as nested regions (WT, TC, ET) or as disjoint tissues (NETC, SNFH, ET)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from MSTKDLib.Engine import EngineError
from MSTKDLib.Masks import orientedImage, segmentsOnOneGrid
from MSTKDLib.Segments import displaySegments, newSegment, putSegments
from MSTKDLib.Translation import _

from .StoredResult import storedResult
from .Undo import saveForUndo


def isShowingTissues(node) -> bool:
    """Whether the segmentation holds tissues (NETC, SNFH) rather than regions (WT, TC)."""
    return any(node.GetSegmentation().GetSegment(name) for name in ("NETC", "SNFH"))


def showTissues(node) -> None:
    """Turn WT, TC and ET, as they are now, into the disjoint NETC, SNFH and ET.

    Where an edit left a region outside the one around it, the outer one is taken to reach as
    far: a voxel of TC outside WT belongs to WT.

    Raises:
        EngineError: The segmentation is none of ours.
    """
    if not isShowingTissues(node):
        _switch(node, "segments", "tissues", _tissues)


def showRegions(node) -> None:
    """Turn NETC, SNFH and ET, as they are now, into the nested WT, TC and ET.

    Raises:
        EngineError: The segmentation is none of ours.
    """
    if isShowingTissues(node):
        _switch(node, "tissues", "segments", _regions)


def _tissues(masks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    core = masks["TC"] | masks["ET"]
    return {"NETC": core & ~masks["ET"], "SNFH": masks["WT"] & ~core}


def _regions(masks: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    core = masks["NETC"] | masks["ET"]
    return {"WT": masks["SNFH"] | core, "TC": core}


def _switch(node, now: str, wanted: str, convert: Callable[[dict], dict]) -> None:
    """Replace the segments of one view by those of the other; ET, the same in both, keeps its segment."""
    stored = storedResult(node)
    if stored is None:
        raise EngineError(
            _("{name} was not made by this module, or its scene was not saved; segment again.").format(
                name=node.GetName()
            )
        )
    node.CreateDefaultDisplayNodes()
    saveForUndo(node.GetScene(), node)
    node.CreateBinaryLabelmapRepresentation()
    names = [description["name"] for description in stored[now]]
    masks, matrix, first = segmentsOnOneGrid(node, names)
    masks |= convert(masks)
    missing = [d for d in stored[wanted] if d["name"] != "ET" or not node.GetSegmentation().GetSegment("ET")]
    segments = [newSegment(d, orientedImage(masks[d["name"]], matrix, first)) for d in missing]
    putSegments(node, segments, remove=[name for name in names if name != "ET"])
    displaySegments(node)
