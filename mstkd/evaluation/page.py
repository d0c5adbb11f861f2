"""A report as one HTML page that needs no other file."""

from __future__ import annotations

import base64
from html import escape

from mstkd.evaluation.layout import Cell, Picture, Report, Table
from mstkd.evaluation.scores import NAMES
from mstkd.html import document
from mstkd.modalities import CHANNELS

MARKS = """
i { font-style: normal; font-size: .8rem; border-radius: 3px; padding: .1rem .35rem; margin-right: .2rem;
    background: #e3e8ef; }
i.absent { background: none; color: #c3cad3; }
img { max-width: 100%; }
"""


def to_html(report: Report) -> str:
    """The report as HTML; cells keep their colours, and a combination shows what it has and lacks."""
    notice, *facts = report.facts
    body = [f"<h1>{escape(report.title)}</h1>", f'<p class="notice">{escape(notice)}</p>']
    body += [f"<p>{escape(fact)}</p>" for fact in facts]
    body += [_table(table) for table in report.tables]
    body += [_picture(picture) for picture in report.pictures]
    return document(report.title, "\n".join(body), MARKS)


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(title)}</th>" for title in table.header)
    rows = "\n".join(f"<tr>{_name(row[0].text)}{''.join(map(_cell, row[1:]))}</tr>" for row in table.rows)
    return (
        f"{_heading(table.title, f'{table.note} {table.legend}'.strip())}\n"
        f"<div><table>\n<tr>{head}</tr>\n{rows}\n</table></div>"
    )


def _picture(picture: Picture) -> str:
    address = "data:image/png;base64," + base64.b64encode(picture.png).decode("ascii")
    return f'{_heading(picture.title, picture.note)}\n<img src="{address}" alt="{escape(picture.title)}">'


def _heading(title: str, note: str) -> str:
    return f'<h2>{escape(title)}</h2>\n<p class="note">{escape(note)}</p>'


def _name(text: str) -> str:
    """A combination as four marks, the absent ones pale; anything else as it is."""
    if text not in NAMES:
        return f"<td>{escape(text)}</td>"
    given = text.split(", ")
    marks = (f"<i{'' if m.label in given else ' class=absent'}>{m.label}</i>" for m in CHANNELS)
    return f"<td>{''.join(marks)}</td>"


def _cell(cell: Cell) -> str:
    colour = f' style="background:{cell.colour}"' if cell.colour else ""
    small = f"<small>{escape(cell.small)}</small>" if cell.small else ""
    return f"<td{colour}>{escape(cell.text)}{small}</td>"
