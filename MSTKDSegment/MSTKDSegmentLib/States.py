"""What the logic is doing; everything the panel shows follows from it."""

from __future__ import annotations

from enum import Enum


class State(Enum):
    """The states of one run. The logic is free to start another in IDLE and FAILED."""

    IDLE = "idle"
    PREPARING = "preparing"
    RUNNING = "running"
    IMPORTING = "importing"
    CANCELLING = "cancelling"
    FAILED = "failed"

    @property
    def busy(self) -> bool:
        """Whether a run is under way."""
        return self not in (State.IDLE, State.FAILED)
