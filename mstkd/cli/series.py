"""``mstkd series``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from mstkd.cli.shared import app, sentences, talk


@app.command()
def series(
    folder: Annotated[Path, typer.Argument(help="A folder with DICOM files, at any depth.")],
    study: Annotated[str | None, typer.Option(help="Only this one: its date, or its UID or the start of it.")] = None,
    machine: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Say which series a DICOM folder holds, which one is proposed for which sequence, and why."""
    with sentences(machine):
        from mstkd.dicom import choose_study, read_folder
        from mstkd.dicom.report import summarise_folder

        text, count = TextColumn("{task.description}"), MofNCompleteColumn()
        with Progress(text, BarColumn(), count, console=talk, transient=True) as bar:
            task = bar.add_task("Reading")
            found = read_folder(folder, lambda done, of: bar.update(task, completed=done, total=of))
        studies = found.studies if study is None else [choose_study(found, study)]
        summary = summarise_folder(found, studies)
        if machine:
            print(json.dumps(summary))
        else:
            print_report(summary)


def print_report(summary: dict[str, Any]) -> None:
    """Each study with its table, what is proposed, and every sentence on its own line."""
    console = Console(highlight=False, soft_wrap=True)

    def say(*lines: str) -> None:
        for line in lines:
            console.print(line, markup=False)

    for study in summary["studies"]:
        say(f"Study of {study['text']}", f"  {study['uid']}")
        if study["stacks"]:
            console.print(_table(study))
        say(*(f"  {choice['sentence']}" for choice in study["proposal"]), f"  Missing: {study['missing']}")
        _section(say, "  Problems and remarks:", study["problems"])
        say("")
    _section(say, "Files that could not be read, and mixed ones:", summary["problems"])


def _section(say: Any, title: str, lines: list[str]) -> None:
    if lines:
        say(title, *(f"    {line}" for line in lines))


def _table(study: dict[str, Any]) -> Table:
    table = Table("Series", "Slices", "Voxel (mm)", "Plane", "Is", "Taken")
    for stack in study["stacks"]:
        cells = (
            stack["name"],
            str(stack["slices"]),
            " x ".join(f"{mm:.1f}" for mm in stack["spacing_mm"]),
            stack["plane"],
            stack["sequence"] or stack["because"],
            "unusable" if stack["refusal"] else stack["taken"],
        )
        table.add_row(*map(escape, cells))
    return table
