"""The panel: its sections, each with its view, and what is said above the training."""

from __future__ import annotations

import contextlib

import slicer
from slicer.ScriptedLoadableModule import ScriptedLoadableModuleWidget

from MSTKDLib.PackagesView import PackagesView
from MSTKDLib.Translation import _
from MSTKDLib.Words import listed

from .Closing import Closing
from .CurvesView import CurvesView
from .DataView import DataView
from .FinishView import FinishView
from .Plan import Wishes
from .PlanView import PlanView
from .RunsView import RunsView
from .SamplesView import SamplesView
from .SettingsView import SettingsView
from .TrainDialogs import TrainDialogs


class TrainWidget(ScriptedLoadableModuleWidget):
    """The module's panel."""

    def __init__(self, parent=None) -> None:
        ScriptedLoadableModuleWidget.__init__(self, parent)
        self.logic = None
        self._dialogs = TrainDialogs()
        self._message = ""
        self._stopAtQuit: list = []

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
        self._packages = PackagesView(self.ui, self._dialogs, self._attempt)
        self._packages.refresh()
        self._makeViews()
        self.logic.onChange, self.logic.onNews = self._refresh, self._onNews
        self.ui.cancelQuestionButton.connect("clicked(bool)", lambda: self.logic.cancel())
        slicer.app.connect("aboutToQuit()", self.logic.close)
        self._closing = Closing(self._mayClose)
        self._refresh()

    def _makeViews(self) -> None:
        """Each section's view; the only place that knows them all."""
        ui, logic, dialogs, attempt = self.ui, self.logic, self._dialogs, self._attempt
        self._data = DataView(logic, dialogs, attempt, self._onData)
        self._settings = SettingsView(logic, dialogs, attempt, self._refresh)
        self._plan = PlanView(logic, dialogs, attempt, self._wishes, lambda: self._packages.missing)
        self._curves, self._samples = CurvesView(), SamplesView()
        self._runs = RunsView(logic, dialogs, attempt, self._curves.compare)
        self._finish = FinishView(logic, dialogs, attempt)
        for section, view in (
            (ui.dataSection, self._data),
            (ui.settingsSection, self._settings),
            (ui.trainingSection, self._plan),
            (ui.trainingSection, self._runs),
            (ui.progressSection, self._curves),
            (ui.progressSection, self._samples),
            (ui.modelSection, self._finish),
        ):
            section.layout().addWidget(view.widget)

    def _wishes(self) -> Wishes:
        """What is to be trained on, and how."""
        settings = self._settings
        return Wishes(self._data.datalist, settings.settings, settings.preset, settings.ablation)

    def _onData(self) -> None:
        """Other data: their sets may be weighted."""
        self._settings.datasets = self._data.datasets
        self._refresh()

    def cleanup(self) -> None:
        """Called when the panel goes, also when Slicer ends; runs go on, unless the user wished them to stop."""
        self._stopWhatShallEnd()
        self._closing.remove()
        for view in (self._data, self._runs, self._curves, self._samples):
            view.close()
        slicer.app.disconnect("aboutToQuit()", self.logic.close)
        self.logic.onChange = self.logic.onNews = None
        self.logic.close()

    def enter(self) -> None:
        """Called when the user opens the module."""
        self._packages.refresh()
        self._settings.refresh()
        self.logic.attachAgain()
        self.logic.watch(True)

    def exit(self) -> None:
        """Called when the user opens another module; runs go on."""
        self.logic.watch(False)

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
        before = self._packages.missing
        self._packages.refresh()
        if before and not self._packages.missing:  # now the engine can say what can be set
            self._settings.refresh()
        self._refresh()

    def _mayClose(self) -> bool:
        """Ask about the engine's work, which ends with Slicer, and about the runs, also those that only start."""
        if self.logic.isWorking and not self._dialogs.closingEndsWork(self.logic.text):
            return False
        self.logic.look()
        runs = {run.folder: run.name for run in self.logic.aliveHere()}
        runs |= {folder: folder.name for folder in self.logic.silent}
        wish = self._dialogs.closing(list(runs.values())) if runs else "go on"
        self._stopAtQuit = list(runs) if wish == "stop" else []  # Slicer may still ask, and stay open
        return wish in ("stop", "go on")

    def _stopWhatShallEnd(self) -> None:
        """Slicer ends, and with it what the user wished to end; a panel that is only reloaded ends nothing."""
        for folder in self._stopAtQuit if self._closing.closed else []:
            with contextlib.suppress(OSError):  # there is nobody left to tell
                self.logic.stop(folder)

    def _onNews(self) -> None:
        """The attached run has something new to show."""
        for view in (self._curves, self._samples):
            view.show(self.logic.monitor)

    def _refresh(self) -> None:
        """Show everything anew from what is known."""
        ui, logic = self.ui, self.logic
        missing = self._packages.missing
        lacking = _("Python packages are missing: {packages}.").format(packages=listed(missing)) if missing else ""
        message = " ".join(dict.fromkeys(filter(None, (self._message, logic.message)))) or lacking
        ui.trainMessageLabel.text, ui.trainMessageLabel.visible = message, bool(message)
        ui.packagesRow.visible = bool(missing)
        ui.questionRow.visible = logic.busy
        ui.questionBar.value = round(100 * logic.share)
        ui.questionLabel.text = logic.text
        self._data.refresh()
        self._plan.refresh()
        self._runs.refresh()
        self._finish.show(logic.monitor.run if logic.monitor is not None else None)
        ui.modelHintLabel.visible = self._finish.widget.isHidden()
