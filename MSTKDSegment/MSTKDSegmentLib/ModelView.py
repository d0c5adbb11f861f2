"""The models of this computer: choose, install, look, remove; and the device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt

from MSTKDLib.Dialogs import asRichText
from MSTKDLib.ModelLicence import agree, isAgreed, takeStaged
from MSTKDLib.Translation import _
from MSTKDLib.Words import LABELS

from .Parameters import remember, remembered
from .Sentences import REGIONS, deviceKey, deviceSentence

DEVICES = ("auto", "cpu", "cuda")
"""The engine's words, in the order of the panel's list."""


class ModelView:
    """Lists the installed models and manages them.

    Args:
        ui: The panel's widgets.
        logic: Stages a model in the engine's process.
        dialogs: Asks the user.
        attempt: Does a piece of work; its refusal becomes the panel's message, and the list is made anew.
        onChange: Called when the choice changed.
    """

    def __init__(
        self, ui, logic, dialogs, attempt: Callable[[Callable[[], object]], None], onChange: Callable[[], None]
    ) -> None:
        self._ui, self._logic, self._dialogs = ui, logic, dialogs
        self._attempt, self._onChange = attempt, onChange
        self._models: list = []
        device = remembered("device", DEVICES[0])
        ui.deviceCombo.currentIndex = DEVICES.index(device) if device in DEVICES else 0
        ui.modelCombo.connect("currentIndexChanged(int)", self._onModelChosen)
        ui.deviceCombo.connect("currentIndexChanged(int)", self._onDeviceChosen)
        ui.installModelButton.connect("clicked(bool)", lambda: self._install())
        ui.openFolderButton.connect("clicked(bool)", lambda: self._openFolder())
        ui.removeModelButton.connect("clicked(bool)", lambda: self._remove())

    @property
    def model(self):
        """The chosen model, or None when none is installed."""
        index = self._ui.modelCombo.currentIndex
        return self._models[index] if 0 <= index < len(self._models) else None

    @property
    def device(self) -> str:
        """The user's wish, in the engine's words."""
        return DEVICES[self._ui.deviceCombo.currentIndex]

    def agreed(self) -> bool:
        """Whether the chosen model may be used: its licence is permissive, or the user agrees; asked once."""
        model = self.model
        if isAgreed(model):
            return True
        question = _("{model}: {summary}\n\nLicence: {licence}\n\nUse it under this licence?").format(
            model=model.label, summary=model.summary, licence=model.licence
        )
        if not self._dialogs.confirm(question):
            return False
        agree(model)
        return True

    def expectedDice(self, chosen: dict) -> dict:
        """What the card states for just these sequences: the engine's `ExpectedDice` by the region's name."""
        if self.model is None or not chosen:
            return {}
        from mstkd.modalities import Modality

        given = [Modality(name) for name in LABELS if name in chosen]
        stated = {name: self.model.expected_dice(given, name) for name, _title, _what in REGIONS}
        return {name: expected for name, expected in stated.items() if expected is not None}

    def deviceSentence(self) -> str:
        """What computes, and how long it takes."""
        device = self._logic.device
        seconds = remembered(deviceKey(device, self.device))
        return deviceSentence(device, self.device, float(seconds) if seconds else None)

    def rememberDuration(self, seconds: float) -> None:
        """Keep how long a run took on what computes now."""
        remember(deviceKey(self._logic.device, self.device), f"{seconds:.0f}")

    def refresh(self) -> None:
        """List the models anew; the one chosen last time is chosen again."""
        from mstkd.store import installed_models, problems

        wanted = remembered("model")
        self._models = installed_models()
        combo = self._ui.modelCombo
        blocked = combo.blockSignals(True)
        combo.clear()
        for model in self._models:
            combo.addItem(model.label)
        damaged = problems()
        self._ui.problemsLabel.text, self._ui.problemsLabel.visible = "\n".join(damaged), bool(damaged)
        labels = [model.label for model in self._models]
        combo.currentIndex = labels.index(wanted) if wanted in labels else min(0, len(labels) - 1)
        combo.blockSignals(blocked)
        self._showLicence()

    def _onModelChosen(self, index: int) -> None:
        if self.model is not None:
            remember("model", self.model.label)
        self._showLicence()
        self._onChange()

    def _onDeviceChosen(self, index: int) -> None:
        remember("device", self.device)
        self._onChange()

    def _showLicence(self) -> None:
        model = self.model
        self._ui.licenceLabel.text = _("Licence: {licence}").format(licence=model.licence) if model else ""
        self._ui.modelCombo.toolTip = asRichText(model.summary) if model else _("No model is installed.")

    def _openFolder(self) -> None:
        from mstkd.store import models_folder

        folder = models_folder()
        folder.mkdir(parents=True, exist_ok=True)
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(folder)))

    def _remove(self) -> None:
        from mstkd.store import remove_model

        question = _("Delete the model {model} from this computer?").format(model=self.model.label)
        if self._dialogs.confirm(question):
            self._attempt(lambda: remove_model(self.model.folder))

    def _install(self) -> None:
        source = self._dialogs.modelSource()
        if source is not None:
            self._attempt(lambda: self._logic.stageModel(*source, self._onStaged))

    def _onStaged(self, answer: dict) -> None:
        """The engine has checked a model: show its licence, ask, and take it or throw it away."""
        self._attempt(lambda: takeStaged(Path(answer["staged"]), answer["card"], self._dialogs.confirm))
