"""``mstkd train``, ``curves`` and ``package``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mstkd.cli.shared import Device, app, sentences, talk
from mstkd.errors import InputError


@app.command()
def train(
    config: Annotated[Path | None, typer.Argument(help="A YAML configuration; not with --resume.")] = None,
    data: Annotated[Path | None, typer.Option(help="The datalist (JSON).")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder of the new run.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of a run to go on with.")] = None,
    cache: Annotated[Path, typer.Option(help="Where preprocessed cases are kept.")] = Path("runs/cache"),
    device: Device = "auto",
) -> None:
    """Train a student on random subsets; Ctrl-C ends it with a checkpoint."""
    with sentences():
        from mstkd.inference.device import choose_device
        from mstkd.training.run import continue_run, start_run

        if resume is None:
            if config is None or data is None or output is None:
                raise InputError("a new run needs CONFIG, --data DATALIST and -o RUN; an old one needs --resume RUN.")
            start_run(config, data, output)
            resume = output
        complete = continue_run(resume, cache, choose_device(device))
        talk.print("Finished." if complete else f"Stopped; go on with: mstkd train --resume {resume}", markup=False)


@app.command()
def curves(
    run: Annotated[Path, typer.Argument(help="Folder of a training run, also while it runs.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The picture (PNG).")] = Path("curves.png"),
) -> None:
    """Draw loss, learning rate and validation Dice of a run."""
    with sentences():
        from mstkd.training.curves import draw_curves

        draw_curves(run, output)
        talk.print(f"Written to {output}.", markup=False)


@app.command()
def package(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new model package.")],
    description: Annotated[Path, typer.Option(help="JSON: name, version, summary and licences.")],
) -> None:
    """Turn a run's student into a model package; measure it afterwards with 'evaluate --card'."""
    with sentences():
        from mstkd.training.export import package_run

        package_run(run, output, description)
        talk.print(f"Written to {output}.", markup=False)
