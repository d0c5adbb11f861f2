"""The advanced wishes: on which sequence the result lies, alignment, brain mask, output, reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from MSTKDLib.Words import LABELS

from .Parameters import Parameters, remember, remembered

REFERENCES = ("", *LABELS)
"""What the list of references stands for: the engine's choice, or one sequence."""


class WishesView:
    """What the panel's advanced section says, in the logic's words.

    Args:
        ui: The panel's widgets.
        onReference: Called with the chosen sequence; empty lets the engine choose.
        onReport: Called when another folder for reports was chosen.
    """

    def __init__(self, ui, onReference: Callable[[str], None], onReport: Callable[[], None]) -> None:
        self._ui, self._onReport = ui, onReport
        ui.reportEdit.currentPath = remembered("reportFolder")
        ui.reportEdit.connect("currentPathChanged(QString)", self._onReportChosen)
        ui.referenceCombo.connect("currentIndexChanged(int)", lambda index: onReference(REFERENCES[index]))

    @property
    def reportFolder(self) -> str:
        """Where each run's report gets its folder; empty when none is written."""
        return self._ui.reportEdit.currentPath

    def _onReportChosen(self, path: str) -> None:
        remember("reportFolder", path)
        self._onReport()

    def showReference(self, reference: str) -> None:
        """Show what the scene keeps; the other wishes follow it by themselves."""
        combo = self._ui.referenceCombo
        blocked = combo.blockSignals(True)
        combo.currentIndex = REFERENCES.index(reference)
        combo.blockSignals(blocked)

    def wishes(self, parameters: Parameters) -> dict[str, object]:
        """The keywords of `SegmentLogic.segment` for the next run."""
        return {
            "reference": parameters.reference or None,
            "align": parameters.align,
            "brainMask": parameters.brainMask,
            "output": parameters.output,
            "report": self._newReportFolder(),
        }

    def _newReportFolder(self) -> Path | None:
        """A folder of its own for each run: no report replaces another patient's."""
        parent = self.reportFolder
        return Path(parent) / datetime.now().strftime("%Y-%m-%d %H-%M-%S") if parent else None
