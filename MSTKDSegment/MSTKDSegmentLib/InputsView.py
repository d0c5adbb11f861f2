"""The four selectors: filled from what is recognised, never against the user."""

from __future__ import annotations

from collections.abc import Callable

import qt
import slicer

from MSTKDLib.Recognise import evidenceOf, mixedPatients, proposeVolumes
from MSTKDLib.Translation import _
from MSTKDLib.Witnesses import readVolume
from MSTKDLib.Words import LABELS

RECOGNISE_AFTER_MS = 300
"""A volume node is added before its image and its name; four are often loaded in one go."""


class InputsView:
    """Fills the selectors and says why.

    A selector that the user has set, also to "not available", is touched: only "Recognise
    again" changes it. Volumes that are loaded later go into empty, untouched selectors, and
    only where they do not contradict what is chosen (two patients are never mixed).

    Args:
        ui: The panel's widgets.
        onChange: Called when a selection changed.
        onTouched: Called with the names of the touched selectors, separated by spaces, to be kept with the scene.

    Attributes:
        touched: Names of the touched selectors.
        mixed: Why the chosen volumes cannot be one patient's; empty where they can.
    """

    def __init__(self, ui, onChange: Callable[[], None], onTouched: Callable[[str], None]) -> None:
        self._ui = ui
        self._onChange, self._onTouched = onChange, onTouched
        self._selectors = {name: getattr(ui, f"{name}Selector") for name in LABELS}
        self.touched: set[str] = set()
        self._filling = False
        self.mixed = ""
        self._loaded = qt.QTimer()
        self._loaded.setSingleShot(True)
        self._loaded.setInterval(RECOGNISE_AFTER_MS)
        self._loaded.connect("timeout()", self.fillEmpty)
        self._ask([])
        for name, selector in self._selectors.items():
            selector.connect("nodeActivated(vtkMRMLNode*)", lambda node, name=name: self._onUserChose(name))
            selector.connect("currentNodeChanged(vtkMRMLNode*)", lambda node, name=name: self._onSelected(name))

    @property
    def chosen(self) -> dict:
        """Sequence name to volume node, only where one is chosen."""
        nodes = {name: selector.currentNode() for name, selector in self._selectors.items()}
        return {name: node for name, node in nodes.items() if node is not None}

    def setEnabled(self, enabled: bool) -> None:
        """Whether volumes can be chosen now."""
        for widget in (*self._selectors.values(), self._ui.recogniseButton, self._ui.sampleButton):
            widget.enabled = enabled

    def forgetTouches(self) -> None:
        """Another scene: nothing in it is the user's choice yet."""
        self._touch(set())
        self._ask([])

    def recogniseAgain(self) -> None:
        """Fill all four anew, on the user's wish."""
        self.forgetTouches()
        proposal = proposeVolumes(slicer.mrmlScene)
        self._fill({name: proposal.chosen.get(name) for name in LABELS}, proposal.evidence, proposal.questions)

    def choose(self, nodes: dict) -> None:
        """Choose these volumes and no other, on the user's wish."""
        self.forgetTouches()
        self._fill({name: nodes.get(name) for name in LABELS}, {}, [])

    def fillSoon(self) -> None:
        """Fill what is empty once the volumes that are being loaded are there."""
        self._loaded.start()

    def fillNoMore(self) -> None:
        """Nothing is filled any more on account of what was loaded before."""
        self._loaded.stop()

    def close(self) -> None:
        """Nothing calls it any more."""
        self._loaded.stop()
        self._loaded.disconnect("timeout()", self.fillEmpty)

    def fillEmpty(self) -> None:
        """Fill what is empty and untouched, where it fits what is chosen."""
        chosen = self.chosen
        free = [name for name in LABELS if name not in chosen and name not in self.touched]
        if not free:
            return
        proposal = proposeVolumes(slicer.mrmlScene)
        if any(proposal.chosen.get(name) is not node for name, node in chosen.items()):
            self._ask([_("Other volumes are loaded too; press Recognise again to choose anew."), *proposal.questions])
            return
        self._fill({name: proposal.chosen.get(name) for name in free}, proposal.evidence, proposal.questions)

    def _fill(self, nodes: dict, evidence: dict[str, str], questions: list[str]) -> None:
        self._filling = True  # selecting a node by code is announced like a user's choice
        for name, node in nodes.items():
            self._selectors[name].setCurrentNode(node)
            self._explain(name, evidence.get(name))
        self._filling = False
        self._ask(questions)
        self._changed()

    def _onUserChose(self, name: str) -> None:
        if not self._filling:
            self._touch(self.touched | {name})

    def _touch(self, names: set[str]) -> None:
        self.touched = names
        self._onTouched(" ".join(sorted(names)))

    def _onSelected(self, name: str) -> None:
        if not self._filling:
            self._explain(name)
            self._changed()

    def _changed(self) -> None:
        self.mixed = mixedPatients(map(readVolume, self.chosen.values()))
        self._onChange()

    def _explain(self, name: str, sentence: str | None = None) -> None:
        """Say in the tooltip what speaks for the chosen volume, or against it."""
        selector = self._selectors[name]
        node = selector.currentNode()
        if node is None:
            sentence = _("The {sequence} volume, if the patient has one.").format(sequence=LABELS[name])
        selector.toolTip = sentence or evidenceOf(node, name)

    def _ask(self, questions: list[str]) -> None:
        self._ui.questionsLabel.text = "\n".join(questions)
        self._ui.questionsLabel.visible = bool(questions)
