"""The module's self-test: one patient through the panel, with the real engine.

It needs the engine's packages, and in the Slicer application it also shows what no test
host can: the real layout, the slice and 3D views and the reading of files by Slicer.
Run it with "Reload and Test" in developer mode, or by CTest.
"""

from __future__ import annotations

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from MSTKDLib.Dependencies import missingRequirements
from MSTKDLib.Recognise import proposeVolumes
from MSTKDLib.Words import LABELS

from .Sample import loadSample
from .States import State


class SelfTest(ScriptedLoadableModuleTest):
    """Loads the sample, lets it be recognised, segments it, and cancels a second run."""

    def makeLogic(self):
        """The logic under test."""
        raise NotImplementedError  # the door's class says, as for the panel

    def setUp(self) -> None:
        """An empty scene."""
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """Run all; called by Slicer. Without the engine's packages, as on the build servers, it is skipped."""
        missing = missingRequirements()
        if missing:
            self.skipTest(f"the engine's packages are not installed: {', '.join(missing)}")
        for test in (self.test_sampleIsRecognised, self.test_sampleIsSegmented, self.test_cancelChangesNothing):
            self.setUp()
            test()

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
