"""What the modules' self-tests share: they need the engine's packages, and a scene of their own.

In the Slicer application they also show what no test host can: the real layout, the views and the
reading of files by Slicer. Run them with "Reload and Test" in developer mode, or by CTest.
"""

from __future__ import annotations

import unittest

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleTest

from .Dependencies import missingRequirements


class SelfTest(ScriptedLoadableModuleTest):
    """Runs every method whose name begins with ``test``, as CTest does; a module's own test derives from it.

    A door must not hold this class by its name: CTest would run it, too.
    """

    def makeLogic(self):
        """The logic under test."""
        raise NotImplementedError  # the door's class says, as for the panel

    def setUp(self) -> None:
        """An empty scene; without the engine's packages, as on the build servers, the test is skipped."""
        missing = missingRequirements()
        if missing:
            self.skipTest(f"the engine's packages are not installed: {', '.join(missing)}")
        slicer.mrmlScene.Clear()

    def runTest(self) -> None:
        """Run all; called by "Reload and Test"."""
        for name in unittest.TestLoader().getTestCaseNames(type(self)):
            self.setUp()
            getattr(self, name)()
