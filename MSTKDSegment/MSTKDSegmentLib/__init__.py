"""The parts of MSTKDSegment: the scene, the engine's child process, the panel. No torch here."""

import importlib.util
import sys
from pathlib import Path

# Installed, what the modules share lies beside them, and so does the engine; in a checkout a folder higher.
if importlib.util.find_spec("MSTKDLib") is None:
    sys.path.append(str(Path(__file__).resolve().parents[2]))

from .Logic import SegmentLogic

__all__ = ["SegmentLogic"]
