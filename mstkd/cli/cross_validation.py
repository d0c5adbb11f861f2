"""``mstkd cross-validate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mstkd.cli.shared import CACHE, Cache, Changes, Device, ShareDevice, app, sentences, talk
from mstkd.cli.training import say_progress


@app.command()
def cross_validate(
    config: Annotated[Path, typer.Argument(help="A YAML configuration, or a preset's name: the candidate 'base'.")],
    data: Annotated[Path, typer.Option(help="The datalist (JSON).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the runs and their table.")],
    tries: Annotated[
        list[str],
        typer.Option("--try", metavar="NAME: A.B=VALUE ...", help="A candidate that changes these; may be repeated."),
    ] = [],  # noqa: B006 (typer reads it; nobody changes it)
    folds: Annotated[int, typer.Option(help="Parts that the patients are divided into.")] = 5,
    changes: Changes = [],  # noqa: B006 (likewise)
    cache: Cache = CACHE,
    device: Device = "auto",
    share_device: ShareDevice = False,
) -> None:
    """Choose among configurations by cross-validation on the patients for training and validation.

    Every candidate is trained once without each fold and measured on it; test cases are not
    read. What is finished is not done again.
    """
    with sentences():
        from mstkd.inference.device import choose_device
        from mstkd.training import cross_validation
        from mstkd.training.candidates import read_candidates
        from mstkd.training.preset_files import find_config

        complete = cross_validation.cross_validate(
            read_candidates(find_config(config), changes, tries),
            data,
            output,
            folds=folds,
            cache=cache,
            device=choose_device(device),
            share_device=share_device,
            listeners=(say_progress,),
            say=lambda text: talk.print(text, markup=False),
        )
        if not complete:
            talk.print("Stopped; the same command goes on.", markup=False)
