"""What the tests of the training module's data share: a logic that answers when told, and the engine's own answer."""

from __future__ import annotations

import json
from pathlib import Path

from mstkd.data.check import check
from mstkd.data.datalist import write_datalist
from mstkd.data.report import summarise
from mstkd.data.split import Fractions, divide
from mstkd.errors import InputError
from mstkd.worker.requests import parse
from mstkd.worker.tasks import run
from MSTKDLib.Engine import EngineError


class AskedLogic:
    """Keeps the questions; the test answers."""

    def __init__(self, folder: Path):
        self.runsFolder, self.busy, self.asked, self._onDone = folder, False, [], None

    def ask(self, request, onDone):  # noqa: N803  the logic's names
        if self.busy:
            raise EngineError("The engine is busy; wait.")
        self.busy, self._onDone = True, onDone
        self.asked.append(request)

    def answer(self, answer):
        self.busy = False
        self._onDone(answer)


class Attempts:
    """The panel's message."""

    def __init__(self):
        self.message = ""

    def __call__(self, work):
        self.message = ""
        try:
            work()
        except (InputError, OSError, RuntimeError) as error:
            self.message = str(error)


def unpacked(request: dict) -> dict:
    """What the worker answers to `unpack_case`."""
    return run(parse(json.dumps(request).encode()), lambda share, text: None, lambda: False)


def engine_answer(request: dict) -> dict:
    """What the worker answers to `check_data`."""
    report = check(Path(request["folder"]), request["labels"])
    summary, written, sides = summarise(report), None, {}
    refusal = "the label convention is undecided" if summary["questions"] else None
    if not refusal:
        cases = divide(report.cases, Fractions(request["validation"], request["test"]), request["seed"])
        sides, written = {case.id: case.split for case in cases}, request["output"]
        write_datalist(Path(written), cases)
    cases = [_plain(case, sides.get(case.entry.id)) for case in report.cases]
    return {"event": "done", "summary": summary, "cases": cases, "refusal": refusal, "written": written}


def _plain(case, side) -> dict:
    entry = case.entry
    return {
        "id": entry.id,
        "dataset": entry.dataset,
        "patient": entry.patient,
        "images": {modality.value: str(path) for modality, path in entry.images.items()},
        "channels": {modality.value: channel for modality, channel in entry.channels.items()},
        "label": str(entry.label) if entry.label else None,
        "convention": case.convention,
        "split": side if case.usable else None,
        "problems": case.problems,
        "remarks": case.remarks,
        "usable": case.usable,
    }


def plain_case(number: int, **changes) -> dict:
    """A case of a data set as the worker tells it, without files."""
    images = {name: f"/data/p{number}/{name}.nii.gz" for name in ("flair", "t1", "t1gd", "t2")}
    case = {
        "id": f"BraTS2021_{number:05d}",
        "dataset": "BraTS2021",
        "patient": f"BraTS2021_{number:05d}",
        "images": images,
        "channels": {},
        "label": f"/data/p{number}/seg.nii.gz",
        "convention": "brats2018-21",
        "split": ("train", "train", "train", "validation", "test")[number % 5],
        "problems": [],
        "remarks": [],
        "usable": True,
    }
    return case | changes


def plain_answer(cases: list[dict], **changes) -> dict:
    summary = {"layouts": [], "labels": [], "questions": []}
    return {"summary": summary, "cases": cases, "refusal": None, "written": "/runs/list.json"} | changes
