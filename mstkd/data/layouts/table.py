"""A plain list of cases: a CSV table, or a datalist that exists already."""

from __future__ import annotations

import csv
from pathlib import Path

from mstkd.data.datalist import SPLITS, parse_datalist
from mstkd.data.layouts.entry import Entry, Finding
from mstkd.data.layouts.known import convention_of
from mstkd.errors import InputError
from mstkd.modalities import Modality, describe, ordered
from mstkd.recognition import recognise_name
from mstkd.regions import CONVENTIONS
from mstkd.words import counted

COLUMNS = ("id", "seg", "labels", "dataset", "split", "partition", "patient")


def find(path: Path) -> Finding:
    """The cases of a list; relative files are taken from its folder.

    Raises:
        InputError: It is neither a CSV table with the columns of docs/data.md nor a datalist.
    """
    if path.suffix.lower() == ".json":
        return _datalist(path)
    if path.suffix.lower() == ".csv":
        return _csv(path)
    raise InputError(f"{path} is neither a folder nor a list (.csv or .json); give the folder of a data set.")


def _datalist(path: Path) -> Finding:
    entries = tuple(
        Entry(
            id=case.id,
            patient=case.patient,
            dataset=case.dataset,
            place=path,
            images=case.images,
            label=case.label,
            channels=case.channels,
            convention=case.convention.name,
            stated=True,
            partition=case.partition,
            split=case.split,
        )
        for case in parse_datalist(path)
    )
    return Finding("Datalist", f"{path.name} lists {counted(len(entries), 'case')}", entries)


def _csv(path: Path) -> Finding:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            heading = file.readline()
            file.seek(0)
            # Where the comma is the decimal sign, spreadsheets separate by semicolons.
            separator = ";" if heading.count(";") > heading.count(",") else ","
            reader = csv.DictReader(file, delimiter=separator, skipinitialspace=True)
            columns = [name.strip() for name in reader.fieldnames or []]
            reader.fieldnames = columns
            rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} is no CSV table ({error}); save it as CSV in UTF-8.") from error
    sequences = _sequences(columns, path)
    entries = tuple(_row(row, sequences, path, line) for line, row in enumerate(rows, start=2))
    return Finding("CSV list", f"{path.name} has columns for {describe(sequences)}", entries)


def _sequences(columns: list[str], path: Path) -> dict[Modality, str]:
    """The column of each sequence; its heading may be any name that tells the sequence, e.g. ``t1ce``."""
    found: dict[Modality, str] = {}
    for column in columns:
        told = recognise_name(column).modality
        if column in COLUMNS:
            continue
        if told is None or told in found:
            raise InputError(f"{path} has a column '{column}' too many; see the columns in docs/data.md.")
        found[told] = column
    for needed in ("id", "seg"):
        if needed not in columns:
            raise InputError(f"{path} lacks the column '{needed}'; see the columns in docs/data.md.")
    if not found:
        raise InputError(f"{path} has no column flair, t1, t1gd or t2; see the columns in docs/data.md.")
    return {modality: found[modality] for modality in ordered(found)}


def _row(row: dict[str, str | None], sequences: dict[Modality, str], path: Path, line: int) -> Entry:
    def cell(column: str) -> str:
        return (row.get(column) or "").strip()

    name, label, split = cell("id"), cell("seg"), cell("split")
    dataset, convention = cell("dataset") or path.stem, cell("labels")
    if not name:
        raise InputError(f"{path}, line {line} has no id; give each case one.")
    if split and split not in SPLITS:
        raise InputError(f"{path}, line {line}: the split '{split}' is none of {', '.join(SPLITS)}.")
    if convention and convention not in CONVENTIONS:
        raise InputError(f"{path}, line {line}: the labels '{convention}' are none of {', '.join(CONVENTIONS)}.")
    return Entry(
        id=name,
        patient=cell("patient") or name,
        dataset=dataset,
        place=path,
        images={m: path.parent / cell(column) for m, column in sequences.items() if cell(column)},
        label=path.parent / label if label else None,
        convention=convention or convention_of(dataset),
        stated=bool(convention),
        partition=cell("partition") or None,
        split=split or None,
    )
