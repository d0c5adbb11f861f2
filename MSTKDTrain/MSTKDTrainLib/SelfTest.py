"""The module's self-test: what can be set comes from the real engine."""

from __future__ import annotations

from MSTKDLib.SelfTest import SelfTest


class TrainSelfTest(SelfTest):
    """Asks the engine for the presets; a training takes too long for a self-test."""

    def test_presetsAreDescribed(self) -> None:
        """The presets of the documentation are offered."""
        logic = self.makeLogic()
        try:
            presets = logic.answer({"task": "describe_training"})["presets"]
        finally:
            logic.close()
        assert {"quick", "compact", "paper"} <= set(presets), presets
