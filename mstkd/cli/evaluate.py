"""``mstkd evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mstkd.cli.shared import Device, app, sentences, talk
from mstkd.store import find_model


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(metavar="NAME|FOLDER", help="An installed model, or a model package.")],
    data: Annotated[Path, typer.Argument(help="The datalist (JSON).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the scores and the report.")],
    split: Annotated[str, typer.Option(help="Which cases: train, validation or test.")] = "test",
    combinations: Annotated[str, typer.Option(help="all 15 where the case has the sequences, or single.")] = "all",
    card: Annotated[bool, typer.Option("--card", help="Also enter the figures into the model's card.")] = False,
    device: Device = "auto",
    against: Annotated[Path | None, typer.Option(help="Folder of an earlier evaluation to compare with.")] = None,
) -> None:
    """Dice, HD95, calibration and flagged errors on the patients' own grids, for each combination of sequences.

    Begin with report.html or report.md; the tables behind them lie beside them as CSV files.
    """
    with sentences():
        from mstkd.evaluation.sweep import evaluate_package

        evaluate_package(
            find_model(model),
            data,
            output,
            split=split,
            combinations=combinations,
            card=card,
            device=device,
            say=lambda text: talk.print(text, markup=False),
            against=against,
        )
