"""The advanced wishes: on which sequence the result lies, alignment, brain mask, output, reports."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from .Parameters import Parameters, remember, remembered
from .Sentences import LABELS

REFERENCES = ("", *LABELS)
"""What the list of references stands for: the engine's choice, or one sequence."""


class WishesView:
    """What the panel's advanced section says, in the logic's words.

    Args:
        ui: The panel's widgets.
        onReference: Called with the chosen sequence; empty lets the engine choose.
    """

    def __init__(self, ui, onReference: Callable[[str], None]) -> None:
        self._ui = ui
        ui.reportEdit.currentPath = remembered("reportFolder")
        ui.reportEdit.connect("currentPathChanged(QString)", lambda path: remember("reportFolder", path))
        ui.referenceCombo.connect("currentIndexChanged(int)", lambda index: onReference(REFERENCES[index]))

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
        parent = self._ui.reportEdit.currentPath
        return Path(parent) / datetime.now().strftime("%Y-%m-%d %H-%M-%S") if parent else None
