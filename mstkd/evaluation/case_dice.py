"""Dice alone, per case, combination of sequences and region: what a validation finds."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mstkd.errors import InputError
from mstkd.evaluation.csvfile import columns, write_rows
from mstkd.regions import Region


@dataclass(frozen=True)
class CaseDice:
    """One region of one case, segmented from one combination of its sequences.

    Attributes:
        modalities: As a journal names them, e.g. ``FLAIR+T1Gd``.
        region: ``WT``, ``TC`` or ``ET``.
        dice: In percent.
    """

    case: str
    modalities: str
    region: str
    dice: float


def write_case_dice(path: Path, rows: Sequence[CaseDice]) -> None:
    """Write the rows as CSV; the file appears whole."""
    write_rows(path, CaseDice, rows)


def read_case_dice(path: Path) -> list[CaseDice]:
    """Read what `write_case_dice` wrote.

    Raises:
        InputError: Missing, other columns, or a value that makes no sense.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        if header != columns(CaseDice):
            raise ValueError(f"columns {', '.join(header)}")
        return [CaseDice(case, names, Region(region).value, float(dice)) for case, names, region, dice in rows]
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is no table of a validation ({error!s:.100}); remove its folder and train that run again."
        ) from error
