"""From a run that has ended to a model: describe it, measure it, look at the figures, install it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import qt

from MSTKDLib.ModelLicence import takeStaged
from MSTKDLib.Translation import _

from . import DiceTable
from .Finished import RESULT, Description, Patients, Result, readPatients, readResult
from .Forms import loadForm
from .Tables import fitHeight


class FinishView:
    """The section Model of one run.

    Args:
        logic: Asks the engine.
        dialogs: Asks the user.
        attempt: Does a piece of work; its refusal becomes the panel's message.
    """

    def __init__(self, logic, dialogs, attempt: Callable[[Callable[[], object]], None]) -> None:
        self._logic, self._dialogs, self._attempt = logic, dialogs, attempt
        self._run: Any = None
        self._patients = Patients((), "")
        self._result: Result | None = None
        self._drafts: dict[Path, Description] = {}
        """What the user has written for each run."""
        self._seen: tuple[Path, float] | None = None
        self._installed: tuple[tuple[tuple[str, float], float], str] | None = None
        """Under which name which model is installed, as long as the folder of the models does not change."""
        self._filling = False
        self.widget, self._ui = loadForm("Finish")
        self._connect()
        self.show(None)

    def _connect(self) -> None:
        ui = self._ui
        table = ui.datasetLicencesTable
        table.setColumnCount(2)
        table.setHorizontalHeaderLabels([_("Data set"), _("Licence")])
        table.verticalHeader().hide()
        table.horizontalHeader().setSectionResizeMode(qt.QHeaderView.Stretch)
        table.connect("itemChanged(QTableWidgetItem*)", lambda item: self._onWritten())
        for edit in (ui.modelNameEdit, ui.modelVersionEdit, ui.modelLicenceEdit):
            edit.connect("textChanged(QString)", lambda text: self._onWritten())
        for edit in (ui.modelSummaryEdit, ui.notForEdit):
            edit.connect("textChanged()", lambda: self._onWritten())
        ui.makeModelButton.connect("clicked(bool)", lambda: self._attempt(self._make))
        ui.openReportButton.connect("clicked(bool)", lambda: self._openReport())
        ui.installResultButton.connect("clicked(bool)", lambda: self._attempt(self._install))

    def show(self, run) -> None:
        """Show a run (`mstkd.runs.Run`); hidden for None, for one that is being trained or has no checkpoint.

        May be called at every look at the run: what the user writes stays.
        """
        ended = run is not None and not run.state.alive and (run.folder / "checkpoint.pt").is_file()
        self._run = run if ended else None
        self.widget.visible = ended
        if not ended:
            return
        seen = (run.folder, _changed(run.folder / RESULT / "evaluation" / "figures.json"))
        if seen != self._seen:
            self._seen = seen
            self._patients, self._result = readPatients(run.folder), readResult(run.folder)
            self._write(self._drafts.get(run.folder) or (self._result.description if self._result else Description()))
            self._showResult()
        self._showState()

    # The description

    def _write(self, description: Description) -> None:
        ui = self._ui
        self._filling = True
        ui.modelNameEdit.text, ui.modelVersionEdit.text = description.name, description.version
        ui.modelSummaryEdit.plainText, ui.modelLicenceEdit.text = description.summary, description.licence
        ui.notForEdit.plainText = "\n".join(description.notFor)
        table = ui.datasetLicencesTable
        table.setRowCount(len(self._patients.datasets))
        for row, name in enumerate(self._patients.datasets):
            fixed = qt.QTableWidgetItem(name)
            fixed.setFlags(qt.Qt.ItemIsEnabled)
            table.setItem(row, 0, fixed)
            table.setItem(row, 1, qt.QTableWidgetItem(description.datasets.get(name, "")))
        fitHeight(table)
        self._filling = False

    def _written(self) -> Description:
        ui = self._ui
        edits = (ui.modelNameEdit.text, ui.modelVersionEdit.text, ui.modelSummaryEdit.plainText)
        texts = [text.strip() for text in (*edits, ui.modelLicenceEdit.text)]
        table = ui.datasetLicencesTable
        licences = [table.item(row, 1).text().strip() for row in range(table.rowCount)]
        notFor = tuple(line.strip() for line in ui.notForEdit.plainText.splitlines() if line.strip())
        return Description(*texts, dict(zip(self._patients.datasets, licences, strict=True)), notFor)

    def _onWritten(self) -> None:
        if not self._filling and self._run is not None:
            self._drafts[self._run.folder] = self._written()
            self._showState()

    # What the buttons do

    def _make(self) -> None:
        run = self._run.folder
        question = _("Replace the model of {name} and its figures by new ones?").format(name=self._run.name)
        if self._result is not None and not self._dialogs.confirm(question):
            return
        request = {
            "task": "finish_run",
            "run": str(run),
            "description": self._written().asRequest(),
            "output": str(run / RESULT),
            "split": self._patients.split,
            "device": self._logic.device,
        }
        self._logic.ask(request, lambda answer: self._onMade(run))

    def _onMade(self, run: Path) -> None:
        self._drafts.pop(run, None)  # the card has it now
        self.show(self._run)

    def _openReport(self) -> None:
        qt.QDesktopServices.openUrl(qt.QUrl.fromLocalFile(str(self._result.page)))

    def _install(self) -> None:
        request = {"task": "stage_model", "source": str(self._result.model), "sha256": None}
        self._logic.ask(request, lambda answer: self._attempt(lambda: self._take(answer)))

    def _take(self, answer: dict) -> None:
        takeStaged(Path(answer["staged"]), answer["card"], self._dialogs.confirm)
        self.show(self._run)

    # What is shown

    def _showResult(self) -> None:
        ui, result = self._ui, self._result
        ui.finishResult.visible = result is not None
        if result is not None:
            DiceTable.fill(ui.diceTable, result.rows)
            ui.finishFactsLabel.text = "\n".join(result.facts)

    def _showState(self) -> None:
        ui = self._ui
        ui.finishLabel.text = self._stand()
        reason = self._whyNot()
        ui.makeModelButton.enabled = not reason
        ui.makeModelLabel.text = reason or self._measuring()
        if self._result is None:
            return
        label = self._installedAs()
        ui.installResultButton.enabled = not label and not self._logic.busy
        ui.installedLabel.visible = bool(label)
        ui.installedLabel.text = _("{model} is installed: Brain Tumor Segmentation lists it.").format(model=label)

    def _stand(self) -> str:
        """How far the training went, and of which step the figures are, if that is another."""
        run = self._run
        text = _("{name}: step {step} of {steps}.").format(name=run.name, step=run.step, steps=run.steps)
        if run.step < run.steps:
            text += " " + _("The training is not finished; a model of it is what it is until now.")
        if self._result is not None and self._result.step != run.step:
            text += " " + _("The figures below are of step {step}.").format(step=self._result.step)
        return text

    def _whyNot(self) -> str:
        """Why no model can be made now, in one sentence; empty when one can."""
        if not self._patients.split:
            return _("No patients were held out of this training, so its model cannot be measured.")
        if self._logic.busy:
            return _("The engine is at work; wait for it or cancel it.")
        return self._written().lack()

    def _measuring(self) -> str:
        if self._patients.split == "test":
            return _("It is measured on the test patients with each of the 15 combinations of sequences.")
        return _(
            "There are no test patients: it is measured on the validation patients, which chose the weights, so the "
            "figures say little of other patients."
        )

    def _installedAs(self) -> str:
        """The name under which the model is installed; empty if it is not."""
        from mstkd.store import identity, installed_models, models_folder

        own = identity(self._result.card)
        key = (own, _changed(models_folder()))
        if self._installed is None or self._installed[0] != key:
            label = next((model.label for model in installed_models() if identity(model.card) == own), "")
            self._installed = key, label
        return self._installed[1]


def _changed(path: Path) -> float:
    """When a file, or what a folder lists, was changed; 0 where there is none."""
    return path.stat().st_mtime if path.exists() else 0.0
