"""From a source to a verified package that waits for the user's consent."""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mstkd.errors import InputError, why
from mstkd.files import file_sha256
from mstkd.store.archive import copy_folder, unpack
from mstkd.store.card import CARD, Card, identity
from mstkd.store.download import Report, download
from mstkd.store.places import installed_models, models_folder

PART, STAGED = ".part-", ".staged-"
"""How folders in the models folder begin while a package is gathered, and when it waits for consent."""
_DAY_S = 24 * 3600.0


@dataclass(frozen=True)
class StagedModel:
    """A verified package that is not installed yet: see `accept_staged` and `discard_staged`."""

    folder: Path
    card: Card


def stage_model(
    source: str | Path, sha256: str | None = None, report: Report = lambda share, text: None
) -> StagedModel:
    """Fetch a package and verify it wholly: card, weights, network. Installs nothing.

    Args:
        source: A package folder, a zip file that holds one, or the https address of such a file.
        sha256: Of the zip file; may also end an address as ``#sha256=...``. An address needs it.
        report: Told the finished share and a line of state; what it raises ends the staging.

    Raises:
        InputError: One sentence on what is wrong with the source.
    """
    place, _, fragment = str(source).partition("#sha256=")
    expected = _one_hash(fragment, sha256, str(source))
    with _draft() as draft:
        _gather(place, expected, draft, report)
        report(0.9, "Verifying the model")
        card = _verify(draft, place)
        refuse_other_model(card)
        draft.chmod(0o755)  # made for its owner only, but a models folder may be shared
        staged = draft.with_name(draft.name.replace(PART, STAGED, 1))
        draft.rename(staged)
    return StagedModel(staged, card)


def refuse_other_model(card: Card) -> None:
    """Raise InputError when a model that gives other results is installed by this name and version."""
    label = f"{card['name']} {card['version']}"
    if any(m.label == label and identity(m.card) != identity(card) for m in installed_models()):
        raise InputError(
            f"{label} is installed already as another model (other weights, or it leaves out other parts); "
            "remove it first, or give the new one another version."
        )


def _one_hash(fragment: str, given: str | None, source: str) -> str | None:
    hashes = {text.strip().lower() for text in (fragment, given) if text and text.strip()}
    if len(hashes) > 1:
        raise InputError(f"{source} is given with two different SHA-256; give the right one.")
    if any(not re.fullmatch("[0-9a-f]{64}", text) for text in hashes):
        raise InputError(f"the SHA-256 of {source} must have 64 hexadecimal digits; copy it whole.")
    return hashes.pop() if hashes else None


def _gather(place: str, expected: str | None, draft: Path, report: Report) -> None:
    path = Path(place)
    archive = draft / "package.zip"
    if "://" in place:
        if not place.lower().startswith("https://"):
            raise InputError(f"{place} is no https address; models are fetched by https only.")
        if expected is None:
            raise InputError(
                f"{place} needs the SHA-256 of the file, which its publisher tells; give it with the address."
            )
        download(place, archive, lambda share, text: report(0.9 * share, text))
    elif path.is_dir():
        if expected is not None:
            raise InputError(f"{place} is a folder, but a SHA-256 belongs to a zip file; leave it out.")
        copy_folder(path, draft)
        return
    elif path.is_file():
        archive = path
    else:
        raise InputError(f"{place} does not exist; give a package's folder, its zip file or an https address.")
    if expected is not None and file_sha256(archive) != expected:
        raise InputError(f"{place} is not the file that was announced (its SHA-256 differs); fetch it again.")
    unpack(archive, draft, place)
    (draft / "package.zip").unlink(missing_ok=True)


def _verify(draft: Path, place: str) -> Card:
    from mstkd.models import load_package

    if not (draft / CARD).exists():
        raise InputError(f"{place} holds no {CARD}, so it is no model package; check what was given.")
    try:
        return load_package(draft).card
    except InputError as error:
        raise InputError(str(error).replace(str(draft), place)) from error


@contextmanager
def _draft() -> Iterator[Path]:
    """A fresh folder beside the installed models; one staging at a time, so other drafts are leftovers."""
    from filelock import FileLock, Timeout

    home = models_folder()
    try:
        home.mkdir(parents=True, exist_ok=True)
        lock = FileLock(home / ".lock", blocking=False)
        with lock:
            _sweep(home)
            draft = Path(tempfile.mkdtemp(prefix=PART, dir=home))
            try:
                yield draft
            finally:
                shutil.rmtree(draft, ignore_errors=True)
    except Timeout as error:
        raise InputError("another model is being installed right now; try again when that is done.") from error
    except OSError as error:
        what = error.filename or home
        raise InputError(
            f"{what} cannot be read or written ({why(error)}); free space, or set MSTKD_MODELS."
        ) from error


def _sweep(home: Path) -> None:
    """Remove what killed stagings left, and packages that waited a day for consent."""
    for folder in home.iterdir():
        waited = folder.name.startswith(STAGED) and time.time() - folder.stat().st_mtime > _DAY_S
        if folder.name.startswith(PART) or waited:
            shutil.rmtree(folder, ignore_errors=True)
