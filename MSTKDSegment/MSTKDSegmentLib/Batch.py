"""Many studies of a folder, one after another in one worker."""

from __future__ import annotations

from pathlib import Path

from MSTKDLib.Engine import CancelledError, EngineError
from MSTKDLib.Session import EngineStartError, Session
from MSTKDLib.Steps import Steps
from MSTKDLib.Translation import _

from .Patient import Say
from .States import State


def folderSteps(inputFolder: Path, outputFolder: Path, wishes: dict, session: Session, say: Say) -> Steps:
    """Segment every study of the folder; returns the outcomes in the studies' order.

    Raises:
        EngineError: No studies, the engine cannot be started, or at last the table cannot be
            written; what is finished stays.
    """
    from mstkd.batch import TABLE, Outcome, find_studies, write_table
    from mstkd.errors import InputError

    try:
        studies = find_studies(inputFolder, outputFolder)
    except InputError as error:
        raise EngineError(str(error)) from None
    outcomes, unwritten = [], None
    for number, study in enumerate(studies, 1):
        at = _("{number} of {count}, {name}").format(number=number, count=len(studies), name=study.name)

        def report(share: float, text: str, at: str = at, done: int = number - 1) -> None:
            say(State.RUNNING, (done + share) / len(studies), f"{at}: {text}")

        request = {"task": "study", "folder": str(study.absolute()), "output": str(outputFolder), **wishes}
        try:
            answer = yield from session.ask(request, report)
            outcomes.append(Outcome.from_plain(answer["outcome"]))
        except (CancelledError, EngineStartError):
            raise
        except EngineError as error:  # the worker died of this one; the next gets a new worker
            outcomes.append(Outcome(study.name, "failed", str(error)))
        try:
            write_table(outputFolder / TABLE, outcomes)
            unwritten = None
        except InputError as error:  # perhaps a spreadsheet program has it open just now
            unwritten = error
    if unwritten is not None:
        raise EngineError(str(unwritten))
    return outcomes
