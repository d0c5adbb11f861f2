"""Where each sequence of a patient comes from, and why it is taken for that sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from mstkd.dicom import choose_study, holds_dicom, only_stack, propose, read_folder, read_stack
from mstkd.errors import InputError
from mstkd.modalities import Modality, ordered
from mstkd.preprocessing import Volume, read_volume
from mstkd.recognition import recognise_file, recognise_folder


@dataclass(frozen=True)
class Source:
    """One image before it is read.

    Attributes:
        name: What messages call it: a file, a node's name, a DICOM series.
        because: Why it is taken for its sequence, a clause for a person.
        read: Reads it; raises InputError.
        path: The file, where it is one.
    """

    name: str
    because: str
    read: Callable[[], Volume]
    path: Path | None = None


def file_source(path: Path, because: str, name: str = "") -> Source:
    """A file as a source; ``name`` is what messages call it where that is not its path."""
    called = name or str(path)

    def read() -> Volume:
        try:
            return replace(read_volume(path), source=called)
        except InputError as error:
            raise InputError(str(error).replace(str(path), called)) from error

    return Source(called, because, read, path)
