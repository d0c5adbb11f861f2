"""What the module does, without its panel: volumes in, one segmentation out."""

from __future__ import annotations

import tempfile
from pathlib import Path

from .Engine import EngineError, Progress, runEngine
from .Regions import addSegmentation
from .Volumes import readLabels, writeVolume

SEQUENCES = ("flair", "t1", "t1gd", "t2")
"""The engine's names of the inputs, in the network's channel order."""


class SegmentLogic:
    """Segments a glioma from up to four volume nodes of one scene.

    Example, in Slicer's Python console::

        logic = SegmentLogic()
        node = logic.segment({"flair": getNode("FLAIR"), "t1gd": getNode("T1Gd")})
    """

    def __init__(self) -> None:
        self.summary: dict | None = None
        """The engine's report on the last patient: volumes in mL, missing sequences, warnings."""

    def segment(
        self,
        volumes: dict,
        *,
        reference: str | None = None,
        align: bool = True,
        brainMask=None,
        report: Path | None = None,
        model: Path | None = None,
        device: str = "auto",
        progress: Progress = lambda share, text: None,
    ):
        """Segment and wait; returns the new segmentation node with segments WT, TC and ET.

        The engine runs in a child process. Nothing is added to the scene unless it succeeds.

        Args:
            volumes: Sequence name ("flair", "t1", "t1gd", "t2") to scalar volume node;
                any non-empty subset.
            reference: Whose grid carries the result; None takes T1Gd, else FLAIR, T1, T2.
            align: Whether volumes that moved against the reference are brought onto it, for
                the segmentation only; the nodes stay where they are.
            brainMask: A volume node with your own brain mask; None lets the engine find the brain.
            report: A folder for the report on this patient (``report.html``); None writes none.
            model: A model package; None takes the shipped one.
            device: "auto", "cpu" or "cuda".
            progress: Called with the finished share and one line of state.

        Raises:
            EngineError: One sentence on what is wrong and what to do.
        """
        given = {name: node for name, node in volumes.items() if node is not None}
        check(given)
        with tempfile.TemporaryDirectory(prefix="MSTKDSegment-") as folder:
            files = {name: Path(folder) / f"{name}.nrrd" for name in SEQUENCES if name in given}
            for name, path in files.items():
                writeVolume(given[name], path)
            brainFile = Path(folder) / "brain.nrrd"
            if brainMask:
                writeVolume(brainMask, brainFile)
            labelFile = Path(folder) / "labels.nrrd"
            request = {
                "volumes": {name: str(path) for name, path in files.items()},
                "names": {name: node.GetName() for name, node in {**given, "brain": brainMask}.items() if node},
                "labels": str(labelFile),
                "report": str(Path(report).resolve()) if report else None,
                "reference": reference,
                "align": align,
                "brain": str(brainFile) if brainMask else None,
                "model": str(Path(model).resolve()) if model else None,
                "device": device,
            }
            answer = runEngine(request, progress)
            labels = readLabels(labelFile)
        self.summary = answer["summary"]
        referenceNode = next(
            node for name, node in given.items() if name == answer["summary"]["reference"]["sequence"].lower()
        )
        return addSegmentation(
            referenceNode.GetScene(), f"{referenceNode.GetName()} tumour", referenceNode, labels, answer["segments"]
        )


def check(volumes: dict) -> None:
    """Refuse an empty selection, unknown names and one node in two places.

    Raises EngineError.
    """
    if not volumes:
        raise EngineError("No volume was chosen; choose at least one of FLAIR, T1, T1Gd and T2.")
    for name in volumes:
        if name not in SEQUENCES:
            raise EngineError(f"'{name}' is no sequence; use {', '.join(SEQUENCES)}.")
    nodes = list(volumes.values())
    for index, (name, node) in enumerate(volumes.items()):
        if any(node is other for other in nodes[:index]):
            raise EngineError(f"{node.GetName()} is chosen twice, also as {name}; choose each volume once.")
