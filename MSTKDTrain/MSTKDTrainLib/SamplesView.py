"""Sample predictions of the run that is watched, shown on request and then renewed by themselves."""

from __future__ import annotations

import qt
import slicer
from slicer.util import VTKObservationMixin

from MSTKDLib.Steps import Background
from MSTKDLib.Translation import _

from .Forms import loadForm
from .Samples import Sample, SampleNodes, readSamples

LOOK_MS = 2000
"""How often the run's folder is looked at while a sample is shown."""


class SamplesView(VTKObservationMixin):
    """Off until the user asks: the first display, and that of another patient, change the views.

    Later validations renew the prediction where it lies and leave the views alone.
    """

    def __init__(self) -> None:
        VTKObservationMixin.__init__(self)
        self.widget, self._ui = loadForm("Samples")
        self._monitor = None
        self._nodes = SampleNodes()
        self._samples: list[Sample] = []
        self._shown: Sample | None = None
        self._work: Background | None = None
        self._goThere = False
        self._timer = qt.QTimer()
        self._timer.setInterval(LOOK_MS)
        self._timer.connect("timeout()", self._look)
        self._ui.showSamplesCheckBox.connect("toggled(bool)", self._onToggled)
        self._ui.samplePatientCombo.connect("activated(int)", lambda index: self._onChosen())
        self.addObserver(slicer.mrmlScene, slicer.mrmlScene.StartCloseEvent, self._onSceneClose)
        self._look()

    def show(self, monitor) -> None:
        """Watch a run's samples; call it again when the run has grown. None, or another run, hides what is shown."""
        if monitor is not self._monitor:
            self.hide()
            self._monitor = monitor
        self._look()

    def hide(self) -> None:
        """Take the sample out of the scene."""
        self._ui.showSamplesCheckBox.checked = False

    def close(self) -> None:
        """Called when the panel goes."""
        self.hide()
        self.removeObservers()
        self._timer.disconnect("timeout()", self._look)

    def _onSceneClose(self, caller, event) -> None:
        self.hide()

    def _onToggled(self, on: bool) -> None:
        if on:
            self._timer.start()
            self._onChosen()
            return
        self._timer.stop()
        self._stopWork()
        self._nodes.remove()
        self._shown = None
        self._refresh()

    def _onChosen(self) -> None:
        self._goThere = True
        self._stopWork()
        self._look()

    def _stopWork(self) -> None:
        if self._work is not None:
            self._work.stop()
            self._work = None

    def _look(self) -> None:
        """See what there is; read what changed. What is being written is there at the next look."""
        found = readSamples(self._monitor.folder) if self._monitor is not None else []
        if found and [sample.case for sample in found] != [sample.case for sample in self._samples]:
            self._list(found)
        self._samples = found or (self._samples if self._monitor is not None else [])
        if self._ui.showSamplesCheckBox.checked:
            self._renew()
        self._refresh()

    def _list(self, samples: list[Sample]) -> None:
        """The patients; the one that was chosen stays so."""
        combo = self._ui.samplePatientCombo
        chosen = combo.currentText
        combo.clear()
        combo.addItems([sample.case for sample in samples])
        combo.setCurrentIndex(max(0, combo.findText(chosen)))

    def _renew(self) -> None:
        if self._shown is not None and not self._goThere and not self._nodes.areInScene:
            self.hide()  # the user deleted it
            return
        chosen = self._ui.samplePatientCombo.currentText
        sample = next((sample for sample in self._samples if sample.case == chosen), None)
        if sample is None or self._work is not None or slicer.mrmlScene.IsBatchProcessing():
            return
        self._work = Background(self._nodes.steps(sample), lambda done, error: self._onRead(sample, done, error))

    def _onRead(self, sample: Sample, done: bool | None, error: Exception | None) -> None:
        self._work = None
        if error is not None:  # none is expected: what cannot be read gives False
            self.hide()
            raise error
        if done:
            self._shown = sample
            if self._goThere:
                self._goThere = False
                self._nodes.display()
        self._refresh()

    def _refresh(self) -> None:
        ui = self._ui
        ui.showSamplesCheckBox.enabled = bool(self._samples)
        ui.samplePatientCombo.visible = bool(self._samples)
        ui.samplesLabel.text = self._sentence()

    def _sentence(self) -> str:
        if not self._samples:
            return _("Sample predictions come with the first validation.")
        if not self._ui.showSamplesCheckBox.checked:
            return _("Patients: {count}, as last predicted at step {step}.").format(
                count=len(self._samples), step=self._samples[0].step
            )
        if self._shown is None:
            return _("Reading the sample…")
        return _("At step {step}, predicted from {sequences}: filled the prediction, outlined the reference.").format(
            step=self._shown.step, sequences=self._shown.sequences.replace("+", " + ")
        )
