"""Rows of a dataclass as a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any

from mstkd.files import whole_file


def write_rows(path: Path, kind: type[Any], rows: Sequence[Any]) -> None:
    """Write rows with the dataclass's fields as header, bools as 0 and 1; the file appears whole."""
    with whole_file(path) as draft, draft.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns(kind))
        writer.writerows([int(v) if isinstance(v, bool) else v for v in astuple(row)] for row in rows)


def columns(kind: type[Any]) -> list[str]:
    """The header of a dataclass's file."""
    return [field.name for field in fields(kind)]
