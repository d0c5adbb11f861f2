"""Training two runs on one device is asked about first."""

from __future__ import annotations

from pathlib import Path


def mayShare(logic, dialogs, device: str | None = None, run: Path | None = None) -> bool | None:
    """Whether to share the device: False where it is free, True where the user agrees, None where not."""
    rivals = logic.rivals(device, run)
    if not rivals:
        return False
    names = [rival.name for rival in rivals]
    return True if dialogs.rivals(names, rivals[0].device) else None
