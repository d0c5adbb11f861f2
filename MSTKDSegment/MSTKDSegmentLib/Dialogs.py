"""The panel's few dialogs, in one place so that tests can answer them."""

from __future__ import annotations

import html
from pathlib import Path

import qt
import slicer

from .Translation import _

DIALOG = Path(__file__).parents[1] / "Resources" / "UI" / "InstallModel.ui"


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

    def modelSource(self) -> tuple[str, str | None] | None:
        """Where a model comes from: a file, a folder or an https address, and its SHA-256."""
        dialog = slicer.util.loadUI(str(DIALOG))
        dialog.setParent(slicer.util.mainWindow(), qt.Qt.Dialog)
        ui = slicer.util.childWidgetVariables(dialog)
        ui.browseButton.connect("clicked(bool)", lambda: self._browse(dialog, ui.sourceEdit))
        ui.buttonBox.connect("accepted()", dialog.accept)
        ui.buttonBox.connect("rejected()", dialog.reject)
        accepted = dialog.exec_()
        source, sha256 = ui.sourceEdit.text.strip(), ui.hashEdit.text.strip()
        dialog.deleteLater()
        return (source, sha256 or None) if accepted and source else None

    @staticmethod
    def _browse(dialog, edit) -> None:
        path = qt.QFileDialog.getOpenFileName(dialog, _("Model package"), "", _("Model package (*.zip)"))
        if path:
            edit.text = path
