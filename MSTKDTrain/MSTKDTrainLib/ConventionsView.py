"""The question what the labels of a data set mean, one for each set that does not tell."""

from __future__ import annotations

from collections.abc import Callable

import qt

from MSTKDLib.Dialogs import asRichText
from MSTKDLib.Translation import _

from .Cases import MEANINGS


class ConventionsView:
    """A label and a combo box for each undecided data set, and for those that the user has decided.

    Args:
        box: The widget with a form layout that takes them.
        onChoose: Called when the user chose.

    Attributes:
        chosen: Data set to convention, by the user.
    """

    def __init__(self, box, onChoose: Callable[[], None]) -> None:
        self._box, self._onChoose = box, onChoose
        self.chosen: dict[str, str] = {}
        self.show({"labels": [], "questions": []})

    @property
    def labels(self) -> list[str]:
        """The choices as the engine takes them."""
        return [f"{dataset}={name}" for dataset, name in self.chosen.items()]

    def show(self, summary: dict) -> None:
        """Ask what this check's answer leaves open."""
        form = self._box.layout()
        while form.rowCount():
            form.removeRow(0)
        undecided = [labels for labels in summary["labels"] if labels["convention"] is None]
        why = dict(zip((labels["dataset"] for labels in undecided), summary["questions"], strict=False))
        values: dict[str, set[int]] = {}
        for labels in summary["labels"]:
            values.setdefault(labels["dataset"], set()).update(map(int, labels["values"]))
        asked = [dataset for dataset in values if dataset in why or dataset in self.chosen]
        for dataset in asked:
            for widget in self._question(dataset, sorted(values[dataset]), why.get(dataset, "")):
                form.addRow(widget)
        self._box.visible = bool(asked)

    def _question(self, dataset: str, values: list[int], why: str) -> tuple:
        from mstkd.regions import CONVENTIONS

        label, combo = qt.QLabel(), qt.QComboBox()
        label.text = _("{dataset}: what do the labels {values} mean?").format(
            dataset=dataset, values=", ".join(map(str, values)) or _("(none occur)")
        )
        label.wordWrap = True
        combo.addItem(_("Choose…"), "")
        for name, meaning in MEANINGS.items():
            strange = [str(value) for value in values if value not in CONVENTIONS[name].to_tissue]
            text = f"{name}: {meaning}"
            if strange:
                text += _(" (cases with {values} are left out)").format(values=", ".join(strange))
            combo.addItem(text, name)
        combo.setSizeAdjustPolicy(qt.QComboBox.AdjustToMinimumContentsLengthWithIcon)  # else the panel grows as wide
        combo.setMinimumContentsLength(24)
        combo.setCurrentIndex(max(0, combo.findData(self.chosen.get(dataset, ""))))
        if why:
            label.setToolTip(asRichText(why))
        combo.connect("activated(int)", lambda index: self._choose(dataset, combo.itemData(index)))
        return label, combo

    def _choose(self, dataset: str, name: str) -> None:
        self.chosen.pop(dataset, None)
        if name:
            self.chosen[dataset] = name
        self._onChoose()
