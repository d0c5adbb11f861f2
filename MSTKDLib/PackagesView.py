"""The engine's Python packages: what is missing, and two ways to install it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import Dependencies
from .Translation import _


class PackagesView:
    """Two buttons, seen only while packages are missing.

    Args:
        ui: The panel's widgets.
        dialogs: Asks the user.
        attempt: Does a piece of work; its refusal becomes the panel's message.
    """

    def __init__(self, ui, dialogs, attempt: Callable[[Callable[[], object]], None]) -> None:
        self._dialogs, self._attempt = dialogs, attempt
        self.missing: tuple[str, ...] = ()
        """What the engine lacks."""
        ui.installButton.connect("clicked(bool)", lambda: self._install())
        ui.installOfflineButton.connect("clicked(bool)", lambda: self._installFromFolder())

    def refresh(self) -> None:
        """Look again what is missing."""
        self.missing = tuple(Dependencies.missingRequirements())

    def _install(self) -> None:
        self._attempt(lambda: Dependencies.ensureEngine(self._dialogs.confirm))

    def _installFromFolder(self) -> None:
        folder = self._dialogs.folder(_("Folder of downloaded packages"))
        if folder:
            self._attempt(lambda: Dependencies.installFromFolder(Path(folder)))
