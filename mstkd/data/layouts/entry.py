"""What a layout says about a case before any file was opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mstkd.modalities import Modality


@dataclass(frozen=True)
class Entry:
    """A case as its layout names it.

    Attributes:
        patient: Whose cases share one side of a split.
        dataset: The set's short name.
        place: The folder or list that it was found in.
        images: The file of each sequence.
        label: The reference segmentation; None when there is none.
        channels: Which channel of its file a sequence is, where the file is 4D.
        convention: Name of the label convention that the layout implies; None when it
            implies none.
        stated: The convention is the user's own word, in a list.
        partition: The institution, where the layout tells.
        split: Where a list has already put it.
        problems: Sentences for which the case cannot be used.
        remarks: Sentences that the user should know; the case is used.
    """

    id: str
    patient: str
    dataset: str
    place: Path
    images: dict[Modality, Path]
    label: Path | None
    channels: Mapping[Modality, int] = field(default_factory=dict)
    convention: str | None = None
    stated: bool = False
    partition: str | None = None
    split: str | None = None
    problems: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """The cases of one layout.

    Attributes:
        layout: Its name for people.
        evidence: The sentence that says by what it was recognised.
        remarks: Sentences about the whole folder.
    """

    layout: str
    evidence: str
    entries: tuple[Entry, ...]
    remarks: tuple[str, ...] = ()
