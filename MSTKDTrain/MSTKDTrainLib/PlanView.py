"""The plan of a training: its name and device, an estimate, the Train button and its guards."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt

from MSTKDLib.Translation import _

from .EstimateWords import estimateText
from .Forms import loadForm
from .Logic import DEVICES
from .Plan import Plan, Wishes, freeName, lacking, nameProblem
from .Starting import mayShare

DEVICE_TITLES = {"auto": _("Automatic"), "cpu": _("Processor"), "cuda": _("Graphics card (CUDA)")}


class PlanView:
    """Estimates and starts trainings.

    Args:
        attempt: Does a piece of work; its refusal becomes the panel's message.
        wishes: What the sections above say now.
        missingPackages: What the engine lacks now.
    """

    def __init__(self, logic, dialogs, attempt: Callable, wishes: Callable[[], Wishes], missingPackages) -> None:
        self.widget, self._ui = loadForm("Plan")
        self._logic, self._dialogs, self._attempt = logic, dialogs, attempt
        self._wishes, self._missingPackages = wishes, missingPackages
        self._estimate: tuple[tuple, dict, int] | None = None
        """What it holds for, the engine's answer, and the patients it was made for."""
        self._ownName = False
        ui = self._ui
        for device in DEVICES:
            ui.trainDeviceCombo.addItem(DEVICE_TITLES[device], device)
        ui.trainDeviceCombo.currentIndex = list(DEVICES).index(logic.device)
        ui.trainDeviceCombo.connect("currentIndexChanged(int)", lambda index: self._onDevice(index))
        ui.runNameEdit.connect("textEdited(QString)", lambda text: self._onName(text))
        ui.estimateButton.connect(
            "clicked(bool)", lambda: attempt(lambda: self._estimated(lambda plan, estimate: None))
        )
        ui.trainButton.connect("clicked(bool)", lambda: attempt(lambda: self._estimated(self._train)))
        ui.saveConfigurationButton.connect("clicked(bool)", lambda: attempt(self._saveConfiguration))
        ui.copyCommandButton.connect("clicked(bool)", lambda: self._copyCommand())
        self._showCommand("")
        self.refresh()

    def refresh(self) -> None:
        """Show what can be done with what is chosen now."""
        ui, wishes, folder = self._ui, self._wishes(), self._logic.runsFolder
        if not self._ownName and ui.runNameEdit.text != (name := freeName(wishes.preset, folder)):
            ui.runNameEdit.text = name  # only then: it takes cursor and selection away
        lacks = lacking(wishes, self._missingPackages())
        refusal = lacks or nameProblem(ui.runNameEdit.text, folder)
        busy = self._logic.busy
        ui.estimateButton.enabled = ui.saveConfigurationButton.enabled = not lacks and not busy
        ui.trainButton.enabled = not refusal and not busy
        ui.trainButton.toolTip = refusal or _("Start the training; it goes on when Slicer is closed.")
        ui.trainReasonLabel.text, ui.trainReasonLabel.visible = refusal, bool(refusal)
        known = self._knownEstimate() if not lacks else None
        ui.estimateLabel.text = self._estimateText(known) if known is not None else ""
        ui.estimateLabel.visible = known is not None

    def _onDevice(self, index: int) -> None:
        self._logic.device = list(DEVICES)[index]
        self.refresh()

    def _onName(self, text: str) -> None:
        self._ownName = bool(text)
        self.refresh()

    def _plan(self) -> Plan:
        wishes, logic = self._wishes(), self._logic
        folder = logic.runsFolder / self._ui.runNameEdit.text
        return Plan(wishes.datalist, wishes.settings, wishes.ablation, logic.device, folder)

    def _knownEstimate(self) -> dict | None:
        """The estimate, if there is one for exactly this plan."""
        if self._estimate is None or not self._wishes().datalist.is_file():
            return None
        key, estimate, _cases = self._estimate
        return estimate if key == self._plan().key else None

    def _estimateText(self, estimate: dict) -> str:
        return estimateText(estimate, self._estimate[2], self._wishes().ablation)

    def _estimated(self, then: Callable[[Plan, dict], None]) -> None:
        """Go on with the plan once there is an estimate for it."""
        plan, known = self._plan(), self._knownEstimate()
        if known is not None:
            then(plan, known)
            return
        request = {
            "task": "estimate",
            "settings": plan.settings,
            "datalist": str(plan.datalist),
            "cache": str(self._logic.cacheFolder),
            "runs": str(self._logic.runsFolder),
            "device": plan.device,
        }
        key = plan.key

        def keep(answer: dict) -> None:
            self._estimate = key, answer["estimate"], plan.trainingCases
            self.refresh()
            then(plan, answer["estimate"])

        self._logic.ask(request, keep)

    def _train(self, plan: Plan, estimate: dict) -> None:
        """Make the run and start its trainer, once the user agrees to what speaks against it."""
        shortages = estimate["shortages"]
        if shortages and not self._dialogs.confirm("\n".join([*shortages, _("Train anyway?")])):
            return
        share = mayShare(self._logic, self._dialogs, estimate["device"])
        if share is None:
            return
        request = {"settings": plan.settings, "datalist": str(plan.datalist)}
        if plan.ablation:
            request |= {"task": "new_ablation", "folder": str(plan.folder)}
        else:
            request |= {"task": "new_run", "run": str(plan.folder)}
        self._logic.ask(request, lambda answer: self._start(plan.folder, share, plan.ablation))

    def _start(self, folder: Path, share: bool, ablation: bool) -> None:
        self._logic.start(folder, shareDevice=share)
        self._ownName = False
        self._logic.attach(None if ablation else folder)  # an ablation's runs come one after the other
        self.refresh()

    def _saveConfiguration(self) -> None:
        folder = self._dialogs.folder(_("Folder for the configuration"))
        if not folder:
            return
        wishes = self._wishes()
        request = {
            "task": "save_configuration",
            "settings": wishes.settings,
            "datalist": str(wishes.datalist),
            "folder": folder,
            "processes": int(self._ui.processesSpin.value),
        }
        self._logic.ask(request, lambda answer: self._showCommand(answer["command"]))

    def _showCommand(self, command: str) -> None:
        ui = self._ui
        ui.commandEdit.text = command
        ui.commandEdit.visible = ui.copyCommandButton.visible = bool(command)

    def _copyCommand(self) -> None:
        qt.QApplication.clipboard().setText(self._ui.commandEdit.text)
