"""What makes two runs the same: the files of the study, the model's weights, the wishes, the program."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from enum import Enum
from pathlib import Path

import mstkd
from mstkd.errors import InputError, why
from mstkd.files import file_sha256
from mstkd.store import Card, identity
from mstkd.wishes import Wishes

FORMAT = 6
"""Raised when a result of an earlier program must not be taken for one of today's."""
_OF_THE_SYSTEM = {".ds_store", "thumbs.db", "desktop.ini"}
_EVERY_S = 1.0


def fingerprint(study: Path, card: Card, wishes: Wishes, report: Callable[[], None] = lambda: None) -> str:
    """SHA-256 over the study's files (name inside the study and content) and all that decides its result.

    The names inside count because sequences are recognised by them; the study's own name and
    place do not, nor does the device. Links are followed, as reading does. Only what file
    managers leave is passed over. The brain extractors of this machine count: a rough mask
    gives another result than a network's.

    Args:
        card: The model's, of which its `identity` counts.
        report: Called about every second, since a slow drive takes long; what it raises ends the reading.

    Raises:
        InputError: The study holds no file, or one that cannot be read.
    """
    from mstkd.preprocessing.brain import extractors

    choices = {name: _plain(value) for name, value in asdict(wishes).items() if name != "device"}
    beat = _now_and_then(report)
    try:
        files = {path.relative_to(study).as_posix(): file_sha256(path, beat) for path in _files(study, beat)}
    except OSError as error:
        raise InputError(f"{error.filename or study} cannot be read ({why(error)}); copy it again.") from error
    if not files:
        raise InputError(f"{study} holds no file; put the study's images there, or remove the folder.")
    everything = [FORMAT, mstkd.__version__, identity(card), choices, extractors(), files]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def _now_and_then(report: Callable[[], None]) -> Callable[[], None]:
    """Called for every block of a file, it passes on one call a second."""
    said = time.monotonic()

    def beat() -> None:
        nonlocal said
        if time.monotonic() - said >= _EVERY_S:
            report()
            said = time.monotonic()

    return beat


def _files(folder: Path, beat: Callable[[], None], above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """All files at any depth, also behind links; a link to a folder that it lies in leads nowhere new."""
    real = folder.resolve()
    if real in above:
        return
    for path in folder.iterdir():
        beat()
        if path.is_dir():
            yield from _files(path, beat, (*above, real))
        elif path.is_file() and not path.name.startswith("._") and path.name.lower() not in _OF_THE_SYSTEM:
            yield path
