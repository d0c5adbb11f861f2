"""The data set: where it lies, what is in it and what is wrong with it, who trains, validates and tests."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import qt
import slicer
from slicer.util import VTKObservationMixin

from MSTKDLib.Dialogs import Dialogs
from MSTKDLib.Memory import Memory
from MSTKDLib.Translation import _

from .Cases import sentencesOf, summarySentence
from .CaseTable import CaseTable
from .ConventionsView import ConventionsView
from .ExportView import ExportView
from .Forms import loadForm
from .ShownCase import ShownCase


class DataView(VTKObservationMixin):
    """Has the data checked by the engine and shows the answer; a click on a patient loads it.

    Args:
        logic: Answers `ask`.
        dialogs: Asks for the folder.
        attempt: Does something; a refusal becomes the panel's message.
        onChange: Called when the datalist or the cases changed.

    Attributes:
        cases: What the last check found, as the engine's worker tells it.
    """

    def __init__(self, logic, dialogs: Dialogs, attempt: Callable, onChange: Callable[[], None]) -> None:
        VTKObservationMixin.__init__(self)
        self._logic, self._dialogs, self._attempt, self._onChange = logic, dialogs, attempt, onChange
        self._memory = Memory("MSTKDTrain")
        self.widget, self._ui = loadForm("Data")
        self.cases: list[dict] = []
        self._answered: dict | None = None
        self._written: str | None = None
        self._refusal = ""
        self._table = CaseTable(self._ui.dataTable, self._onSelected, self._show)
        self._conventions = ConventionsView(self._ui.dataQuestionsBox, self._check)
        self._shown = ShownCase(logic, attempt, self._onShown)
        self._export = ExportView(dialogs, attempt, self._onExported)
        self._ui.dataExportBox.layout().addWidget(self._export.widget)
        self._hint = self._ui.dataHintLabel.text
        self._ui.dataPathEdit.text = self._memory.remembered("data")
        self._connect()
        self._onSelected(None)
        self.refresh()

    def _connect(self) -> None:
        ui = self._ui
        ui.dataFolderButton.connect("clicked(bool)", lambda: self._browse(self._dialogs.folder(_("Data folder"))))
        ui.dataListButton.connect("clicked(bool)", lambda: self._browse(self._askForList()))
        ui.dataCheckButton.connect("clicked(bool)", lambda: self._check())
        ui.dataPathEdit.connect("textChanged(QString)", lambda text: self._onPath())
        ui.dataExportBox.connect("contentsCollapsed(bool)", lambda closed: closed or self._export.propose())
        for spin in (ui.dataValidationSpin, ui.dataTestSpin, ui.dataSeedSpin):
            spin.connect("valueChanged(int)", lambda value: self._onWish())
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self._onSceneClose)

    @property
    def datalist(self) -> Path | None:
        """The written list of cases, for the wishes as they are now; None until they are checked and usable."""
        return Path(self._written) if self._written and not self.outdated else None

    @property
    def outdated(self) -> bool:
        """Whether another folder, split or convention was chosen since the check."""
        return self._answered is not None and self._answered != self._request()

    @property
    def datasets(self) -> list[str]:
        """The data sets of the usable cases."""
        return list(dict.fromkeys(case["dataset"] for case in self.cases if case["usable"]))

    def refresh(self) -> None:
        """Show everything anew from what is known."""
        ui = self._ui
        if not self._logic.busy and self._shown.giveUp():
            ui.dataHintLabel.text = self._hint
        ui.dataCheckButton.enabled = bool(self._path) and not self._logic.busy
        ui.dataQuestionsBox.enabled = not self._logic.busy
        ui.dataSummaryLabel.text = self._summary()
        ui.dataRefusalLabel.text = self._refusal
        ui.dataRefusalLabel.visible = bool(self._refusal)
        ui.dataTable.visible = ui.dataHintLabel.visible = bool(self.cases)
        self._export.refresh()

    def close(self) -> None:
        """Nothing calls it any more; the patient that is shown stays in the scene."""
        self.removeObservers()
        self._table.close()
        self._shown.close()
        self._export.close()

    @property
    def _path(self) -> str:
        return self._ui.dataPathEdit.text.strip()

    def _summary(self) -> str:
        if self._answered is None:
            return _("Choose the folder of a data set, or a list of cases, and press Check.")
        if self.outdated:
            return _("The choice has changed since the check; press Check.")
        return summarySentence(self.cases)

    def _request(self) -> dict:
        wishes = {
            "task": "check_data",
            "folder": self._path,
            "labels": self._conventions.labels,
            "validation": self._ui.dataValidationSpin.value / 100,
            "test": self._ui.dataTestSpin.value / 100,
            "seed": self._ui.dataSeedSpin.value,
        }
        digest = hashlib.sha256(json.dumps(wishes, sort_keys=True).encode()).hexdigest()[:8]
        name = f"{Path(self._path).stem or 'data'}-{digest}.json"
        return {**wishes, "output": str(self._logic.runsFolder / "datalists" / name)}

    def _check(self) -> None:
        self._attempt(self._ask)
        self.refresh()

    def _ask(self) -> None:
        request = self._request()
        Path(request["output"]).parent.mkdir(parents=True, exist_ok=True)
        self._logic.ask(request, lambda answer: self._onChecked(request, answer))

    def _onChecked(self, request: dict, answer: dict) -> None:
        self._answered, self._written = request, answer["written"]
        questions = answer["summary"]["questions"]
        asked = questions and _("Say above what the labels mean; only then is a list of cases made.")
        self._refusal, self.cases = asked or answer["refusal"] or "", answer["cases"]
        self._memory.remember("data", request["folder"])
        self._conventions.show(answer["summary"])
        self._table.show(self.cases)
        self._ui.dataSummaryLabel.toolTip = "\n".join(
            f"{layout['layout']}: {layout['evidence']}." for layout in answer["summary"]["layouts"]
        )
        self._onSelected(None)
        self._changed()

    def _onPath(self) -> None:
        self._conventions.chosen.clear()  # they were of the other folder's data sets
        self._onWish()

    def _onWish(self) -> None:
        if self._answered is not None:
            self._refusal = ""
        self._changed()

    def _changed(self) -> None:
        self.refresh()
        self._onChange()

    def _browse(self, path: str) -> None:
        if path:
            self._ui.dataPathEdit.text = path
            self._check()

    def _askForList(self) -> str:
        kinds = _("Lists of cases (*.csv *.json)")
        return qt.QFileDialog.getOpenFileName(self.widget, _("List of cases"), "", kinds)

    def _onSelected(self, case: dict | None) -> None:
        sentences = sentencesOf(case) if case else []
        self._ui.dataDetailsLabel.text = "\n".join(sentences)
        self._ui.dataDetailsLabel.visible = bool(sentences)

    def _show(self, case: dict) -> None:
        def load() -> None:
            if self._shown.show(case):
                self._ui.dataHintLabel.text = _("Loading {patient} …").format(patient=case["id"])

        self._attempt(load)

    def _onShown(self, case: dict, isShown: bool) -> None:
        told = _("{patient} is shown; the next click replaces it.") if isShown else _("{patient} cannot be shown.")
        self._ui.dataHintLabel.text = told.format(patient=case["id"])

    def _onSceneClose(self, caller, event) -> None:
        """What is loaded would come into the next scene, and what is written would lose its nodes."""
        self._shown.close()
        self._export.close()
        self._ui.dataHintLabel.text = self._hint

    def _onExported(self, cases: Path) -> None:
        """Go on with the list that a patient was added to, unless another one is being looked at."""
        if self._path in ("", str(cases)):
            self._ui.dataPathEdit.text = str(cases)
            self._answered = self._answered and {}  # the list has changed, though its name has not
        self._changed()
