"""What every command shares: the application, the wall that turns errors into sentences, options."""

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

import mstkd
from mstkd.errors import InputError, why
from mstkd.runs import layout

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Segment gliomas from whichever of FLAIR, T1, T1Gd and T2 a patient has. Research use only.",
)
talk = Console(stderr=True, highlight=False, soft_wrap=True)

BAD_INPUT, INTERRUPTED = 2, 130
Image = Annotated[Path | None, typer.Option(metavar="FILE")]
CACHE = Path("runs") / layout.CACHE
Cache = Annotated[Path, typer.Option(help="Where preprocessed cases are kept.")]
Changes = Annotated[
    list[str], typer.Option("--set", metavar="A.B=VALUE", help="Change a setting, e.g. sampling.batch_size=2.")
]
Model = Annotated[
    Path | None,
    typer.Option(metavar="NAME|FOLDER", help="An installed model, or a model package; default: the first as listed."),
]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or cuda:N.")]
ShareDevice = Annotated[
    bool, typer.Option("--share-device", help="Train although another run trains on the same device.")
]


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
        _refuse(f"{what} ({why(error)}); check the path and the free space.", BAD_INPUT, machine)
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


def _say_version(wanted: bool) -> None:
    if wanted:
        print(f"mstkd {mstkd.__version__}")
        raise typer.Exit


@app.callback()
def _before_any_command(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Holds what may be asked before a command is named."""
