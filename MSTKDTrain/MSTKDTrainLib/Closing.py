"""Asks what becomes of the runs when Slicer's window is closed."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer


class Closing(qt.QObject):
    """Looks at the main window's close events; `aboutToQuit` comes too late to ask.

    Args:
        mayClose: Asks the user where there is something to ask; False keeps Slicer open.
    """

    def __init__(self, mayClose: Callable[[], bool]) -> None:
        super().__init__()
        self._mayClose = mayClose
        self._window = slicer.util.mainWindow()
        if self._window is not None:
            self._window.installEventFilter(self)

    @property
    def closed(self) -> bool:
        """Whether the window is gone: closing hides it, once nothing keeps Slicer open."""
        return self._window is not None and self._window.isHidden()

    def eventFilter(self, watched, event) -> bool:
        """Called by Qt for each event of the main window."""
        if event.type() != qt.QEvent.Close or self._mayClose():
            return False
        event.ignore()
        return True

    def remove(self) -> None:
        """Look no more."""
        if self._window is not None:
            self._window.removeEventFilter(self)
            self._window = None
