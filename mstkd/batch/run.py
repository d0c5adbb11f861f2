"""One study of many."""

from __future__ import annotations

import contextlib
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from mstkd.batch.fingerprint import fingerprint
from mstkd.batch.finished import copy_result, find_finished, recorded_study, write_record
from mstkd.batch.outcome import Outcome
from mstkd.batch.studies import check_apart
from mstkd.errors import CancelledError, InputError, why
from mstkd.store import find_model
from mstkd.store.card import InstalledModel, read_model
from mstkd.wishes import PLAIN, Wishes

Report = Callable[[float, str], None]


def run_study(
    folder: Path,
    output_root: Path,
    *,
    model: Path | None = None,
    wishes: Wishes = PLAIN,
    report: Report = lambda share, text: None,
) -> Outcome:
    """Segment a study into ``output_root/NAME``, unless its result is there.

    A result of the same content anywhere directly in ``output_root`` counts, so a renamed study
    is not done again: it gets a copy under its new name. A study whose content changed is done
    again and replaces its result.

    Args:
        folder: Of one study; its name is the result's.
        model: Folder or name of a model; None takes the default one.

    Returns:
        The outcome; what goes wrong with this study is a ``failed`` one.

    Raises:
        CancelledError: ``report`` said so; the study is not done.
    """
    try:
        check_apart(folder, output_root)
        with _alone(output_root, report):
            return _run(folder, output_root, find_model(model), wishes, report)
    except CancelledError:
        raise
    except InputError as error:
        return Outcome(folder.name, "failed", str(error))
    except Exception as error:  # one bad patient must not stop the others
        traceback.print_exc(file=sys.stderr)
        return Outcome(folder.name, "failed", _sentence(folder, error))


def _sentence(folder: Path, error: Exception) -> str:
    words = f"the engine failed on {folder} ({type(error).__name__}: {' '.join(str(error).split())[:200]})."
    if "torch" not in sys.modules:  # the engine itself could not be loaded
        return words
    from mstkd.inference.device import memory_sentence

    return memory_sentence(error) or words


def _run(folder: Path, output_root: Path, model: Path, wishes: Wishes, report: Report) -> Outcome:
    target = output_root / folder.name
    for leftover in target.glob(".mstkd-*"):  # of a killed run: nobody else writes here now
        shutil.rmtree(leftover, ignore_errors=True)
    content = partial(_content, model=read_model(model), wishes=wishes, report=report)
    wanted = content(folder)
    earlier, summary = find_finished(output_root, folder.name, wanted) or (None, None)
    if earlier == target:
        return Outcome(folder.name, "skipped", "done before.", target, summary)
    _refuse_namesake(folder, target, wanted, content)
    if earlier is None:
        return Outcome(folder.name, "done", "", target, _segment(folder, target, wanted, model, wishes, report))
    summary = _copy(earlier, summary or {}, target, wanted, folder)
    message = f"done before as {earlier.name}, which held the same files; its result was copied."
    return Outcome(folder.name, "skipped", message, target, summary)


def _content(folder: Path, model: InstalledModel, wishes: Wishes, report: Report) -> str:
    def say() -> None:
        report(0.0, "Comparing with earlier results")

    say()
    return fingerprint(folder, model.card, wishes, say)


def _refuse_namesake(folder: Path, target: Path, wanted: str, content: Callable[[Path], str]) -> None:
    """Raise InputError when the result in place is of another study of this name, which is still there."""
    former = recorded_study(target)
    if former is None or former == folder.resolve() or not former.is_dir():
        return
    with contextlib.suppress(InputError):
        if content(former) == wanted:
            return
    raise InputError(
        f"{target} holds the result of {former}, another study of that name; rename {folder} or choose another "
        "output folder."
    )


def _segment(folder: Path, target: Path, wanted: str, model: Path, wishes: Wishes, report: Report) -> dict[str, Any]:
    from mstkd.pipeline import segment_files
    from mstkd.sources import find_sources

    sources = find_sources(folder, {})
    finish = partial(write_record, wanted=wanted, study=folder)
    return segment_files(sources, target, model=model, wishes=wishes, report=report, finish=finish)


def _copy(earlier: Path, summary: dict[str, Any], target: Path, wanted: str, study: Path) -> dict[str, Any]:
    from mstkd.results.draft import DraftFolder, disk_errors

    with DraftFolder(target) as folder, disk_errors(target):
        renamed = copy_result(earlier, summary, folder.draft, target.name)
        write_record(folder.draft, wanted, study)
        folder.publish()
    return renamed


@contextlib.contextmanager
def _alone(output_root: Path, report: Report) -> Iterator[None]:
    """Wait until no other batch writes here: two that share a folder take turns, study by study."""
    from filelock import FileLock, Timeout

    try:
        output_root.mkdir(parents=True, exist_ok=True)
        lock = FileLock(output_root / ".mstkd.lock")
        while not lock.is_locked:
            try:
                lock.acquire(timeout=1)
            except Timeout:
                report(0.0, f"Waiting for another batch that writes to {output_root}")
    except OSError as error:
        raise InputError(f"{output_root} cannot be written ({why(error)}); choose another output folder.") from error
    try:
        yield
    finally:
        lock.release()
