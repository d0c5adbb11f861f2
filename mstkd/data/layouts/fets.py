"""The institutions of a FeTS set, from its partitioning files."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from mstkd.errors import InputError
from mstkd.words import counted

# The first is the real division into institutions; the second cuts large ones up by tumour size.
FILES = ("partitioning_1.csv", "partitioning_2.csv")


def institutions(root: Path, folders: Sequence[Path]) -> tuple[dict[str, str], str, tuple[str, ...]]:
    """Which institution each case comes from, the evidence, and what to know about it.

    The file lies in ``root`` or beside the cases' folders; ``partitioning_1.csv`` is preferred.

    Raises:
        InputError: The file has other columns than Partition_ID and Subject_ID.
    """
    places = dict.fromkeys([root, *(folder.parent for folder in folders)])
    found = [place / name for name in FILES for place in places if (place / name).is_file()]
    if not found:
        return {}, "", ("no partitioning_1.csv lies beside the FeTS cases; their institutions stay unknown.",)
    path = found[0]
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
        partition = {row["Subject_ID"].strip(): row["Partition_ID"].strip() for row in rows}
    except (KeyError, AttributeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} lacks the columns Partition_ID and Subject_ID; download it again.") from error
    unknown = [folder.name for folder in folders if folder.name not in partition]
    remarks = (
        (f"{path} names no institution for {counted(len(unknown), 'case')}, {unknown[0]} first.",) if unknown else ()
    )
    return partition, f", and {path.name} divides them into institutions", remarks
