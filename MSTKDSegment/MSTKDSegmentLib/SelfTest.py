"""The module's self-test: one patient through the panel's logic, with the real engine."""

from __future__ import annotations

import slicer

from MSTKDLib.Recognise import proposeVolumes
from MSTKDLib.SelfTest import SelfTest
from MSTKDLib.Words import LABELS

from .Sample import loadSample
from .States import State


class SegmentSelfTest(SelfTest):
    """Loads the sample, lets it be recognised, segments it, and cancels a second run."""

    def test_sampleIsRecognised(self) -> None:
        """Each of the four volumes is proposed for its own sequence."""
        names = {name: node.GetName() for name, node in self._loadedSample().items()}
        assert names == {name: f"BraTS2021_01479_{label}" for name, label in LABELS.items()}, names

    def test_sampleIsSegmented(self) -> None:
        """The segmentation has three regions, one inside the other."""
        logic = self.makeLogic()
        try:
            node = logic.segment(self._loadedSample())
            measured = logic.summary["measurements"]
            ids = node.GetSegmentation().GetSegmentIDs()
        finally:
            logic.close()
        assert list(ids) == ["WT", "TC", "ET"], ids
        assert measured["WT"]["ml"] > measured["TC"]["ml"] >= measured["ET"]["ml"], measured
        assert logic.summary["missing"] == []

    def test_cancelChangesNothing(self) -> None:
        """A cancelled run ends soon and leaves no segmentation."""
        logic = self.makeLogic()
        logic.onChange = lambda: logic.cancel() if logic.state is State.RUNNING else None
        try:
            logic.segment(self._loadedSample(), waitForCompletion=False)
            while logic.state.busy:
                slicer.app.processEvents()
        finally:
            logic.onChange = None
            logic.close()
        assert "Cancelled" in logic.message, logic.message
        assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0

    @staticmethod
    def _loadedSample() -> dict:
        loadSample()
        return proposeVolumes(slicer.mrmlScene).chosen
