"""The parts of MSTKDTrain: the data, the settings, the runs and what they learn. No torch here."""

import importlib.util
import sys
from pathlib import Path

# Installed, what the modules share lies beside them, and so does the engine; in a checkout a folder higher.
if importlib.util.find_spec("MSTKDLib") is None:
    sys.path.append(str(Path(__file__).resolve().parents[2]))

from .Logic import TrainLogic

__all__ = ["TrainLogic"]
