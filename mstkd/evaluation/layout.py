"""A report as sentences and tables, before it becomes Markdown or a page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
class Report:
    """A title, sentences, tables."""

    title: str
    facts: list[str]
    tables: list[Table]


def to_markdown(report: Report) -> str:
    """The report as Markdown."""
    lines = [f"# {report.title}", ""]
    for fact in report.facts:
        lines += [fact, ""]
    for table in report.tables:
        lines += [f"## {table.title}", "", table.note, ""]
        lines += [_line(table.header), _line(["---"] * len(table.header))]
        lines += [_line([f"{c.text} ({c.small})" if c.small else c.text for c in row]) for row in table.rows]
        lines.append("")
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
