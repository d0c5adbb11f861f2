"""A whole training as a user does it by clicking, from the data folder to the segmentation with his own model."""

from __future__ import annotations

from pathlib import Path

import slicer
from panel_parts import agree

SECONDS = 600
DESCRIPTION = {
    "modelNameEdit": "six-patients",
    "modelVersionEdit": "0.1",
    "modelLicenceEdit": "CC BY 4.0",
}


class WholeTraining:
    """What the user does, one method for each thing; each returns when the panel shows that it is done.

    Args:
        panel: The training module's panel.
    """

    def __init__(self, host, panel) -> None:
        self.host, self.panel = host, panel

    def ui(self, view: str):
        """The widgets of one view."""
        return getattr(self.panel, f"_{view}")._ui

    @property
    def logic(self):
        return self.panel.logic

    @property
    def run(self):
        """The attached run as the panel sees it."""
        return self.logic.monitor.run

    @property
    def message(self) -> str:
        return self.panel.ui.trainMessageLabel.text

    def until(self, done) -> None:
        self.host.waitUntil(lambda: done() or self.message, SECONDS)
        assert not self.message, self.message

    def answered(self) -> None:
        """Wait for the engine's answer."""
        self.until(lambda: not self.logic.busy)
        self.host.process(50)

    def check_data(self, folder: Path) -> None:
        ui = self.ui("data")
        self.until(lambda: self.panel._settings.preset)  # the engine is asked for its settings first
        ui.dataPathEdit.text = str(folder)
        ui.dataValidationSpin.value, ui.dataTestSpin.value = 17, 17
        ui.dataCheckButton.click()
        self.answered()

    def say_what_labels_mean(self, convention: str) -> None:
        (combo,) = self.ui("data").dataQuestionsBox.findChildren("QComboBox")
        combo.setCurrentIndex(combo.findData(convention))
        combo.activated.emit(combo.currentIndex)
        self.answered()

    def show_patient(self, row: int) -> None:
        table = self.ui("data").dataTable
        table.setCurrentCell(row, 0)
        table.cellClicked.emit(row, 0)
        self.until(lambda: slicer.util.getNodesByClass("vtkMRMLSegmentationNode"))
        self.host.process(50)

    def choose_settings(self, steps: int = 30) -> None:
        """The preset `quick` with patches so small that thirty steps take half a minute."""
        ui = self.ui("settings")
        ui.presetCombo.currentIndex = ui.presetCombo.findData("quick")
        sampling = {**self.panel._settings.settings["sampling"], "workers": 0}
        self.panel._settings._put(
            {
                "phases": [
                    {
                        "steps": steps,
                        "patch": [32, 32, 32],
                        "learning_rate": 8e-4,
                        "synthetic": 0.0,
                        "tumour_free": 0.0,
                        "transplanted": 0.0,
                        "repainted": 0.0,
                    }
                ],
                "validation": {"every": steps // 2, "combinations": ["flair", "flair+t1+t1gd+t2"]},
                "checkpoint_every": 5,
                "sampling": sampling,
            }
        )

    def estimate(self) -> None:
        self.ui("plan").estimateButton.click()
        self.answered()

    def train(self) -> None:
        self.ui("plan").trainButton.click()
        self.until(lambda: self.logic.monitor is not None)
        self.reach(1)

    def reach(self, step: int) -> None:
        self.until(lambda: self.run is not None and self.run.step >= step)

    def reach_state(self, state: str) -> None:
        self.until(lambda: self.run is not None and self.run.state.value == state)
        self.host.process(50)

    def pause_or_resume(self) -> None:
        self.ui("runs").pauseRunButton.click()

    def stop(self) -> None:
        self.ui("runs").stopRunButton.click()

    def open_again(self) -> None:
        """Close the module, as leaving Slicer does, and open it anew."""
        self.host.closeModule(self.panel)
        self.panel = self.host.openModule("MSTKDTrain")
        self.panel.parent.show()
        self.until(lambda: self.panel._settings.preset)

    def select(self, name: str) -> None:
        table = self.ui("runs").runsTable
        row = next(row for row in range(table.rowCount) if table.item(row, 0).text() == name)
        table.setCurrentCell(row, 0)
        self.host.process(50)

    def make_model(self) -> None:
        ui = self.ui("finish")
        for edit, text in DESCRIPTION.items():
            getattr(ui, edit).text = text
        ui.modelSummaryEdit.plainText = "A trial of thirty steps on six small patients; good for nothing else."
        for row in range(ui.datasetLicencesTable.rowCount):
            ui.datasetLicencesTable.item(row, 1).setText("CC BY 4.0")
        ui.makeModelButton.click()
        self.answered()

    def install_model(self) -> None:
        self.host.answer("confirmOkCancel", True)
        self.ui("finish").installResultButton.click()
        self.answered()

    def segment(self, volumes: dict):
        """With the model of one's own, in the other module; returns its panel and the segmentation."""
        agree()
        panel = self.host.openModule("MSTKDSegment")
        for name, node in volumes.items():
            getattr(panel.ui, f"{name}Selector").setCurrentNode(node)
        combo = panel.ui.modelCombo
        combo.currentIndex = combo.findText("six-patients 0.1")
        panel.ui.segmentButton.click()
        self.host.waitUntil(lambda: not panel.logic.state.busy, SECONDS)
        self.host.process(50)
        assert panel.ui.messageLabel.text == ""
        return panel, panel.logic.result.segmentation
