"""A report as sentences and tables, before it becomes Markdown or a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

NOTHING = "-"


@dataclass(frozen=True)
class Cell:
    """What stands large, what stands small beside it, and its colour (CSS) on the page."""

    text: str = NOTHING
    small: str = ""
    colour: str = ""


@dataclass(frozen=True)
class Table:
    """A titled table; the first cell of a row is its name.

    Attributes:
        legend: What colours mean, for the page only.
    """

    title: str
    note: str
    header: list[str]
    rows: list[list[Cell]]
    legend: str = ""


@dataclass(frozen=True)
class Picture:
    """A titled picture.

    Attributes:
        file: Its name beside the report.
        png: Its bytes.
    """

    title: str
    note: str
    file: str
    png: bytes


@dataclass(frozen=True)
class Report:
    """A title, sentences, tables, pictures."""

    title: str
    facts: list[str]
    tables: list[Table]
    pictures: list[Picture] = field(default_factory=list)


def to_markdown(report: Report) -> str:
    """The report as Markdown; its pictures are files beside it."""
    lines = [f"# {report.title}", ""]
    for fact in report.facts:
        lines += [fact, ""]
    for table in report.tables:
        lines += [f"## {table.title}", "", table.note, ""]
        lines += [_line(table.header), _line(["---"] * len(table.header))]
        lines += [_line([f"{c.text} ({c.small})" if c.small else c.text for c in row]) for row in table.rows]
        lines.append("")
    for picture in report.pictures:
        lines += [f"## {picture.title}", "", picture.note, "", f"![{picture.title}]({picture.file})", ""]
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
