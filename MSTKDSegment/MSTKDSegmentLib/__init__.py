"""The parts of MSTKDSegment: the scene, the engine's child process, the panel. No torch here."""

import importlib.util
import sys

from .Engine import engineFolder
from .Logic import SegmentLogic

# Installed, the engine lies beside the modules; in a checkout it lies a folder higher.
if importlib.util.find_spec("mstkd") is None:
    sys.path.append(str(engineFolder()))

__all__ = ["SegmentLogic"]
