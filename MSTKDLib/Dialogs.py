"""Questions to the user, in one place so that tests can answer them."""

from __future__ import annotations

import html

import qt
import slicer


def asRichText(text: str) -> str:
    """Plain text as it is: Qt would take what looks like HTML for markup."""
    return f"<qt>{html.escape(text)}</qt>".replace("\n", "<br>")


class Dialogs:
    """Asks the user; every answer of "no" is False, an empty string or None."""

    def confirm(self, question: str) -> bool:
        """Ask before something is installed or deleted."""
        return slicer.util.confirmOkCancelDisplay(asRichText(question), parent=slicer.util.mainWindow())

    def folder(self, title: str) -> str:
        """A folder of this computer."""
        return qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title)
