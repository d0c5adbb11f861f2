"""The panel: its sections, each with its view, and what is said above the training."""

from __future__ import annotations

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget

from MSTKDLib.Dialogs import Dialogs
from MSTKDLib.PackagesView import PackagesView
from MSTKDLib.Translation import _
from MSTKDLib.Words import listed


class TrainWidget(ScriptedLoadableModuleWidget):
    """The module's panel."""

    def __init__(self, parent=None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        self.logic = None
        self._dialogs = Dialogs()
        self._message = ""

    def makeLogic(self):
        """The logic of the module; called once."""
        raise NotImplementedError  # the door's class says: the logic has the name that Slicer looks for

    def setup(self) -> None:
        """Build the panel; called once by Slicer."""
        ScriptedLoadableModuleWidget.setup(self)
        panel = slicer.util.loadUI(self.resourcePath("UI/MSTKDTrain.ui"))
        self.layout.addWidget(panel)
        self.ui = slicer.util.childWidgetVariables(panel)
        panel.setMRMLScene(slicer.mrmlScene)
        self.logic = self.makeLogic()
        self.logic.onChange = self._refresh
        self._packages = PackagesView(self.ui, self._dialogs, self._attempt)
        self._makeViews()
        self.ui.cancelQuestionButton.connect("clicked(bool)", lambda: self.logic.cancel())
        slicer.app.connect("aboutToQuit()", self.logic.close)
        self._packages.refresh()
        self._refresh()

    def _makeViews(self) -> None:
        """Each section's view; the only place that knows them all."""

    def _place(self, section, view) -> None:
        section.layout().addWidget(view.widget)

    def cleanup(self) -> None:
        """Called when the panel goes; runs go on."""
        slicer.app.disconnect("aboutToQuit()", self.logic.close)
        self.logic.onChange = None
        self.logic.close()

    def enter(self) -> None:
        """Called when the user opens the module."""
        self._packages.refresh()
        self._refresh()

    def exit(self) -> None:
        """Called when the user opens another module; runs go on."""

    def onReload(self) -> None:
        """Reload the library too, not only the module's file."""
        import sys

        for name in [name for name in sys.modules if name.split(".")[0] in (__package__, "MSTKDLib")]:
            del sys.modules[name]
        ScriptedLoadableModuleWidget.onReload(self)

    def _attempt(self, work) -> None:
        """Do it; a refusal becomes the message, and the panel goes on."""
        from mstkd.errors import InputError

        self._message = ""
        try:
            work()
        except (InputError, OSError, RuntimeError) as error:  # EngineError is a RuntimeError
            self._message = str(error)
        self._packages.refresh()
        self._refresh()

    def _refresh(self) -> None:
        """Show everything anew from what is known."""
        ui, logic = self.ui, self.logic
        missing = self._packages.missing
        lacking = _("Python packages are missing: {packages}.").format(packages=listed(missing)) if missing else ""
        message = self._message or logic.message or lacking
        ui.trainMessageLabel.text, ui.trainMessageLabel.visible = message, bool(message)
        ui.packagesRow.visible = bool(missing)
        ui.questionRow.visible = logic.busy
        ui.questionBar.value = round(100 * logic.share)
        ui.questionLabel.text = logic.text
