"""What the tests of the panel share: a logic that only says what it is told, and what a user sees and does."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import slicer
from MSTKDSegmentLib.Regions import importSteps
from MSTKDSegmentLib.States import State
from slicer_host import boot

from mstkd.regions import segment_descriptions, tissue_descriptions
from mstkd.store import installed_models
from MSTKDLib.Steps import runToEnd
from MSTKDLib.Words import LABELS

MEASURED = {
    "WT": {"ml": 41.27, "longest_mm": 62.4, "perpendicular_mm": 41.9},
    "TC": {"ml": 12.64, "longest_mm": 35.6, "perpendicular_mm": 25.5},
    "ET": {"ml": 8.08, "longest_mm": 30.8, "perpendicular_mm": 22.7},
}
DOUBT = "FLAIR lies 3.1 mm away from T1Gd and could not be aligned; check the result at the tumour's border."


class SaidLogic:
    """The logic's interface; the test says what happens."""

    def __init__(self):
        self.state, self.share, self.text, self.message = State.IDLE, 0.0, "", ""
        self.result = self.device = self.onChange = None
        self.asked, self.staging, self.calls = None, None, []

    def segment(self, volumes, **wishes):
        self.asked = {"volumes": volumes, **wishes}
        self.say(State.PREPARING, 0.0, "Writing FLAIR")

    def say(self, state, share=0.0, text="", message=""):
        self.state, self.share, self.text, self.message = state, share, text, message
        if self.onChange:
            self.onChange()

    def finish(self, result):
        self.result = result
        self.say(State.IDLE)

    def cancel(self):
        if self.state.busy:
            self.say(State.CANCELLING, self.share, "Cancelling")

    def stageModel(self, source, sha256, onDone):  # noqa: N802, N803  the logic's names
        self.staging = (source, sha256, onDone)
        self.say(State.RUNNING, 0.1, "Fetching the model")

    def warmUp(self):  # noqa: N802
        self.calls.append("warmUp")

    def close(self):
        self.calls.append("close")
        self.state = State.IDLE


def volume(name, size=12):
    rng = np.random.default_rng(len(name))
    return slicer.util.addVolumeFromArray(rng.integers(0, 400, (size, size, size)).astype(np.int16), name=name)


def result_on(reference, warnings=(), report=None):
    """What a run gives: a segmentation on the reference, three nested cubes."""
    labels = np.zeros((12, 12, 12), np.uint8)
    labels[2:9, 2:9, 2:9], labels[3:7, 3:7, 3:7], labels[4:6, 4:6, 4:6] = 2, 1, 3
    summary = {
        "sequences": {"FLAIR": {}, "T1Gd": {}},
        "missing": ["T1", "T2"],
        "measurements": MEASURED,
        "warnings": list(warnings),
        "reference": {"sequence": "T1Gd"},
    }
    answer = {"summary": summary, "segments": segment_descriptions(), "tissues": tissue_descriptions()}
    node = runToEnd(importSteps(reference, labels, answer))
    uncertainty = np.full(labels.shape, 60, np.uint8)
    given = {"summary": summary, "labels": labels, "uncertainty": uncertainty}
    return SimpleNamespace(segmentation=node, **given, report=report, seconds=31.4)


def agree(yes=True):
    """What a user does once before the first run, or has not done yet: agree to the licence of each model."""
    from MSTKDSegmentLib.Parameters import remember  # needs the host

    for model in installed_models():
        remember(f"agreed/{model.label}", model.sha256 if yes else "")


def click(button):
    button.click()
    boot().process()


def chosen(panel):
    nodes = {name: getattr(panel.ui, f"{name}Selector").currentNode() for name in LABELS}
    return {name: node.GetName() for name, node in nodes.items() if node}


def table(panel):
    widget = panel.ui.resultTable
    return [[widget.item(row, column).text() for column in range(4)] for row in range(widget.rowCount)]
