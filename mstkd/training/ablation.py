"""The control arm, the full method and the three rows of table 4 that leave a part out, at one budget."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lightning_fabric import Fabric

from mstkd.data.datalist import Case, read_datalist, write_datalist
from mstkd.distillation.objective import TERMS, Objective
from mstkd.errors import CancelledError, InputError
from mstkd.evaluation.ablation import Arm, write_ablation
from mstkd.evaluation.scores import read_scores
from mstkd.evaluation.sweep import CASES, evaluate_package
from mstkd.runs import RunState, read_journal, read_run, spent
from mstkd.runs.layout import ARM, DATALIST, STOP
from mstkd.training.cases import check_cases
from mstkd.training.config import TrainingConfig, read_config, write_config
from mstkd.training.export import Description, package_run
from mstkd.training.fine_tuning import load_base
from mstkd.training.journal import Listener
from mstkd.training.life import Life, forget_old_stop, living
from mstkd.training.run import config_of, continue_run, start_run

CONTROL, FULL = "control", "full"
CONFIG = "ablation.yaml"
ARMS: dict[str, dict[str, Any]] = {
    CONTROL: {"teacher": None, "distillation": None},
    FULL: {},
    "without-ms-tkd": {"distillation": {"ms_tkd": None}},
    "without-gsme": {"distillation": {"gsme": None}},
    "without-slkd": {"distillation": {"logit": {"kl": 0.0}}},
}
"""What each arm changes in the configuration."""
Say = Callable[[str], None]


def arm_config(config: TrainingConfig, arm: str) -> TrainingConfig:
    """The configuration of an arm; everything else is the same, also the samples it sees.

    Raises:
        InputError: The configuration has no full method to leave parts out of.
    """
    if config.distillation is None or len(Objective(config.distillation).active()) < len(TERMS):
        raise InputError(
            f"an ablation starts from the full method; give {', '.join(TERMS)} weights above 0 in the configuration."
        )
    return TrainingConfig.model_validate(_merged(config.as_dict(), ARMS[arm]))


def start_ablation(config: TrainingConfig, datalist: Path, folder: Path) -> None:
    """Make an ablation's folder with its own copy of configuration and datalist, from which `run_ablation` goes on.

    Raises:
        InputError: The folder holds one already, or the ablation could not be run.
    """
    if (folder / CONFIG).exists():
        raise InputError(f"{folder} holds an ablation already; go on with it or choose another folder.")
    arm_config(config, FULL)
    cases = read_datalist(datalist)
    check_cases(cases, config, datalist)
    held_out(cases, datalist)
    load_base(config)
    folder.mkdir(parents=True, exist_ok=True)
    write_datalist(folder / DATALIST, cases)
    write_config(folder / CONFIG, config)


def held_out(cases: Sequence[Case], source: Path) -> list[Case]:
    """Those that the arms are measured on; raises InputError when there are none."""
    chosen = [case for case in cases if case.split == "test"]
    if not chosen:
        raise InputError(f"{source} has no case with the split 'test' to measure the arms on; add some.")
    return chosen


def run_ablation(
    config: TrainingConfig,
    datalist: Path,
    folder: Path,
    *,
    arms: Sequence[str],
    cache: Path,
    fabric: Fabric,
    device: str,
    listeners: tuple[Listener, ...],
    say: Say,
    share_device: bool = False,
) -> bool:
    """Train and measure arms in ``folder/<arm>``, then compare all five once the others are there too.

    What is finished is not done again, so an interrupted ablation goes on, and arms can
    be trained on different machines that share the folder.

    Args:
        arms: Which to train here.

    Returns:
        False when it was stopped.

    Raises:
        InputError: An arm is unknown, the folder holds one of another configuration, or a
            run fails.
    """
    if fabric.world_size > 1:
        raise InputError("an ablation runs in one process; train arms on several GPUs with one --arm for each.")
    unknown = [arm for arm in arms if arm not in ARMS]
    if unknown:
        raise InputError(f"there is no arm '{unknown[0]}'; choose among {', '.join(ARMS)}.")
    cases = held_out(read_datalist(datalist), datalist)
    forget_old_stop(folder)
    for arm in arms:
        if (folder / STOP).exists():  # asked while no arm was there to ask
            (folder / STOP).unlink()
            return False
        say(f"Arm {arm}")
        run = folder / arm / ARM
        if not train_arm(arm_config(config, arm), datalist, run, cache, fabric, listeners, share_device):
            return False
        if not measure_arm(arm, datalist, folder / arm, fabric, device, say, share_device):
            return False
    lacking = [arm for arm in ARMS if not (folder / arm / "evaluation" / CASES).is_file()]
    if lacking:
        say(f"No table yet: {', '.join(lacking)} not measured.")
    else:
        compare(folder, cases, say)
    return True


def refuse_other(run: Path, config: TrainingConfig) -> None:
    """Raise InputError when the folder holds a run with another configuration."""
    if read_run(run) is not None and read_config(config_of(run)) != config:
        raise InputError(f"{run} was started with another configuration; choose another folder with -o.")


def train_arm(
    config: TrainingConfig,
    datalist: Path,
    run: Path,
    cache: Path,
    fabric: Fabric,
    listeners: tuple[Listener, ...],
    share_device: bool,
) -> bool:
    """Start or continue an arm's run; True when it is complete."""
    refuse_other(run, config)
    if read_run(run) is None:
        start_run(config, datalist, run)
    if any(event["event"] == "finished" for event in read_journal(run)):
        return True
    return continue_run(run, config, cache=cache, fabric=fabric, listeners=listeners, share_device=share_device)


def measure_arm(
    arm: str, datalist: Path, folder: Path, fabric: Fabric, device: str, say: Say, share_device: bool
) -> bool:
    """Package and evaluate an arm's student on the test cases, unless that is done already; False when stopped.

    Meanwhile its run is at work like one in training, also for those who watch it.
    """
    if (folder / "evaluation" / CASES).is_file():
        return True
    with living(folder / ARM, fabric, (), share_device) as life:
        life.status.tell(state=RunState.RUNNING.value, text="Packaging the model")
        try:
            shutil.rmtree(folder / "model", ignore_errors=True)  # of an ablation that was ended here
            package_run(folder / ARM, folder / "model", _description(arm, datalist))
            _evaluate(datalist, folder, device, say, life)
        except CancelledError:
            life.status.tell(state=RunState.STOPPED.value, text="")
            return False
        life.status.tell(state=RunState.FINISHED.value, text="")
        return not life.stop()  # asked during the last pass: of the arms that would follow


def _description(arm: str, datalist: Path) -> Description:
    return Description(
        name=arm,
        version="0",
        summary=f"The arm '{arm}' of an ablation: for comparison with the other arms, not for use.",
        licence="Not for distribution: made for a comparison.",
        dataset_licences={case.dataset: "as of the data set" for case in read_datalist(datalist)},
    )


def _evaluate(datalist: Path, folder: Path, device: str, say: Say, life: Life) -> None:
    cases = len(held_out(read_datalist(datalist), datalist))

    def report(share: float, text: str) -> None:
        if life.stop():
            raise CancelledError
        at = min(int(share * cases + 1e-6) + 1, cases)
        life.status.tell(text=f"Measuring on the test cases: {at} of {cases}")

    evaluate_package(
        folder / "model",
        datalist,
        folder / "evaluation",
        split="test",
        combinations="all",
        card=True,
        device=device,
        say=say,
        report=report,
    )


def compare(folder: Path, cases: Sequence[Case], say: Say) -> None:
    """Write the table of all arms and say what it shows."""
    arms = []
    for name in ARMS:
        steps, hours = spent(folder / name / ARM)
        arms.append(Arm(name, steps, hours, read_scores(folder / name / "evaluation" / CASES)))
    page = write_ablation(folder, arms, CONTROL, FULL, cases)
    for fact in page.facts:
        say(fact)
    say(f"Written to {folder}; begin with {folder / 'ablation.html'}.")


def _merged(values: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    return values | {k: _merged(values[k], v) if isinstance(v, dict) else v for k, v in changes.items()}
