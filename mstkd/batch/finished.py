"""Which results are whole, and of what."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

Summary = dict[str, Any]
RECORD, SUMMARY, LABELS = "batch.json", "summary.json", "labels.nii.gz"


def write_record(draft: Path, wanted: str) -> None:
    """Note beside a result's files what they are of, before they are put in place together.

    The record holds the summary's hash, and the summary is put in place last: a kill in between
    leaves a record that does not fit, so the result does not count as finished.
    """
    record = {"fingerprint": wanted, "summary_sha256": hashlib.sha256((draft / SUMMARY).read_bytes()).hexdigest()}
    (draft / RECORD).write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


def find_finished(output_root: Path, name: str, wanted: str) -> tuple[Path, Summary] | None:
    """A whole result with this fingerprint and its summary; that of ``name`` goes before others."""
    for folder in [output_root / name, *sorted(output_root.iterdir())]:
        summary = _whole_summary(folder, wanted)
        if summary is not None:
            return folder, summary
    return None


def _whole_summary(folder: Path, wanted: str) -> Summary | None:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["fingerprint"] != wanted or not (folder / LABELS).is_file():
            return None
        summary = (folder / SUMMARY).read_bytes()
        if hashlib.sha256(summary).hexdigest() != record["summary_sha256"]:
            return None
        found: Summary = json.loads(summary)
    except (OSError, ValueError, LookupError, TypeError):
        return None
    return found


def copy_result(source: Path, draft: Path) -> None:
    """Copy a result's files into the draft of another folder."""
    for path in source.iterdir():
        if path.is_file() and not path.name.startswith("."):
            shutil.copyfile(path, draft / path.name)
