"""``mstkd models list``, ``card``, ``install``, ``remove`` and ``export``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from mstkd.cli.shared import app, sentences, talk
from mstkd.errors import InputError
from mstkd.store import (
    ALL,
    DEFAULT_MODEL,
    InstalledModel,
    StagedModel,
    accept_staged,
    discard_staged,
    find_model,
    installed_models,
    models_folder,
    needs_consent,
    problems,
    remove_model,
    stage_model,
)

models = typer.Typer(no_args_is_help=True, help="The models on this machine.")
app.add_typer(models, name="models")


@models.command("list")
def show() -> None:
    """Which models there are, how good they were measured to be, and where they lie."""
    with sentences():
        table = Table("Model", "WT Dice, all available (cases)", "Licence", "Folder")
        for model in installed_models():
            measured = model.measured_dice(ALL)
            dice = f"{measured.dice:.2f} ({measured.cases})" if measured else "not measured"
            table.add_row(model.label, dice, model.licence, _where(model))
        Console(highlight=False).print(table)
        for problem in problems():
            talk.print(f"Note: {problem}", markup=False)
        talk.print(
            "How good each is with fewer sequences, and what it is not for: mstkd models card MODEL.", markup=False
        )
        talk.print(f"Installed models lie in {models_folder()}.", markup=False)


def _where(model: InstalledModel) -> str:
    if not model.shipped:
        return str(model.folder)
    return "shipped, the default" if model.folder.name == DEFAULT_MODEL else "shipped"


@models.command()
def card(
    name: Annotated[str, typer.Argument(help="NAME or NAME-VERSION as listed, or the model's folder.")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Write an HTML page here instead.")] = None,
) -> None:
    """What a model is, what it was trained on and must not be used for, and how good it was measured to be.

    Prints Markdown, whose pictures lie in the model's folder; the page holds them itself.
    """
    with sentences():
        from mstkd.evaluation.card_page import card_report
        from mstkd.evaluation.layout import to_markdown
        from mstkd.evaluation.page import to_html
        from mstkd.files import whole_file
        from mstkd.results.draft import disk_errors

        report = card_report(find_model(name))
        if output is None:
            print(to_markdown(report))
            return
        with disk_errors(output), whole_file(output) as draft:
            draft.write_text(to_html(report), encoding="utf-8")
        talk.print(f"Written to {output}.", markup=False)


@models.command()
def install(
    source: Annotated[str, typer.Argument(help="A package's folder, its zip file, or the https address of one.")],
    sha256: Annotated[str | None, typer.Option(help="Of the zip file; an address needs it.")] = None,
    accept_licence: Annotated[bool, typer.Option("--accept-licence", help="Agree to the licence unasked.")] = False,
) -> None:
    """Fetch a model, verify it, show its licence and install it."""
    with sentences():
        bar = Progress(TextColumn("{task.description:<40}"), BarColumn(), console=talk, transient=True)
        with bar:
            task = bar.add_task("Fetching the model", total=1.0)
            staged = stage_model(
                source, sha256, lambda share, text: bar.update(task, completed=share, description=text)
            )
        try:
            agree(staged, accept_licence)
        except BaseException:
            discard_staged(staged.folder)
            raise
        model = accept_staged(staged.folder)
        if model.shipped:
            talk.print(
                f"{model.label} came with the program and is there already; nothing was installed.", markup=False
            )
            return
        talk.print(f"{model.label} is installed in {model.folder}; use it with --model {model.name}.", markup=False)


def agree(staged: StagedModel, accepted: bool) -> None:
    """Show what the model is and its licence, and ask where the licence asks for more than attribution.

    Raises InputError when that is not agreed to.
    """
    card = staged.card
    talk.print(f"{card['name']} {card['version']}: {card['summary']}", markup=False)
    not_for = "".join(f"\nNot for this: {sentence}" for sentence in card.get("not_for", []))
    talk.print(f"{card['intended_use']}{not_for}\nLicence: {card['licence']}", markup=False)
    if accepted or not needs_consent(card):
        return
    if not sys.stdin.isatty():
        raise InputError("the licence was not agreed to, so nothing was installed; add --accept-licence to agree.")
    if not typer.confirm("Do you agree to this licence?", err=True):
        raise InputError("the licence was not agreed to, so nothing was installed.")


@models.command()
def remove(
    name: Annotated[str, typer.Argument(help="NAME or NAME-VERSION as listed, or the model's folder.")],
) -> None:
    """Delete an installed model."""
    with sentences():
        folder = models_folder() / name  # a damaged one is known by its folder only
        folder = folder if folder.is_dir() else find_model(Path(name))
        remove_model(folder)
        talk.print(f"{folder.name} is removed.", markup=False)


@models.command()
def export(
    model: Annotated[Path, typer.Argument(metavar="NAME|FOLDER", help="An installed model, or a model package.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="New folder for the bundle.")],
) -> None:
    """Write a model as a bundle that MONAI runs."""
    with sentences():
        package = find_model(model)
        from mstkd.bundle import export_bundle  # imports torch

        export_bundle(package, output)
        talk.print(
            f"{output} is a MONAI bundle of {package.name}; its docs/README.md says how to run it.", markup=False
        )
