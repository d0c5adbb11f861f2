"""The question where a model comes from."""

from __future__ import annotations

from pathlib import Path

import qt
import slicer

from MSTKDLib.Dialogs import Dialogs
from MSTKDLib.Translation import _

DIALOG = Path(__file__).parents[1] / "Resources" / "UI" / "InstallModel.ui"


class ModelDialogs(Dialogs):
    """The panel's dialogs."""

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
