"""``mstkd batch``."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from mstkd.batch import TABLE, Outcome, find_studies, ignored_files, run_study, write_table
from mstkd.cli.shared import INTERRUPTED, Device, Model, app, sentences, talk
from mstkd.errors import InputError
from mstkd.store import find_model
from mstkd.store.card import read_model
from mstkd.wishes import Wishes
from mstkd.words import counted

SOME_FAILED = 1


@app.command()
def batch(
    folder: Annotated[Path, typer.Argument(help="Its direct sub-folders are the studies, images or DICOM.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results, one sub-folder each.")],
    model: Model = None,
    alignment: Annotated[
        bool, typer.Option("--align/--no-align", help="Bring sequences that moved onto the reference.")
    ] = True,
    device: Device = "auto",
) -> None:
    """Segment many studies; what is finished is not done again, so the same command resumes.

    Writes a result folder for each study and results.csv. One bad study does not stop the
    others. Exit code: 0 when every study has its result, 1 when any failed, 130 when stopped.
    """
    with sentences():
        studies = find_studies(folder, output)
        chosen = read_model(find_model(model)).folder
        if remark := ignored_files(folder):
            talk.print(f"Note: {remark}", markup=False)
        outcomes: list[Outcome] = []
        try:
            _segment_all(studies, output, chosen, Wishes(registration=alignment, device=device), outcomes)
        except KeyboardInterrupt:
            left = len(studies) - len(outcomes)
            talk.print(f"Stopped: {closing(outcomes)}, {left} left; the same command goes on there.", markup=False)
            raise typer.Exit(INTERRUPTED) from None
        write_table(output / TABLE, outcomes)
        talk.print(f"{closing(outcomes)}. Written to {output}. Research use only.", markup=False)
        if any(outcome.status == "failed" for outcome in outcomes):
            raise typer.Exit(SOME_FAILED)


def _segment_all(studies: list[Path], output: Path, model: Path, wishes: Wishes, outcomes: list[Outcome]) -> None:
    """Append one outcome after the other, each said and put into the table at once."""
    text, count = TextColumn("{task.description:<48}"), MofNCompleteColumn()
    with Progress(text, BarColumn(), count, TimeElapsedColumn(), console=talk, transient=True) as bar:
        task = bar.add_task("", total=len(studies))
        for study in studies:
            outcome = run_study(
                study,
                output,
                model=model,
                wishes=wishes,
                report=lambda share, text, study=study: bar.update(  # type: ignore[misc]
                    task, completed=len(outcomes) + share, description=f"{study.name}: {text}"
                ),
            )
            outcomes.append(outcome)
            talk.print(f"{outcome.study}: {said(outcome)}", markup=False)
            try:
                write_table(output / TABLE, outcomes)
            except InputError as error:  # a spreadsheet program may have it open; it is written again
                talk.print(f"Note: {error}", markup=False)


def said(outcome: Outcome) -> str:
    """A study's line; of one done now, from what it was segmented, and how many warnings its row in the table has."""
    if outcome.message or outcome.summary is None:
        return outcome.message
    count = len(outcome.summary["warnings"])
    warned = f"; {counted(count, 'warning')}" if count else ""
    return f"done from {', '.join(outcome.summary['sequences'])}{warned}."


def closing(outcomes: list[Outcome]) -> str:
    """``17 done, 3 failed``, and how many had been done before."""
    count = Counter(outcome.status for outcome in outcomes)
    before = f" ({count['skipped']} of them before)" if count["skipped"] else ""
    return f"{count['done'] + count['skipped']} done{before}, {count['failed']} failed"
