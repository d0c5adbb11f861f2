"""The parts of MSTKDSegment that touch the scene and start the engine; no torch, no Qt."""

from .Logic import SegmentLogic

__all__ = ["SegmentLogic"]
