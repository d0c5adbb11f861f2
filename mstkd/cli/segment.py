"""``mstkd segment`` and ``mstkd demo``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from mstkd.cli.shared import Device, Image, app, sentences, talk
from mstkd.errors import InputError
from mstkd.modalities import Modality, describe, missing
from mstkd.recognition import recognise_file, recognise_folder


@app.command()
def segment(
    folder: Annotated[Path | None, typer.Argument(help="A patient's folder; sequences are told by file name.")] = None,
    flair: Image = None,
    t1: Image = None,
    t1gd: Annotated[
        Path | None, typer.Option(metavar="FILE", help="T1 with contrast, also called T1c or T1ce.")
    ] = None,
    t2: Image = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the three results.")] = Path("out"),
    reference: Annotated[
        Modality | None, typer.Option(help="Grid of the result; default T1Gd, else FLAIR, T1, T2.")
    ] = None,
    model: Annotated[Path | None, typer.Option(help="A model package; default: the shipped one.")] = None,
    device: Device = "auto",
    flips: Annotated[bool, typer.Option("--flips", help="Average with the mirrored head: slower, steadier.")] = False,
    machine: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Segment one patient from any subset of sequences.

    Writes labels.nii.gz (1 NETC, 2 SNFH, 3 ET), summary.json and picture.png.
    """
    with sentences(machine):
        given = {Modality.FLAIR: flair, Modality.T1: t1, Modality.T1GD: t1gd, Modality.T2: t2}
        files = collect(folder, {m: path for m, path in given.items() if path is not None})
        announce(files)
        summary = _segment(files, output, reference, model, device, flips)
        if machine:
            print(json.dumps(summary))
        else:
            print_summary(summary, output)


def collect(folder: Path | None, named: dict[Modality, Path]) -> dict[Modality, Path]:
    """The files to use: those named, and those recognised in the folder for the rest.

    Raises InputError when there is none.
    """
    found = {} if folder is None else recognise_folder(folder, settled=named)
    files = {**found, **named}
    if not files:
        raise InputError(
            "no sequence was given; give a patient's folder or at least one of --flair, --t1, --t1gd, --t2."
        )
    return {m: files[m] for m in Modality if m in files}


def announce(files: dict[Modality, Path]) -> None:
    """Say before anything is computed which file is taken for which sequence, and what is missing."""
    for modality, path in files.items():
        told = recognise_file(path)
        doubt = told.conflict or told.other
        if told.modality is modality:
            evidence = f" ({told.because})"
        elif told.modality is not None:
            evidence = f" (as you said, but {told.because}, which is {told.modality.label})"
        else:
            evidence = f" (as you said, but {doubt})" if doubt else " (as you said)"
        talk.print(f"{modality.label:>5}: {path}{evidence}", markup=False)
    talk.print(f"Missing: {describe(missing(files))}")


def _segment(
    files: dict[Modality, Path],
    output: Path,
    reference: Modality | None,
    model: Path | None,
    device: str,
    flips: bool,
) -> dict[str, Any]:
    # torch and MONAI take seconds to import; bad input is refused before.
    from mstkd.pipeline import segment_files

    bar = Progress(TextColumn("{task.description:<32}"), BarColumn(), TimeElapsedColumn(), console=talk, transient=True)
    with bar:
        task = bar.add_task("Reading", total=1.0)
        return segment_files(
            files,
            output,
            reference=reference,
            model=model,
            device=device,
            flips=flips,
            report=lambda share, text: bar.update(task, completed=share, description=text),
        )


def print_summary(summary: dict[str, Any], output: Path) -> None:
    """The result as a table for a person."""
    table = Table("Region", "mL")
    for region, ml in summary["regions_ml"].items():
        table.add_row(region, f"{ml:.1f}")
    console = Console(highlight=False)
    console.print(table)
    for warning in summary["warnings"]:
        console.print(f"Warning: {warning}", markup=False)
    total = summary["seconds"]["total"]
    console.print(
        f"{total:.1f} s on {summary['device']}, {summary['peak_memory_gb']:.1f} GB. Written to {output}.", markup=False
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
