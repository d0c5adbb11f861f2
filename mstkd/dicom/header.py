"""Values of DICOM headers, with those of an enhanced multi-frame image in the terms of single-frame ones."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from pydicom import Dataset

# Where the enhanced information objects call the same thing by another name (PS3.3, C.7.6.16 and C.8.13).
_CLASSIC = {
    "EffectiveEchoTime": "EchoTime",
    "FrameAcquisitionDateTime": "AcquisitionDateTime",
    "FrameAcquisitionNumber": "AcquisitionNumber",
    "FrameType": "ImageType",
    "InversionTimes": "InversionTime",
    "TemporalPositionIndex": "TemporalPositionIdentifier",
}
_GROUPS = ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence")


def frame_headers(header: Dataset) -> Iterator[Dataset]:
    """The header of each image in a file: the file's own, or one for each frame of an enhanced image.

    A frame's header is flat: the file's attributes, then those of the shared and of the
    frame's own functional groups, under the names that single-frame images use.
    """
    if _GROUPS[1] not in header:
        yield header
        return
    common = Dataset()
    for element in header:
        if element.keyword not in _GROUPS:
            common[element.tag] = element
    for group in header.get(_GROUPS[0]) or ():
        _lift(group, common)
    for group in header.get(_GROUPS[1]) or ():
        frame = Dataset()
        frame.update({element.tag: element for element in common})
        _lift(group, frame)
        yield frame


def _lift(group: Dataset, flat: Dataset) -> None:
    """Copy the attributes of one item of functional groups into a flat header."""
    for macro in group:
        if macro.VR != "SQ" or macro.tag.is_private or not macro.value:
            continue
        for element in macro.value[0]:
            flat[element.tag] = element
            classic = _CLASSIC.get(element.keyword)
            if classic == "InversionTime":
                setattr(flat, classic, numbers(macro.value[0], element.keyword)[0])
            elif classic:
                setattr(flat, classic, element.value)


def text(header: Dataset, keyword: str) -> str:
    """A value on one line without surplus blanks; empty when absent."""
    return " ".join(str(header.get(keyword) or "").split())


def words(header: Dataset, keyword: str) -> tuple[str, ...]:
    """The values of a text element such as ImageType, in capitals."""
    value = header.get(keyword) or ()
    return tuple(str(v).strip().upper() for v in ([value] if isinstance(value, str) else value))


def numbers(header: Dataset, keyword: str, count: int = 1) -> tuple[float, ...]:
    """The first ``count`` values of a numeric element; empty when there are fewer or one is not finite."""
    value: Any = header.get(keyword)
    values = [] if value is None or value == "" else list(value) if hasattr(value, "__iter__") else [value]
    found = tuple(float(v) for v in values[:count])
    return found if len(found) == count and all(map(math.isfinite, found)) else ()


def number(header: Dataset, keyword: str) -> float | None:
    """A numeric value; None when absent."""
    found = numbers(header, keyword)
    return found[0] if found else None


def whole_number(header: Dataset, keyword: str) -> int | None:
    """An integer value; None when absent."""
    found = number(header, keyword)
    return None if found is None else int(found)
