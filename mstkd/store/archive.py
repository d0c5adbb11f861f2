"""The files of one model package out of a zip file or a folder, and nothing else."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO

from mstkd.errors import InputError
from mstkd.store.card import CARD, CURVES, FAILURES, WEIGHTS
from mstkd.store.download import MOST_BYTES

_TEXT = re.compile(r"(?:licen[cs]e|readme|notice)(?:\.(?:md|txt))?", re.IGNORECASE)
_CHUNK = 1 << 20


def belongs(name: str) -> bool:
    """Whether a package may hold a file of this name: card, weights, pictures, and texts for people."""
    return name in (CARD, WEIGHTS, CURVES, FAILURES) or _TEXT.fullmatch(name) is not None


def copy_folder(source: Path, target: Path) -> None:
    """Copy the files of a package folder; others are left behind."""
    for path in sorted(source.iterdir()):
        if belongs(path.name) and path.is_file():
            shutil.copyfile(path, target / path.name)


def unpack(archive: Path, target: Path, called: str) -> None:
    """Unpack the package in a zip file, at its top or in one folder.

    What is written is counted, so an archive that swells beyond 2 GB is not unpacked.

    Args:
        called: What messages call the archive.

    Raises:
        InputError: No whole zip file, a member that a package may not have, or too much.
    """
    try:
        with zipfile.ZipFile(archive) as file:
            left = MOST_BYTES
            for member in _members(file, called):
                with file.open(member) as source, (target / PurePosixPath(member.filename).name).open("wb") as sink:
                    left = _copy(source, sink, left, called)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError) as error:
        raise InputError(f"{called} is no whole zip file with a model package ({error}); fetch it again.") from error


def _members(file: zipfile.ZipFile, called: str) -> list[zipfile.ZipInfo]:
    """The archive's files, each checked; what macOS adds of itself is passed over."""
    members = [m for m in file.infolist() if not m.is_dir() and not m.filename.startswith("__MACOSX/")]
    for member in members:
        path = PurePosixPath(member.filename)
        outside = path.is_absolute() or ".." in path.parts or "\\" in member.orig_filename or ":" in member.filename
        if outside or len(path.parts) > 2 or stat.S_ISLNK(member.external_attr >> 16) or not belongs(path.name):
            raise InputError(
                f"{called} holds {member.filename}, which does not belong in a model package; "
                f"a package has {CARD}, {WEIGHTS} and at most {CURVES}, {FAILURES}, a licence and a README."
            )
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise InputError(f"{called} is compressed in an unusual way; make a plain zip file of the package.")
    folders, names = {PurePosixPath(m.filename).parent for m in members}, {m.filename for m in members}
    if len(folders) > 1 or len(names) < len(members):
        raise InputError(f"{called} holds several packages; give a zip file with one.")
    return members


def _copy(source: IO[bytes], sink: IO[bytes], left: int, called: str) -> int:
    while chunk := source.read(_CHUNK):
        left -= len(chunk)
        if left < 0:
            raise InputError(f"{called} unpacks to more than {MOST_BYTES / 1e9:.0f} GB; it is no model package.")
        sink.write(chunk)
    return left
