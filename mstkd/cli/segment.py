"""``mstkd segment`` and ``mstkd demo``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from mstkd.cli.shared import Device, Image, Model, app, sentences, talk
from mstkd.modalities import Modality, describe, missing
from mstkd.sources import Sources, find_sources
from mstkd.store import find_model
from mstkd.wishes import Wishes


@app.command()
def segment(
    folder: Annotated[
        Path | None, typer.Argument(help="A patient's folder of image files or DICOM; sequences are recognised.")
    ] = None,
    flair: Image = None,
    t1: Image = None,
    t1gd: Annotated[
        Path | None, typer.Option(metavar="FILE", help="T1 with contrast, also called T1c or T1ce.")
    ] = None,
    t2: Image = None,
    study: Annotated[
        str | None, typer.Option(help="Which study of a DICOM folder: its date or (the beginning of) its UID.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")] = Path("out"),
    reference: Annotated[
        Modality | None, typer.Option(help="Grid of the result; default T1Gd, else FLAIR, T1, T2.")
    ] = None,
    alignment: Annotated[
        bool, typer.Option("--align/--no-align", help="Bring sequences that moved onto the reference.")
    ] = True,
    brain: Annotated[Path | None, typer.Option(metavar="FILE", help="Your own brain mask, on any grid.")] = None,
    model: Model = None,
    device: Device = "auto",
    flips: Annotated[bool, typer.Option("--flips", help="Average with the mirrored head: twice the time.")] = False,
    machine: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Segment one patient from any subset of sequences, as they come from the scanner.

    FILE may also be a folder with one DICOM series, or the number of a series in FOLDER.
    Writes labels.nii.gz (1 NETC, 2 SNFH, 3 ET), summary.json, report.html and picture.png.
    """
    with sentences(machine):
        given = {Modality.FLAIR: flair, Modality.T1: t1, Modality.T1GD: t1gd, Modality.T2: t2}
        sources = find_sources(folder, {m: path for m, path in given.items() if path is not None}, study)
        announce(sources)
        wishes = Wishes(reference, alignment, brain, device, flips)
        summary, replaced = _segment(sources, output, find_model(model), wishes)
        if machine:
            print(json.dumps(summary))
        else:
            print_summary(summary, output, replaced=replaced)


def announce(sources: Sources) -> None:
    """Say before anything is computed what is taken for which sequence and why, and what is missing."""
    for modality, source in sources.found.items():
        talk.print(f"{modality.label:>5}: {source.name} ({source.because})", markup=False)
    talk.print(f"Missing: {describe(missing(sources.found))}")
    for warning in sources.warnings:
        talk.print(f"Note: {warning}", markup=False)


def _segment(sources: Sources, output: Path, model: Path, wishes: Wishes) -> tuple[dict[str, Any], bool]:
    """The summary, and whether the result took the place of an earlier one."""
    # torch and MONAI take seconds to import; bad input is refused before.
    from mstkd.pipeline import segment_files
    from mstkd.results import SUMMARY

    replaced = (output / SUMMARY).exists()
    bar = Progress(TextColumn("{task.description:<32}"), BarColumn(), TimeElapsedColumn(), console=talk, transient=True)
    with bar:
        task = bar.add_task("Reading", total=1.0)
        summary = segment_files(
            sources,
            output,
            model=model,
            wishes=wishes,
            report=lambda share, text: bar.update(task, completed=share, description=text),
        )
    return summary, replaced


def print_summary(summary: dict[str, Any], output: Path, *, replaced: bool) -> None:
    """The result as a table for a person, and whether it replaced an earlier one."""
    table = Table("Region", "mL", "Longest axial diameter, mm", "Perpendicular, mm")
    for region, size in summary["measurements"].items():
        table.add_row(region, *(f"{value:.1f}" for value in size.values()))
    console = Console(highlight=False)
    console.print(table)
    for warning in summary["warnings"]:
        console.print(f"Warning: {warning}", markup=False)
    total = summary["seconds"]["total"]
    console.print(
        f"{total:.1f} s on {summary['device']}, {summary['peak_memory_gb']:.1f} GB. Written to {output}"
        f"{', in place of an earlier result' if replaced else ''}.",
        markup=False,
    )
    console.print(summary["notice"])


@app.command()
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")] = Path("demo"),
) -> None:
    """Segment the sample patient twice, with all sequences and with FLAIR alone."""
    with sentences():
        from mstkd.demo import run_demo

        run_demo(output, Console(highlight=False))
