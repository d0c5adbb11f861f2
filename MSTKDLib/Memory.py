"""What belongs to the computer, not to the scene: kept in Slicer's settings."""

from __future__ import annotations

import slicer


class Memory:
    """The settings of one module.

    Args:
        module: Its name, which keeps its settings apart from those of others.
    """

    def __init__(self, module: str) -> None:
        self._module = module

    def remembered(self, name: str, default: str = "") -> str:
        """A setting as it was kept last."""
        return slicer.util.settingsValue(f"{self._module}/{name}", default, converter=str)

    def remember(self, name: str, value: str) -> None:
        """Keep a setting for the next start."""
        import qt  # only where there is an application

        qt.QSettings().setValue(f"{self._module}/{name}", value)
