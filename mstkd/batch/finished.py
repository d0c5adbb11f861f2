"""Which results are whole, and of what.

A result's ``batch.json`` holds the fingerprint of what it is of, the study's folder, and the
SHA-256 of summary and label map.
"""

from __future__ import annotations

import json
import shutil
from html import escape
from pathlib import Path
from typing import Any

from mstkd.files import file_sha256

Summary = dict[str, Any]
RECORD = "batch.json"
_UNREADABLE = (OSError, ValueError, LookupError, TypeError)


def write_record(draft: Path, wanted: str, study: Path) -> None:
    """Note beside a result's files what they are of, before they are put in place together.

    A kill in between leaves a record that does not fit the files, so the result does not
    count as finished.
    """
    from mstkd.results.folder import LABELS, SUMMARY

    hashes = {name: file_sha256(draft / name) for name in (LABELS, SUMMARY)}
    record = {"fingerprint": wanted, "study": str(study.resolve()), "sha256": hashes}
    (draft / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def recorded_study(folder: Path) -> Path | None:
    """The folder that a result was made of, None when nothing says so."""
    try:
        return Path(json.loads((folder / RECORD).read_text(encoding="utf-8"))["study"])
    except _UNREADABLE:
        return None


def find_finished(output_root: Path, name: str, wanted: str) -> tuple[Path, Summary] | None:
    """A whole result with this fingerprint and its summary; that of ``name`` goes before others."""
    for folder in [output_root / name, *sorted(output_root.iterdir())]:
        summary = _whole_summary(folder, wanted)
        if summary is not None:
            return folder, summary
    return None


def _whole_summary(folder: Path, wanted: str) -> Summary | None:
    from mstkd.results.folder import LABELS, SUMMARY

    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["fingerprint"] != wanted:
            return None
        if any(file_sha256(folder / name) != record["sha256"][name] for name in (LABELS, SUMMARY)):
            return None
        found: Summary = json.loads((folder / SUMMARY).read_text(encoding="utf-8"))
    except _UNREADABLE:
        return None
    return found


def copy_result(source: Path, summary: Summary, draft: Path, name: str) -> Summary:
    """Copy a result's files into the draft of a study of another name, which summary and report then bear.

    Args:
        summary: That of the source.

    Returns:
        That of the copy.
    """
    from mstkd.results.folder import ODD_NAMES, PAGE, SUMMARY, write_summary

    for path in source.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copyfile(path, draft / path.name)
    if summary["study"] != source.name:  # a DICOM study is called by its date and patient
        return summary
    renamed = summary | {"study": name}
    write_summary(draft / SUMMARY, renamed)
    page = (draft / PAGE).read_text("utf-8", ODD_NAMES)
    for tag in ("<title>", "<h1>"):
        page = page.replace(f"{tag}{escape(source.name)}: ", f"{tag}{escape(name)}: ")
    (draft / PAGE).write_text(page, "utf-8", ODD_NAMES)
    return renamed
