"""The command line: ``mstkd segment``, ``train``, ``curves``, ``package``, ``evaluate``, ``demo``."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from mstkd.errors import InputError
from mstkd.modalities import Modality, describe, missing, recognise_folder, recognise_name

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Segment gliomas from whichever of FLAIR, T1, T1Gd and T2 a patient has. Research use only.",
)
talk = Console(stderr=True, highlight=False, soft_wrap=True)

BAD_INPUT, INTERRUPTED = 2, 130
Image = Annotated[Path | None, typer.Option(metavar="FILE")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]


@contextmanager
def sentences(machine: bool = False) -> Iterator[None]:
    """Turn bad input into one sentence and exit code 2, an interruption into 130.

    Args:
        machine: Print the sentence as JSON on standard output.
    """
    # SIGINT too: a parent that runs in the background hands it down ignored.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    logging.getLogger("nibabel.global").setLevel(logging.CRITICAL)  # our sentence says what it would
    try:
        yield
    except InputError as error:
        _refuse(str(error), BAD_INPUT, machine)
    except OSError as error:
        what = f"{error.filename} cannot be read or written" if error.filename else "a file cannot be read or written"
        _refuse(
            f"{what} ({(error.strerror or str(error)).lower()}); check the path and the free space.", BAD_INPUT, machine
        )
    except KeyboardInterrupt:
        _refuse("stopped; nothing was written.", INTERRUPTED, machine)


def _refuse(sentence: str, code: int, machine: bool) -> NoReturn:
    if machine:
        print(json.dumps({"error": sentence}))
    else:
        talk.print(f"mstkd: {sentence}", markup=False)
    raise typer.Exit(code) from None


def _interrupt(*_: Any) -> NoReturn:
    raise KeyboardInterrupt


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
        told = recognise_name(path.name)
        if told is None:
            evidence = " (as you said)"
        elif told[0] is modality:
            evidence = f" (its name says '{told[1]}')"
        else:
            evidence = f" (as you said, but its name says '{told[1]}', which is {told[0].label})"
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


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="A model package.")],
    data: Annotated[Path, typer.Argument(help="The datalist (JSON).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for cases.csv and summary.csv.")],
    split: Annotated[str, typer.Option(help="Which cases: train, validation or test.")] = "test",
    combinations: Annotated[str, typer.Option(help="all (every one of the 15), or single.")] = "single",
    card: Annotated[bool, typer.Option("--card", help="Also enter the figures into the model's card.")] = False,
    device: Device = "auto",
) -> None:
    """Dice per region on the patients' own grids, for all sequences and for chosen subsets."""
    with sentences():
        from mstkd.evaluation.sweep import evaluate_package

        evaluate_package(
            model,
            data,
            output,
            split=split,
            combinations=combinations,
            card=card,
            device=device,
            say=lambda text: talk.print(text, markup=False),
        )


@app.command()
def demo(
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for the results.")] = Path("demo"),
) -> None:
    """Segment the sample patient twice, with all sequences and with FLAIR alone."""
    with sentences():
        from mstkd.demo import run_demo

        run_demo(output, Console(highlight=False))


def main() -> None:
    """Entry point of ``mstkd`` and ``python -m mstkd``."""
    app()


if __name__ == "__main__":
    main()
