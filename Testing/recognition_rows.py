"""The acceptance table of names and headers, answered and counted."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from pydicom import Dataset

from mstkd.modalities import CHANNELS
from mstkd.recognition import Recognition, recognise_header, recognise_name

TABLE = Path(__file__).parent / "recognition_table.tsv"
SEQUENCES = {modality.label for modality in CHANNELS}
FIELDS = {
    "protocol": "ProtocolName",
    "TR": "RepetitionTime",
    "TE": "EchoTime",
    "TI": "InversionTime",
    "flip": "FlipAngle",
    "scanning": "ScanningSequence",
    "image_type": "ImageType",
    "agent": "ContrastBolusAgent",
    "b_value": "DiffusionBValue",
    "modality": "Modality",
}
"""The header fields of the table's columns; a row with any of them is a header, else a name."""


def rows() -> list[dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def answer(row: dict[str, str]) -> Recognition:
    fields = {keyword: row[column] for column, keyword in FIELDS.items() if row[column]}
    if not fields:
        return recognise_name(row["name"])
    header = Dataset()
    header.Modality = "MR"
    header.SeriesDescription = row["name"]
    if "DiffusionBValue" in fields:
        header.DiffusionBValue = float(fields.pop("DiffusionBValue"))
    for keyword, value in fields.items():
        several = keyword in ("ScanningSequence", "ImageType")
        parts = value.split("\\")
        setattr(header, keyword, "" if value == "(empty)" else parts if several else value)
    return recognise_header(header)


def verdict(row: dict[str, str], given: Recognition) -> str:
    """``right``, ``wrong`` (a sequence that it is not), ``refused`` (not told though it can be) or ``missed``.

    Missed are rows of another kind that were left untold, or untold ones taken for another kind.
    """
    if given.modality is not None:
        return "right" if given.modality.label == row["expected"] else "wrong"
    if row["expected"] in SEQUENCES:
        return "refused"
    return "right" if bool(given.other) == (row["expected"] == "other") else "missed"


def counts(table: Iterable[dict[str, str]]) -> dict[str, int]:
    total = {"rows": 0, "tellable": 0, "right": 0, "wrong": 0, "refused": 0, "missed": 0}
    for row in table:
        total["rows"] += 1
        total["tellable"] += row["expected"] in SEQUENCES
        total[verdict(row, answer(row))] += 1
    return total
