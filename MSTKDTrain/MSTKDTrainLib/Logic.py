"""What the module does, without its panel: questions to the engine, and the runs."""

from __future__ import annotations

from pathlib import Path

from MSTKDLib.Memory import Memory

from .Questions import Questions

DEVICES = ("auto", "cpu", "cuda")


class TrainLogic(Questions):
    """Asks the engine, and starts, steers and watches training runs, which outlive Slicer."""

    def __init__(self) -> None:
        super().__init__()
        self._memory = Memory("MSTKDTrain")

    @property
    def runsFolder(self) -> Path:
        """Where runs are made and listed."""
        return Path(self._memory.remembered("runsFolder", str(Path.home() / "MSTKD" / "runs")))

    @runsFolder.setter
    def runsFolder(self, folder: Path) -> None:
        self._memory.remember("runsFolder", str(folder))

    @property
    def cacheFolder(self) -> Path:
        """Where preprocessed patients are kept, for all runs of the folder."""
        return self.runsFolder / "cache"

    @property
    def device(self) -> str:
        """What to train on: auto, cpu or cuda."""
        return self._memory.remembered("device", DEVICES[0])

    @device.setter
    def device(self, device: str) -> None:
        self._memory.remember("device", device)
