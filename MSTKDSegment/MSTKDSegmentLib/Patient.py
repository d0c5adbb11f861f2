"""One patient from volume nodes to a segmentation node, step by step."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from MSTKDLib.Engine import CancelledError, EngineError, temporaryFolder
from MSTKDLib.Recognise import mixedPatients
from MSTKDLib.Session import Session
from MSTKDLib.Steps import Steps
from MSTKDLib.Translation import _
from MSTKDLib.Volumes import readImage, writeVolume
from MSTKDLib.Witnesses import readVolume
from MSTKDLib.Words import LABELS

from .Regions import importSteps
from .States import State

ENGINE_SHARE = 0.95
"""Of the progress bar; the rest is the import."""
Say = Callable[[State, float, str], None]


@dataclass(frozen=True)
class Patient:
    """What is to be segmented, and how; see `SegmentLogic.segment`."""

    volumes: dict
    reference: str | None
    align: bool
    brainMask: object | None
    output: object | None
    report: str | None
    model: str | None
    device: str


@dataclass(frozen=True)
class Result:
    """What a run gave.

    Attributes:
        segmentation: The segmentation node.
        summary: The engine's report: volumes and diameters, missing sequences, warnings, seconds.
        labels: ``(k, j, i)`` uint8 on the reference volume: 1 NETC, 2 SNFH, 3 ET.
        uncertainty: ``(k, j, i)`` uint8, entropy of the four classes in percent of its maximum.
        report: The folder of its report; None when none was wished for.
        seconds: From the start of the run to the segmentation.
    """

    segmentation: object
    summary: dict
    labels: np.ndarray
    uncertainty: np.ndarray
    report: Path | None
    seconds: float


def check(volumes: dict) -> None:
    """Refuse an empty selection, unknown names, one node in two places, and several patients.

    Raises EngineError.
    """
    if not volumes:
        raise EngineError(_("No volume was chosen; choose at least one of FLAIR, T1, T1Gd and T2."))
    for name in volumes:
        if name not in LABELS:
            raise EngineError(_("'{name}' is no sequence; use {names}.").format(name=name, names=", ".join(LABELS)))
    for name, node in volumes.items():
        checkVolume(name, node)
    nodes = list(volumes.values())
    for index, (name, node) in enumerate(volumes.items()):
        if any(node is other for other in nodes[:index]):
            raise EngineError(
                _("{volume} is chosen twice, also as {name}; choose each volume once.").format(
                    volume=node.GetName(), name=name
                )
            )
    mixed = mixedPatients(map(readVolume, nodes))
    if mixed:
        raise EngineError(mixed)


def checkVolume(name: str, node) -> None:
    """Refuse what is no scalar volume node.

    Raises EngineError.
    """
    if not (hasattr(node, "IsA") and node.IsA("vtkMRMLScalarVolumeNode")):
        raise EngineError(
            _("What was given as {name} is no scalar volume node; give one, e.g. getNode('FLAIR').").format(name=name)
        )


def segmentSteps(patient: Patient, session: Session, say: Say) -> Steps:
    """Write the volumes, ask the engine, import its answer; returns the Result.

    Raises:
        EngineError: One sentence; the scene is as it was.
    """
    started = time.monotonic()
    nodes = {**patient.volumes, **({"brain": patient.brainMask} if patient.brainMask else {})}
    with temporaryFolder() as temporary:
        folder = Path(temporary)
        for name, node in nodes.items():
            say(State.PREPARING, 0.0, _("Writing {name}").format(name=node.GetName()))
            yield
            _stopWhenCancelled(session)
            writeVolume(node, folder / f"{name}.nrrd")
        try:
            answer = yield from session.ask(
                _request(patient, nodes, folder), lambda share, text: say(State.RUNNING, ENGINE_SHARE * share, text)
            )
        except BaseException:
            _sweep(patient.report)
            raise
        labels = readImage(folder / "labels.nrrd")
        yield
        uncertainty = readImage(folder / "uncertainty.nrrd")
    yield
    reference = patient.volumes[answer["summary"]["reference"]["sequence"].lower()]
    if reference.GetScene() is None:
        raise EngineError(
            _("{name} left the scene while it was segmented; load it again.").format(name=reference.GetName())
        )
    steps = importSteps(reference, labels, answer, patient.output)
    while True:
        try:
            text = next(steps)
        except StopIteration as end:
            report = Path(patient.report) if patient.report else None
            return Result(end.value, answer["summary"], labels, uncertainty, report, time.monotonic() - started)
        say(State.IMPORTING, ENGINE_SHARE, text)
        yield
        _stopWhenCancelled(session)


def _stopWhenCancelled(session: Session) -> None:
    if session.cancelRequested:
        session.close()
        raise CancelledError


def _sweep(report: str | None) -> None:
    """Remove the unfinished report that an engine that was ended had no time to remove."""
    drafts = list(Path(report).glob(".mstkd-*")) if report is not None else []
    for draft in drafts:
        shutil.rmtree(draft, ignore_errors=True)
        with contextlib.suppress(OSError):  # it holds an earlier report
            draft.parent.rmdir()


def _request(patient: Patient, nodes: dict, folder: Path) -> dict[str, object]:
    files = {name: str(folder / f"{name}.nrrd") for name in nodes}
    return {
        "task": "segment",
        "volumes": {name: files[name] for name in LABELS if name in files},
        "names": {name: node.GetName() for name, node in nodes.items()},
        "labels": str(folder / "labels.nrrd"),
        "uncertainty": str(folder / "uncertainty.nrrd"),
        "report": patient.report,
        "reference": patient.reference,
        "align": patient.align,
        "brain": files.get("brain"),
        "model": patient.model,
        "device": patient.device,
    }
