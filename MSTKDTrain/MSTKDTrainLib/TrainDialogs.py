"""The module's questions to the user."""

from __future__ import annotations

from collections.abc import Sequence

import qt
import slicer

from MSTKDLib.Dialogs import Dialogs, asRichText
from MSTKDLib.Translation import _
from MSTKDLib.Words import listed


class TrainDialogs(Dialogs):
    """The panel's dialogs."""

    def closing(self, names: Sequence[str]) -> str:
        """What becomes of runs when Slicer is closed: "go on", "stop" or "cancel"."""
        box = qt.QMessageBox(slicer.util.mainWindow())
        box.setIcon(qt.QMessageBox.Question)
        box.windowTitle = _("Training goes on")
        box.text = asRichText(
            _("Being trained: {names}. Go on in the background while Slicer is closed?").format(names=listed(names))
        )
        # Standard buttons with our words: their numbers come back from exec_.
        box.setStandardButtons(qt.QMessageBox.Yes | qt.QMessageBox.No | qt.QMessageBox.Cancel)
        box.button(qt.QMessageBox.Yes).text = _("Go on in the background")
        box.button(qt.QMessageBox.No).text = _("Stop with a checkpoint")
        box.button(qt.QMessageBox.Cancel).text = _("Do not close")
        box.setDefaultButton(qt.QMessageBox.Yes)
        chosen = box.exec_()
        box.deleteLater()
        return {int(qt.QMessageBox.Yes): "go on", int(qt.QMessageBox.No): "stop"}.get(int(chosen), "cancel")

    def closingEndsWork(self, text: str) -> bool:
        """Whether to close Slicer although the engine is answering a question."""
        return self.confirm(
            _(
                "The engine is at work for this module ({text}). It ends with Slicer, and its result is lost. "
                "Close Slicer anyway?"
            ).format(text=text)
        )

    def rivals(self, names: Sequence[str], device: str) -> bool:
        """Whether to train although other runs compute on the same device."""
        return self.confirm(
            _(
                "Being trained on {device}: {names}. Train at the same time? "
                "Each training will be slower, and memory may run out."
            ).format(names=listed(names), device=device or _("this computer"))
        )
