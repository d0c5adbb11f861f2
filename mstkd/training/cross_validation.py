"""Choice among configurations on the patients for training alone: each patient is measured out of fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from lightning_fabric import Fabric

from mstkd.data.datalist import Case, parse_datalist, read_datalist, write_datalist
from mstkd.data.split import fold_patients
from mstkd.errors import InputError
from mstkd.evaluation.case_dice import CaseDice, read_case_dice, write_case_dice
from mstkd.evaluation.choice import Candidate, OutOfFold, write_choice
from mstkd.network import MSTKDNet
from mstkd.runs import RunState, read_run, spent
from mstkd.runs.layout import DATALIST, FOLD, STOP, VALIDATION
from mstkd.training.ablation import refuse_other, train_arm
from mstkd.training.candidates import BASE, Candidates
from mstkd.training.cases import load_case
from mstkd.training.checkpoint import load_checkpoint
from mstkd.training.config import TrainingConfig
from mstkd.training.devices import make_fabric
from mstkd.training.journal import Listener
from mstkd.training.life import forget_old_stop, living
from mstkd.training.run import check_start
from mstkd.training.student import network_weights
from mstkd.training.validation import validation_dice

Say = Callable[[str], None]
Folds = list[list[Case]]
"""The cases of each fold's run: its own for validation, all others for training."""


@dataclass(frozen=True)
class Post:
    """Another way to use the base's trained students, which needs no training.

    Attributes:
        file: Its figures in a run's folder.
        flips: Average over the left-right mirrored head.
        average: Take the student's moving average (EMA), not its last weights.
    """

    name: str
    file: str
    flips: bool
    average: bool


POSTS = (
    Post(f"{BASE}, flips", "validation_flips.csv", flips=True, average=True),
    Post(f"{BASE}, no EMA", "validation_no_ema.csv", flips=False, average=False),
)


def divide_folds(cases: list[Case], folds: int, seed: int) -> Folds:
    """Divide the cases of the splits train and validation by patient, each data set as evenly as can be.

    Raises:
        InputError: There are fewer patients than folds.
    """
    known = [case for case in cases if case.split != "test"]
    of = fold_patients({case.patient: case.dataset for case in reversed(known)}, folds, seed)
    return [
        [replace(case, split="validation" if of[case.patient] == number else "train") for case in known]
        for number in range(1, folds + 1)
    ]


def cross_validate(
    candidates: Candidates,
    datalist: Path,
    folder: Path,
    *,
    folds: int,
    cache: Path,
    device: torch.device,
    listeners: tuple[Listener, ...],
    say: Say,
    share_device: bool = False,
) -> bool:
    """Train every candidate without each fold in ``folder/<candidate>/fold-<number>``, then compare them.

    What is finished is not done again, so an interrupted cross-validation goes on, and further
    candidates can be tried in the same folder. Patients are divided by the base's seed.

    Returns:
        False when it was stopped.

    Raises:
        InputError: The folder holds other folds or a candidate of another configuration, no run can
            be made of a candidate (nothing is made then), or a run fails.
    """
    if make_fabric(device, candidates[BASE][1].precision).world_size > 1:
        raise InputError("a cross-validation runs in one process; start it without torchrun.")
    divided = divide_folds(read_datalist(datalist), folds, candidates[BASE][1].seed)
    _refuse_unfit(candidates, divided, datalist, folder)
    _keep_folds(divided, folder)
    forget_old_stop(folder)
    for name, (_, config) in candidates.items():
        fabric = make_fabric(device, config.precision)
        for number in range(1, folds + 1):
            if (folder / STOP).exists():  # asked while no run was there to ask
                (folder / STOP).unlink()
                return False
            say(f"Candidate {name}, fold {number} of {folds}")
            run, own = _run(folder, name, number), _datalist(folder, number)
            if not train_arm(config, own, run, cache, fabric, listeners, share_device):
                return False
            if name == BASE and not all(measure(post, config, run, cache, fabric, share_device) for post in POSTS):
                return False
    compare(candidates, divided, folder, say)
    return True


def _refuse_unfit(candidates: Candidates, divided: Folds, datalist: Path, folder: Path) -> None:
    """Raise InputError when a candidate was started with other settings, or no run can be made of it."""
    for name, (_, config) in candidates.items():
        runs = [_run(folder, name, number) for number in range(1, len(divided) + 1)]
        for run in runs:
            refuse_other(run, config)
        if not all(map(read_run, runs)):
            check_start(config, divided[0], datalist)


def _run(folder: Path, candidate: str, number: int) -> Path:
    return folder / candidate / f"{FOLD}{number}"


def _datalist(folder: Path, number: int) -> Path:
    return folder / f"{FOLD}{number}.json"


def _keep_folds(divided: Folds, folder: Path) -> None:
    """Write each fold's datalist; raises InputError when the folder holds other folds already."""
    for number, cases in enumerate(divided, 1):
        own = _datalist(folder, number)
        if own.exists() and _sides(parse_datalist(own)) != _sides(cases):
            raise InputError(f"{folder} divides other patients, or them otherwise; choose another folder with -o.")
    folder.mkdir(parents=True, exist_ok=True)
    for number, cases in enumerate(divided, 1):
        write_datalist(_datalist(folder, number), cases)


def _sides(cases: list[Case]) -> dict[str, tuple[str, str]]:
    return {case.id: (case.patient, case.split) for case in cases}


def measure(post: Post, config: TrainingConfig, run: Path, cache: Path, fabric: Fabric, share_device: bool) -> bool:
    """Measure a finished run's last student in another way, unless that is done already; False when stopped.

    Meanwhile the run is at work like one in training, also for those who watch it.
    """
    if (run / post.file).is_file():
        return True
    with living(run, fabric, (), share_device) as life:
        life.status.tell(state=RunState.RUNNING.value, text=f"Measuring {post.name}")
        cases = [load_case(case, cache) for case in read_datalist(run / DATALIST) if case.split == "validation"]
        rows = validation_dice(
            _student(run, config, post), cases, config.validation.subsets, fabric, life.stop, flips=post.flips
        )
        if rows is not None:
            write_case_dice(run / post.file, rows)
        life.status.tell(state=(RunState.STOPPED if rows is None else RunState.FINISHED).value, text="")
        return rows is not None and not life.stop()  # asked during the last pass: of what would follow


def _student(run: Path, config: TrainingConfig, post: Post) -> MSTKDNet:
    state = load_checkpoint(run)
    network = MSTKDNet(config.architecture)
    network.load_state_dict(
        state["average"]["network"] if post.average else network_weights(state["student"]["module"])
    )
    return network


def compare(candidates: Candidates, divided: Folds, folder: Path, say: Say) -> None:
    """Write the table of all candidates, and of the base's other uses."""
    measured = []
    for name, (changes, config) in candidates.items():
        hours = sum(spent(_run(folder, name, number))[1] for number in range(1, len(divided) + 1))
        for title, file in ((name, VALIDATION), *((p.name, p.file) for p in POSTS if name == BASE)):
            scores = [
                _out_of_fold(title, number, cases, row)
                for number, cases in enumerate(divided, 1)
                for row in read_case_dice(_run(folder, name, number) / file)
            ]
            measured.append(Candidate(title, changes, config.steps, hours, scores))
    write_choice(folder, measured, len(divided))
    say(f"Written to {folder}; begin with {folder / 'choice.html'}.")


def _out_of_fold(candidate: str, number: int, cases: list[Case], row: CaseDice) -> OutOfFold:
    case = next(case for case in cases if case.id == row.case)
    return OutOfFold(candidate, number, case.dataset, case.patient, case.id, row.modalities, row.region, row.dice)
