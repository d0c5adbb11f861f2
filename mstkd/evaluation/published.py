"""The published figures of MST-KDNet, for printing beside ours.

Zhu S, Chen Y, et al., MICCAI 2025: tables 1 to 3 with the full tables of its repository
(``published.csv``) and the ablations of table 4 (``published_ablation.csv``). All stands as
published: an average may differ from the mean of its combinations by up to 0.3, and that of
WT Dice on FeTS 2024 is 88.4 in the tables and 88.2 in the ablations.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources

from mstkd.regions import REGIONS

AVERAGE = "average"


@dataclass(frozen=True)
class Figure:
    """A published pair: mean Dice in percent and mean HD95 in mm."""

    dice: float
    hd95: float


def published_tables() -> dict[str, dict[tuple[str, str], Figure]]:
    """Per data set, the figure of each (combination or ``average``, region)."""
    return _read("published.csv", "modalities")


def published_ablation() -> dict[str, dict[tuple[str, str], Figure]]:
    """Per data set, the figure of each (variant, region), e.g. ``("w/o GSME", "ET")``."""
    return _read("published_ablation.csv", "variant")


def published_dataset(datasets: Iterable[str]) -> str | None:
    """The published data set that all these names mean, None when there is none.

    Spaces, hyphens and case do not matter. ``GLI``, the glioma part of a BraTS challenge, may
    follow, because that is the paper's set; other parts are other diseases.
    """
    known = {_plain(name): name for name in published_tables()}
    found = {known.get(_plain(name)) for name in datasets}
    return found.pop() if len(found) == 1 else None


def _plain(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower()).removesuffix("gli")


def _read(file: str, row_name: str) -> dict[str, dict[tuple[str, str], Figure]]:
    tables: dict[str, dict[tuple[str, str], Figure]] = {}
    with resources.files("mstkd.evaluation").joinpath(file).open(encoding="utf-8") as lines:
        for row in csv.DictReader(lines):
            table = tables.setdefault(row["dataset"], {})
            for region in REGIONS:
                column = region.value.lower()
                table[row[row_name], region.value] = Figure(float(row[f"dice_{column}"]), float(row[f"hd95_{column}"]))
    return tables
