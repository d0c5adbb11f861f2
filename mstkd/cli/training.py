"""``mstkd train``, ``runs``, ``curves``, ``package``, ``ablate``, ``estimate`` and ``configure``."""

from __future__ import annotations

import json
import shlex
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mstkd.cli.shared import CACHE, Cache, Changes, Device, ShareDevice, app, sentences, talk
from mstkd.errors import InputError
from mstkd.modalities import Modality
from mstkd.runs import list_runs


@app.command()
def train(
    config: Annotated[
        Path | None,
        typer.Argument(
            help="A YAML configuration, or a preset's name such as quick, compact or paper (docs/training.md)."
        ),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="The datalist (JSON) that mstkd data check writes.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Folder of the new run.")] = None,
    resume: Annotated[Path | None, typer.Option(help="Folder of a run to go on with.")] = None,
    changes: Changes = [],  # noqa: B006 (typer reads it; nobody changes it)
    cache: Cache = CACHE,
    device: Device = "auto",
    share_device: ShareDevice = False,
    tensorboard: Annotated[bool, typer.Option("--tensorboard", help="Also write RUN/tensorboard.")] = False,
) -> None:
    """Distil a student that takes random subsets from a teacher that sees all sequences.

    Ctrl-C, or a file named 'stop' in the run's folder, ends it with a checkpoint; a file named
    'pause' makes it wait, with a checkpoint, until the file is gone. Several GPUs: torchrun
    --nproc-per-node N -m mstkd train ...
    """
    with sentences():
        from mstkd.inference.device import choose_device
        from mstkd.training.config import read_config
        from mstkd.training.devices import make_fabric
        from mstkd.training.failures import refusal_told
        from mstkd.training.preset_files import find_config
        from mstkd.training.run import config_of, continue_run, start_run
        from mstkd.training.tensorboard import tensorboard_listener

        run = resume or output
        new = [config, data, output]
        if run is None or (None in new if resume is None else any(new)):
            raise InputError("a new run needs CONFIG, --data DATALIST and -o RUN; an old one takes --resume RUN alone.")
        # Words meant for a new run are no failure of one that lies there already.
        with refusal_told(run) if resume else nullcontext():
            settings = read_config(config_of(run) if resume or config is None else find_config(config), changes)
            fabric = make_fabric(choose_device(device), settings.precision)
        watched = tensorboard and fabric.is_global_zero
        listeners = (say_progress, *((tensorboard_listener(run),) if watched else ()))
        if fabric.is_global_zero and resume is None and data is not None:
            start_run(settings, data, run, processes=fabric.world_size)
        fabric.barrier()
        complete = continue_run(
            run, settings, cache=cache, fabric=fabric, listeners=listeners, share_device=share_device
        )
        if fabric.is_global_zero:
            place = shlex.quote(str(run))
            done = f"Finished. Make a model of it with: mstkd package {place} -o MODEL --description FILE"
            talk.print(done if complete else f"Stopped; go on with: mstkd train --resume {place}", markup=False)


def say_progress(event: dict[str, Any]) -> None:
    """Says on the terminal what a run does: its start, its terms, every tenth step and each validation."""
    if event["event"] == "start":
        talk.print(f"Training on {event['device']} from step {event['step']} of {event['steps']}.", markup=False)
    elif event["event"] == "first_terms":
        terms = ", ".join(f"{name} {value:.2f}" for name, value in event["weighted"].items())
        talk.print(f"Weighted terms at the first step: {terms}", markup=False)
        if event["outside"]:
            names = " and ".join(event["outside"])
            talk.print(f"Warning: outside 0.05 to 1, so drowned or drowning the others: {names}; change the weight.")
    elif event["event"] == "step" and event["step"] % 10 == 0:
        talk.print(f"Step {event['step']}: loss {event['loss']:.3f}, {event['seconds']:.1f} s")
    elif event["event"] == "prepare":
        talk.print(f"Preparing {event['case']}, patient {event['done'] + 1} of {event['of']}", markup=False)
    elif event["event"] in ("paused", "resumed"):
        talk.print(f"{event['event'].capitalize()} after step {event['step']}.")
    elif event["event"] == "unvalidated":
        talk.print("Warning: the datalist has no validation case; the last student will be packaged, not the best.")
    elif event["event"] == "workers":
        talk.print(f"Samples are prepared by new processes ({event['restarted']})", markup=False)
    elif event["event"] == "validation":
        talk.print(f"Validation after step {event['step']}: mean Dice {event['score']:.3f}")


@app.command()
def runs(
    folder: Annotated[Path, typer.Argument(help="Where runs lie, or an ablation's folder among them.")] = Path("runs"),
) -> None:
    """Which runs there are, the last to change first: how far each is, on which device, and why it failed."""
    with sentences():
        found = list_runs(folder)
        if not found:
            raise InputError(f"{folder} holds no runs; give the folder in which their folders lie.")
        table = Table("Run", "State", "Step", "Device", "")
        for run in found:
            steps = f"{run.step} / {run.steps}" if run.steps else ""
            # Names and sentences as they are: what stands in brackets is no markup.
            words = (run.name, run.state.value, steps, run.device, run.message or run.text)
            table.add_row(*(Text(word) for word in words))
        Console(highlight=False).print(table)


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
    teacher: Annotated[bool, typer.Option("--teacher", help="Package the jointly trained teacher instead.")] = False,
    base_share: Annotated[
        float, typer.Option(min=0, max=0.99, help="Share of the weights of the model that the run started from.")
    ] = 0.0,
    enhancement_without: Annotated[
        list[Modality],
        typer.Option(
            "--et-without", help="Decide without this sequence, T1Gd given, what of the core enhances; may be repeated."
        ),
    ] = [],  # noqa: B006 (typer reads it; nobody changes it)
    least_part_probability: Annotated[
        float | None,
        typer.Option(help="Leave parts of the whole tumour out of results if their mean probability is lower."),
    ] = None,
) -> None:
    """Turn a run's best student into a model package; measure it afterwards with 'evaluate --card'."""
    with sentences():
        from mstkd.training.export import package_run, read_description

        written = package_run(
            run,
            output,
            read_description(description),
            teacher=teacher,
            base_share=base_share,
            enhancement_without=enhancement_without,
            least_part_probability=least_part_probability,
        )
        training = written["training"]
        best = f"best validated, after step {training['chosen']['step']}" if "chosen" in training else "last"
        talk.print(f"Written to {output}: the {'teacher' if teacher else 'student'}, {best}.", markup=False)


@app.command()
def ablate(
    config: Annotated[Path, typer.Argument(help="A YAML configuration with the full method, or a preset's name.")],
    data: Annotated[Path, typer.Option(help="The datalist (JSON).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the arms and their table.")],
    arm: Annotated[
        list[str], typer.Option(help="Only this arm; may be repeated. Default: all five, and the table.")
    ] = [],  # noqa: B006 (typer reads it; nobody changes it)
    changes: Changes = [],  # noqa: B006 (likewise)
    cache: Cache = CACHE,
    device: Device = "auto",
    share_device: ShareDevice = False,
) -> None:
    """Train the control arm, the full method and table 4's three variants at one budget; compare them.

    Measured on the datalist's test cases. What is finished is not done again.
    """
    with sentences():
        from mstkd.inference.device import choose_device
        from mstkd.training.ablation import ARMS, run_ablation
        from mstkd.training.config import read_config
        from mstkd.training.devices import make_fabric
        from mstkd.training.preset_files import find_config

        settings = read_config(find_config(config), changes)
        complete = run_ablation(
            settings,
            data,
            output,
            arms=arm or list(ARMS),
            cache=cache,
            fabric=make_fabric(choose_device(device), settings.precision),
            device=device,
            share_device=share_device,
            listeners=(say_progress,),
            say=lambda text: talk.print(text, markup=False),
        )
        if not complete:
            talk.print("Stopped; the same command goes on.", markup=False)


@app.command()
def estimate(
    config: Annotated[Path, typer.Argument(help="A YAML configuration, or a preset's name.")],
    data: Annotated[Path, typer.Option(help="The datalist (JSON).")],
    changes: Changes = [],  # noqa: B006 (typer reads it; nobody changes it)
    cache: Cache = CACHE,
    runs: Annotated[Path, typer.Option(help="Where the run would lie.")] = CACHE.parent,
    device: Device = "auto",
    machine: Annotated[bool, typer.Option("--json", help="Print the estimate as JSON.")] = False,
) -> None:
    """Say how long a training will take here and what it needs, from a short trial."""
    with sentences(machine):
        from mstkd.training.config import read_config
        from mstkd.training.estimate import estimate as probe
        from mstkd.training.preset_files import find_config

        settings = read_config(find_config(config), changes)
        with talk.status("Starting a trial") as status:
            found = probe(
                settings, data, cache=cache, runs=runs, device=device, report=lambda _share, text: status.update(text)
            )
        if machine:
            print(json.dumps(asdict(found)))
            return
        talk.print(
            f"On {found.device_name}: {found.hours:.1f} hours, {found.memory_gb:.1f} GB of memory, "
            f"{found.disk_gb:.1f} GB of disk.",
            markup=False,
        )
        for phase in found.phases:
            size = " x ".join(map(str, phase.patch))
            talk.print(
                f"{phase.steps} steps of {size}: {phase.seconds_per_step:.2f} s each, "
                f"{phase.seconds_per_epoch:.0f} s an epoch"
            )
        talk.print(f"A validation: {found.validation_seconds:.0f} s; preparing patients: {found.prepare_seconds:.0f} s")
        for shortage in found.shortages:
            talk.print(f"Warning: {shortage}", markup=False)


@app.command()
def configure(
    config: Annotated[Path, typer.Argument(help="A YAML configuration, or a preset's name.")],
    data: Annotated[Path, typer.Option(help="The datalist (JSON).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder of the new run.")],
    processes: Annotated[int, typer.Option(help="Processes that share each batch, one for each GPU.")] = 1,
    changes: Changes = [],  # noqa: B006 (likewise)
) -> None:
    """Make a run to be trained elsewhere: its folder with train.sh, and train.slurm for a cluster."""
    with sentences():
        from mstkd.training.config import read_config
        from mstkd.training.configure import save_configuration
        from mstkd.training.preset_files import find_config

        saved = save_configuration(read_config(find_config(config), changes), data, output, processes)
        talk.print(f"Written to {output}; train there with ./train.sh, which runs: {saved.command}", markup=False)
