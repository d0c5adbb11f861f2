"""Files that appear whole or not at all, and what tells one file from another."""

from __future__ import annotations

import glob
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_DAY_S = 24 * 3600.0


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to; what was written there takes the file's place at once when all went well.

    An earlier file stays as it was until then, and for good when writing fails or the
    process is killed. The bytes are on the disk before the name is.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")  # two processes may write one file
    _sweep(path)
    try:
        yield draft
        flush(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """A folder to fill; it takes the place of ``folder``, which is empty or does not exist, when all went well."""
    folder = folder.resolve()  # "." has no name
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}.part")
    _sweep(folder)
    draft.mkdir()
    try:
        yield draft
        for path in draft.rglob("*"):
            if path.is_file():
                flush(path)
        if folder.exists():
            folder.rmdir()  # Windows renames onto nothing
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def flush(path: Path) -> None:
    """Return when a file's bytes are on the disk."""
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _sweep(path: Path) -> None:
    """Remove what killed processes left of this file or folder a day ago or earlier."""
    for draft in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        with suppress(OSError):
            if is_left_over(draft):
                shutil.rmtree(draft) if draft.is_dir() else draft.unlink()


def is_left_over(path: Path) -> bool:
    """Whether nobody touched a passing file or folder for a day: the process that made it is gone."""
    return time.time() - path.stat().st_mtime > _DAY_S


def file_sha256(path: Path, beat: Callable[[], None] = lambda: None) -> str:
    """SHA-256 of a file's bytes, as hex digits; ``beat`` is called after each piece read."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
            beat()
    return digest.hexdigest()
