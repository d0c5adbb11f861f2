"""What makes two runs the same: the files of the study, the model's weights, the wishes, the version."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from enum import Enum
from pathlib import Path

import mstkd
from mstkd.files import file_sha256
from mstkd.wishes import Wishes

FORMAT = 1
"""Raised when a result of an earlier program must not be taken for one of today's."""
_OF_THE_SYSTEM = {"thumbs.db", "desktop.ini"}


def fingerprint(study: Path, weights: str, wishes: Wishes) -> str:
    """SHA-256 over the study's files (name inside the study and content) and all that decides its result.

    The names inside count because sequences are recognised by them; the study's own name and
    place do not, nor does the device. Hidden files, which file managers leave, are passed over.

    Args:
        weights: SHA-256 of the model's weights.
    """
    choices = {name: _plain(value) for name, value in asdict(wishes).items() if name != "device"}
    files = {path.relative_to(study).as_posix(): file_sha256(path) for path in _files(study)}
    everything = [FORMAT, mstkd.__version__, weights, choices, files]
    return hashlib.sha256(json.dumps(everything, sort_keys=True).encode()).hexdigest()


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, Path) else value


def _files(study: Path) -> Iterator[Path]:
    for root, _, names in os.walk(study):
        for name in names:
            path = Path(root) / name
            if path.is_file() and not name.startswith(".") and name.lower() not in _OF_THE_SYSTEM:
                yield path
