"""``mstkd data check`` and ``mstkd data synthesise``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from mstkd.cli.shared import BAD_INPUT, CACHE, Cache, app, sentences, talk
from mstkd.words import counted

data = typer.Typer(no_args_is_help=True, help="Look at data sets before training on them.")
app.add_typer(data, name="data")
MOST_LINES = 30
"""Sentences of one kind that are printed for people; machines get all."""


@data.command()
def check(
    source: Annotated[Path, typer.Argument(help="A data set's folder, or a list of cases (.csv or .json).")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write the datalist (JSON) here.")] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[DATASET=]NAME", help="Label convention (docs/data.md), of one data set or of all; repeatable."
        ),
    ] = None,
    validation: Annotated[float, typer.Option(help="Share of the patients that validates.")] = 0.1,
    test: Annotated[float, typer.Option(help="Share of the patients that is held out.")] = 0.2,
    seed: Annotated[int, typer.Option(help="Which patients those are.")] = 0,
    machine: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Say what a data set holds and what is wrong with it; with -o also split it by patient."""
    with sentences(machine):
        from mstkd.data.prepare import prepare
        from mstkd.data.split import Fractions

        with _bar() as bar:
            task = bar.add_task("Reading")
            prepared = prepare(
                source,
                labels or (),
                Fractions(validation, test),
                seed,
                output,
                lambda done, of: bar.update(task, completed=done, total=of),
            )
        summary, refusal = prepared.summary, prepared.refusal
        if machine:
            print(json.dumps(summary if refusal is None else {**summary, "error": refusal}))
        else:
            print_report(summary)
            if refusal is not None:
                talk.print(f"mstkd: {refusal}", markup=False)
        if refusal is not None:
            raise typer.Exit(BAD_INPUT)


@data.command()
def synthesise(
    heads: Annotated[
        Path, typer.Argument(help="A folder of label maps of whole heads (.nii.gz, FreeSurfer's labels).")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the patients, one folder each.")],
    number: Annotated[int, typer.Option(min=1, help="How many.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Which ones those are.")] = 0,
    free: Annotated[bool, typer.Option("--free", help="Without a tumour.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Also write page.html, which shows the first 20.")] = False,
    beside: Annotated[
        Path | None,
        typer.Option(metavar="DATALIST", help="Show real patients of its training split on the page, too."),
    ] = None,
    cache: Cache = CACHE,
) -> None:
    """Draw synthetic patients, random tumours and contrasts in real heads, and write them as files."""
    with sentences():
        from mstkd.data.synthesis import load_heads
        from mstkd.data.synthesis.folder import draw_patients, write_patient
        from mstkd.data.synthesis.page import MOST_ROWS, patient_row, write_page

        loaded = load_heads(heads, cache / "heads")
        rows: list[str] = []
        with _bar() as bar:
            for patient in bar.track(
                draw_patients(loaded, number, seed, tumour=not free), number, description="Drawing"
            ):
                write_patient(output, patient)
                if len(rows) < MOST_ROWS:
                    rows.append(patient_row(patient.name, patient.images, patient.labels, (True,) * 4))
        if page or beside is not None:
            write_page(output / "page.html", rows, beside, cache)


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=talk,
        transient=True,
    )


def print_report(summary: dict[str, Any]) -> None:
    """The report for a person, numbers first, then every sentence on its own line."""
    console = Console(highlight=False, soft_wrap=True)

    def say(text: str) -> None:
        console.print(text, markup=False)

    for layout in summary["layouts"]:
        say(f"{layout['layout']}: {layout['evidence']}.")
    patients, cases = counted(summary["patients"], "patient"), counted(summary["cases"], "case")
    say(f"{patients}, {cases}, {summary['usable_cases']} of them usable.\n")
    console.print(_sequences(summary))
    console.print(_labels(summary))
    if summary["partitions"]:
        say("Institutions: " + ", ".join(f"{name} ({count})" for name, count in summary["partitions"].items()))
    for title, lines in _sections(summary):
        say(f"\n{title}")
        for line in lines[:MOST_LINES]:
            say(f"  {line}")
        if len(lines) > MOST_LINES:
            say(f"  and {len(lines) - MOST_LINES} more, all of them with --json")
    if "written" in summary:
        sides = ", ".join(
            f"{side} {n['patients']} ({counted(n['cases'], 'case')})" for side, n in summary["split"].items()
        )
        say(f"\nWritten to {summary['written']}, patients on each side: {sides}.")
        empty = [side for side, n in summary["split"].items() if not n["patients"]]
        if empty:
            say(f"No patient fell to {' and '.join(empty)}; raise the share if that side is needed.")


def _sequences(summary: dict[str, Any]) -> Table:
    table = Table("Sequences", "Cases")
    for name, count in summary["sequences"].items():
        table.add_row(name, str(count))
    table.add_section()
    for names, count in summary["combinations"].items():
        table.add_row(f"only {names}" if names in summary["sequences"] else names, str(count))
    return table


def _labels(summary: dict[str, Any]) -> Table:
    table = Table("Data set", "Label maps", "Values (in how many)", "Convention")
    for labels in summary["labels"]:
        values = ", ".join(f"{value} ({count})" for value, count in labels["values"].items()) or "none"
        table.add_row(labels["dataset"], str(labels["cases"]), values, labels["convention"] or "undecided")
    return table


def _sections(summary: dict[str, Any]) -> list[tuple[str, list[str]]]:
    def lines(kind: str) -> list[str]:
        return [": ".join(filter(None, (line["case"], line["sentence"]))) for line in summary[kind]]

    left_out = len({line["case"] for line in summary["problems"]})
    sections = [
        ("Undecided label conventions; a datalist is written once they are said:", summary["questions"]),
        (f"Problems ({counted(left_out, 'case')} left out):", lines("problems")),
        ("Worth knowing:", lines("remarks")),
    ]
    return [(title, found) for title, found in sections if found]
