"""The panel's few dialogs, in one place so that tests can answer them."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer

from .Translation import _

DIALOG = Path(__file__).parents[1] / "Resources" / "UI" / "InstallModel.ui"


class Dialogs:
    """Asks the user; every answer of "no" is False, an empty string or None."""

    def confirm(self, question: str) -> bool:
        """Ask before something is installed or deleted."""
        return slicer.util.confirmOkCancelDisplay(question)

    def folder(self, title: str) -> str:
        """A folder of this computer."""
        return qt.QFileDialog.getExistingDirectory(slicer.util.mainWindow(), title)

    def modelSource(self) -> tuple[str, str | None] | None:
        """Where a model comes from: a file, a folder or an https address, and its SHA-256."""
        dialog = slicer.util.loadUI(str(DIALOG))
        ui = slicer.util.childWidgetVariables(dialog)
        ui.browseButton.connect("clicked(bool)", lambda: self._browse(dialog, ui.sourceEdit))
        ui.buttonBox.connect("accepted()", dialog.accept)
        ui.buttonBox.connect("rejected()", dialog.reject)
        if not dialog.exec_() or not ui.sourceEdit.text.strip():
            return None
        return ui.sourceEdit.text.strip(), ui.hashEdit.text.strip() or None

    @staticmethod
    def _browse(dialog, edit) -> None:
        path = qt.QFileDialog.getOpenFileName(dialog, _("Model package"), "", _("Model package (*.zip)"))
        if path:
            edit.text = path
