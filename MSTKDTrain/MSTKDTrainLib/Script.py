"""A whole training from Slicer's Python console: data, run, model, without the panel."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from MSTKDLib.Engine import EngineError
from MSTKDLib.Steps import keepAlive
from MSTKDLib.Translation import _

from .Finished import RESULT, Description, readPatients
from .Plan import freeName, nameProblem

LOOK_S = 0.5


def newRun(
    logic,
    data: Path,
    preset: str,
    changes: Mapping[str, Any],
    *,
    name: str,
    labels: Sequence[str],
    validation: float,
    test: float,
) -> Path:
    """Check the data and make a run of them; see `TrainLogic.train`."""
    presets = logic.answer({"task": "describe_training"})["presets"]
    if preset not in presets:
        raise EngineError(
            _("There is no preset {name}; choose one of {presets}.").format(name=preset, presets=", ".join(presets))
        )
    settings = changed(presets[preset]["settings"], changes)
    name = name or freeName(preset, logic.runsFolder)
    problem = nameProblem(name, logic.runsFolder)
    if problem:
        raise EngineError(problem)
    datalist = logic.runsFolder / "datalists" / f"{name}.json"
    datalist.parent.mkdir(parents=True, exist_ok=True)
    split = {"validation": validation, "test": test, "seed": 0}
    wishes = {"folder": str(data), "labels": list(labels), "output": str(datalist), **split}
    checked = logic.answer({"task": "check_data", **wishes})
    questions = " ".join(checked["summary"]["questions"])
    if questions:
        raise EngineError(_("{questions} From Python that is labels=[...].").format(questions=questions))
    if checked["refusal"]:
        raise EngineError(checked["refusal"])
    run = logic.runsFolder / name
    logic.answer({"task": "new_run", "settings": settings, "datalist": str(datalist), "run": str(run)})
    return run


def changed(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with some replaced, named as in ``sampling.batch_size`` or ``phases.0.steps``.

    Raises:
        EngineError: There is no such setting.
    """
    result = copy.deepcopy(dict(settings))
    for name, value in changes.items():
        *parents, last = (int(part) if part.isdigit() else part for part in name.split("."))
        place: Any = result
        try:
            for parent in parents:
                place = place[parent]
            place[last]  # only what is there can be replaced
            place[last] = value
        except (KeyError, IndexError, TypeError):
            raise EngineError(_("There is no setting {name}; see docs/training.md.").format(name=name)) from None
    return result


def waitForEnd(logic, run: Path) -> None:
    """Wait until nobody trains the run any more; Slicer's windows stay alive meanwhile.

    Raises:
        EngineError: It failed, or its trainer died; the last checkpoint is kept.
    """
    from mstkd.runs import RunState, read_run

    while True:
        keepAlive()
        logic.look()
        seen = read_run(run)
        if seen is None:
            raise EngineError(_("{run} is gone; it cannot be waited for.").format(run=run))
        if not logic.isStarting(run) and not seen.state.alive:
            break
        time.sleep(LOOK_S)
    if seen.state not in (RunState.FINISHED, RunState.STOPPED):
        raise EngineError(logic.problem(seen) or logic.message)


def makeModel(logic, run: Path, description: Description) -> dict:
    """Package and measure the run's student; see `TrainLogic.makeModel`."""
    lack, patients = description.lack(), readPatients(run)
    unnamed = [dataset for dataset in patients.datasets if dataset not in description.datasets]
    if lack or unnamed:
        raise EngineError(
            lack or _("datasetLicences names no licence for {dataset}; add it.").format(dataset=unnamed[0])
        )
    if not patients.split:
        raise EngineError(_("No patients were held out of {run}, so its model cannot be measured.").format(run=run))
    request = {"task": "finish_run", "run": str(run), "output": str(run / RESULT), "split": patients.split}
    return logic.answer({**request, "description": description.asRequest(), "device": logic.device})
