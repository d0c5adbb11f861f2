"""What was measured: one score per case, combination of sequences and region."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from mstkd.errors import InputError
from mstkd.evaluation.csvfile import columns, write_rows
from mstkd.evaluation.dice import dice
from mstkd.evaluation.hausdorff import hd95
from mstkd.modalities import COMBINATIONS, describe
from mstkd.regions import REGIONS, Region, region_mask
from mstkd.store.card import ALL

Array = np.ndarray
NAMES: tuple[str, ...] = tuple(describe(combination) for combination in COMBINATIONS)
"""Names of the 15 combinations in the paper's order."""
DECIMALS = 4


@dataclass(frozen=True)
class Score:
    """One region of one case with one combination of sequences.

    Attributes:
        modalities: ``FLAIR, T1Gd`` or ``all available``.
        region: ``WT``, ``TC`` or ``ET``.
        dice: In percent.
        hd95: In mm.
        missed: The reference has the region, the prediction has not.
        invented: The prediction has the region, the reference has not.
    """

    case: str
    modalities: str
    region: str
    dice: float
    hd95: float
    missed: bool
    invented: bool

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes a score unique in an evaluation."""
        return self.case, self.modalities, self.region


def measure(
    case: str, modalities: str, found: Array, truth: Array, known: Iterable[Region], spacing: Array
) -> list[Score]:
    """Scores of the regions that the reference knows.

    Figures are rounded when measured, so that a file holds just what was in memory.

    Args:
        found: Predicted label map ``(I, J, K)`` of our classes.
        truth: The reference on the same grid.
        spacing: Edges of a voxel in mm, ``(3,)``.
    """
    scores = []
    for region in (r for r in REGIONS if r in known):
        p, r = region_mask(found, region), region_mask(truth, region)
        missed, invented = bool(r.any() and not p.any()), bool(p.any() and not r.any())
        percent, distance = round(100 * dice(p, r), DECIMALS), round(hd95(p, r, spacing), DECIMALS)
        scores.append(Score(case, modalities, region.value, percent, distance, missed, invented))
    return scores


class OfCombination(Protocol):
    """A figure of one combination of sequences."""

    @property
    def modalities(self) -> str: ...


def present(figures: Iterable[OfCombination]) -> list[str]:
    """The combinations that were measured, in the paper's order; without ``all available``."""
    measured = {figure.modalities for figure in figures}
    return [name for name in NAMES if name in measured]


def write_scores(path: Path, scores: Sequence[Score]) -> None:
    """Write ``cases.csv``; the file appears whole."""
    write_rows(path, Score, scores)


def read_scores(path: Path) -> list[Score]:
    """Read what ``write_scores`` wrote.

    Raises:
        InputError: Missing, other columns, a value that makes no sense, a score that occurs twice.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        if header != columns(Score):
            raise ValueError(f"columns {', '.join(header)}")
        scores = [_score(row) for row in rows]
        if len({score.key for score in scores}) < len(scores):
            raise ValueError("a score occurs twice")
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is no table of scores ({error!s:.100}); give a folder that 'mstkd evaluate' wrote."
        ) from error
    return scores


def _score(row: list[str]) -> Score:
    case, modalities, region, percent, distance, missed, invented = row
    if modalities not in (*NAMES, ALL) or not {missed, invented} <= {"0", "1"}:
        raise ValueError(f"the row of {case}, {modalities}")
    return Score(
        case, modalities, Region(region).value, float(percent), float(distance), missed == "1", invented == "1"
    )
