"""The form that adds a patient of the scene to a data set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import qt
import slicer
import vtk

from MSTKDLib.Dialogs import Dialogs
from MSTKDLib.Engine import EngineError
from MSTKDLib.Memory import Memory
from MSTKDLib.Recognise import proposeVolumes
from MSTKDLib.Steps import Background
from MSTKDLib.Translation import _
from MSTKDLib.Words import LABELS

from .ExportCase import Export, exportSteps, patientsIn
from .Forms import loadForm
from .ReferenceLabels import MEANINGS, proposedMeaning


class ExportView:
    """Asks what is what, proposes what it can tell, and writes the patient.

    Args:
        dialogs: Asks whether a patient is replaced.
        attempt: Does something; a refusal becomes the panel's message.
        onExported: Called with the list of cases that the patient was added to.
    """

    def __init__(self, dialogs: Dialogs, attempt: Callable, onExported: Callable[[Path], None]) -> None:
        self._dialogs, self._attempt, self._onExported = dialogs, attempt, onExported
        self._memory = Memory("MSTKDTrain")
        self.widget, self._ui = loadForm("ExportCase")
        self._selectors = {name: getattr(self._ui, f"{name}ExportSelector") for name in LABELS}
        self._segments: list[tuple[str, str]] = []
        self._writing: Background | None = None
        self.widget.setMRMLScene(slicer.mrmlScene)
        table = self._ui.exportTable
        table.setColumnCount(2)
        table.setHorizontalHeaderLabels([_("Segment"), _("Is the")])
        table.horizontalHeader().setStretchLastSection(True)
        table.verticalHeader().setVisible(False)
        self._ui.exportTargetEdit.currentPath = self._memory.remembered("exportTarget")
        self._ui.exportSegmentationSelector.connect(
            "currentNodeChanged(vtkMRMLNode*)", lambda node: self._fillSegments()
        )
        self._ui.exportButton.connect("clicked(bool)", lambda: attempt(self._add))
        self._fillSegments()
        self.refresh()

    def propose(self) -> None:
        """Choose, where nothing is chosen yet, the volumes that are recognised."""
        chosen = proposeVolumes(slicer.mrmlScene).chosen
        for name, selector in self._selectors.items():
            if selector.currentNode() is None and name in chosen:
                selector.setCurrentNode(chosen[name])

    def refresh(self) -> None:
        """Show what can be done now."""
        self._ui.exportButton.enabled = self._writing is None
        self._ui.exportResultLabel.visible = bool(self._ui.exportResultLabel.text)

    def close(self) -> None:
        """Stop writing; nothing half-written stays."""
        if self._writing is not None:
            self._writing.stop()
            self._writing = None
            self._ui.exportResultLabel.text = ""
            self.refresh()

    def _fillSegments(self) -> None:
        table = self._ui.exportTable
        segments = self._segmentsNow()
        self._segments = [(segmentID, name) for segmentID, name, _terminology in segments]
        table.setRowCount(len(segments))
        for row, (_segmentID, name, terminology) in enumerate(segments):
            table.setItem(row, 0, qt.QTableWidgetItem(name))
            combo = qt.QComboBox()
            combo.addItem(_("(not used)"), "")
            for meaning, title in MEANINGS.items():
                combo.addItem(title, meaning)
            combo.setCurrentIndex(combo.findData(proposedMeaning(name, terminology)))
            table.setCellWidget(row, 1, combo)

    def _segmentsNow(self) -> list[tuple[str, str, str]]:
        """Identifier, name and terminology of each segment of the chosen segmentation."""
        node = self._ui.exportSegmentationSelector.currentNode()
        segmentation = node.GetSegmentation() if node is not None else slicer.vtkSegmentation()
        found = []
        for number in range(segmentation.GetNumberOfSegments()):
            segment, terminology = segmentation.GetNthSegment(number), vtk.mutable("")
            segment.GetTag("TerminologyEntry", terminology)
            found.append((segmentation.GetNthSegmentID(number), segment.GetName(), str(terminology)))
        return found

    def _add(self) -> None:
        if [(segmentID, name) for segmentID, name, _terminology in self._segmentsNow()] != self._segments:
            self._fillSegments()
            raise EngineError(_("The segments have changed; look at the table again."))
        ui, table = self._ui, self._ui.exportTable
        target, patient = Path(ui.exportTargetEdit.currentPath.strip()), ui.exportPatientEdit.text.strip()
        if not target.is_absolute():
            raise EngineError(_("Choose the data folder that the patient is added to."))
        question = _("{folder} has a patient {patient} already. Replace it?").format(folder=target, patient=patient)
        exists = patient in patientsIn(target)
        if exists and not self._dialogs.confirm(question):
            return
        chosen = [table.cellWidget(row, 1).currentData for row in range(table.rowCount)]
        nodes = {name: selector.currentNode() for name, selector in self._selectors.items()}
        export = Export(
            volumes={name: node for name, node in nodes.items() if node is not None},
            segmentation=ui.exportSegmentationSelector.currentNode(),
            meanings={ID: meaning for (ID, _name), meaning in zip(self._segments, chosen, strict=True) if meaning},
            patient=patient,
            target=target,
            replace=exists,
        )
        ui.exportResultLabel.text = _("Writing {patient} …").format(patient=patient)
        self._writing = Background(exportSteps(export), lambda path, error: self._end(export, path, error))
        self.refresh()

    def _end(self, export: Export, path: Path | None, error: Exception | None) -> None:
        self._writing = None
        self._ui.exportResultLabel.text = ""
        self._attempt(lambda: self._tell(export, path, error))
        self.refresh()

    def _tell(self, export: Export, path: Path | None, error: Exception | None) -> None:
        if error is not None:
            raise error
        self._memory.remember("exportTarget", str(export.target))
        self._ui.exportResultLabel.text = _("{patient} was added to {list}, which has {count} patients now.").format(
            patient=export.patient, list=path, count=len(patientsIn(export.target))
        )
        self._onExported(path)
