"""A folder whose files appear together: written aside, then renamed into place."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from mstkd.errors import InputError, why
from mstkd.files import flush

Draft = TypeVar("Draft", bound="DraftFolder")
EARLIER = ".earlier"
"""Holds what a draft's files take the place of, until all have."""


class DraftFolder:
    """Collects files in ``draft``, a hidden folder inside ``folder``, until all are written.

    Use as a context, opened before computing, so that an unwritable place is found out
    first. Nothing is left behind when the work fails or is interrupted.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __enter__(self: Draft) -> Draft:
        self._made = first_missing(self.folder)
        with disk_errors(self.folder):
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self.draft = Path(tempfile.mkdtemp(prefix=".mstkd-", dir=self.folder))
            except OSError:
                self._remove_made()
                raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with contextlib.suppress(OSError):
            (self.draft / EARLIER).rmdir()
        if not (self.draft / EARLIER).exists():  # else it holds what could not be put back
            shutil.rmtree(self.draft, ignore_errors=True)
        if kind is not None:
            self._remove_made()

    def _remove_made(self) -> None:
        if self._made is not None:
            with contextlib.suppress(OSError):
                remove_empty(self.folder, self._made)

    def publish(self) -> None:
        """Put the draft's files, once they are on the disk, in place of earlier ones of the same names: all or none."""
        paths = sorted(self.draft.iterdir())
        for path in paths:
            flush(path)
        earlier = self.draft / EARLIER
        earlier.mkdir()
        try:
            for path in paths:
                if (self.folder / path.name).is_file():
                    _keep(self.folder / path.name, earlier / path.name)
            for path in paths:
                path.replace(self.folder / path.name)
        except BaseException:  # also an interruption
            for path in paths:
                self._put_back(path)
            raise
        shutil.rmtree(earlier)

    def _put_back(self, path: Path) -> None:
        earlier, place = self.draft / EARLIER / path.name, self.folder / path.name
        with contextlib.suppress(OSError):
            if path.exists():  # it never left the draft
                earlier.unlink(missing_ok=True)
            elif earlier.exists():
                earlier.replace(place)
            else:
                place.unlink()


def _keep(path: Path, kept: Path) -> None:
    """A second name for a file, or a copy where the disk knows no such thing."""
    try:
        os.link(path, kept)
    except OSError:
        shutil.copy2(path, kept)


def first_missing(folder: Path) -> Path | None:
    """The topmost folder that would have to be made, None when it exists."""
    if folder.exists():
        return None
    missing = folder
    while not missing.parent.exists():
        missing = missing.parent
    return missing


def remove_empty(folder: Path, top: Path) -> None:
    """Remove the folder and its parents up to ``top``, as long as they are empty."""
    while True:
        folder.rmdir()
        if folder == top:
            return
        folder = folder.parent


@contextlib.contextmanager
def disk_errors(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into one sentence about the folder."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{folder} cannot be written ({why(error)}); close its files, choose another folder or free space."
        ) from error
