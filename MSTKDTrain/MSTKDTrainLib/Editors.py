"""An input for each kind of single setting.

Every editor has a `widget`, takes a value with `show` and gives it with `read`, which appends a sentence to
`problems` for each value that cannot be used and marks where it stands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ctk
import qt

from MSTKDLib.Dialogs import asRichText
from MSTKDLib.Translation import _

from .FieldText import MisfitError, textOf, valueOf
from .Schema import Choice, Field, Maybe, Text

OnChange = Callable[[], None]
WRONG = "#d32f2f"
"""Dark enough on white and light enough on black."""


class TextEditor:
    """A line of text: numbers, lists and words. An optional setting is null while the line is empty.

    Numbers are written, not spun: a line holds every number that the engine takes, and does not change when the
    panel is scrolled with the mouse upon it.
    """

    def __init__(self, field: Field, place: str, onChange: OnChange) -> None:
        self._field, self._place = field, place
        self._help = helpOf(field)
        self.widget = qt.QLineEdit()
        self.widget.toolTip = self._help
        self.widget.connect("textChanged(QString)", lambda text: onChange())

    def show(self, value: Any) -> None:
        self.widget.text = textOf(self._field, value)

    def read(self, problems: list[str]) -> Any:
        try:
            value = valueOf(self._field, self.widget.text)
        except MisfitError as error:
            sentence = problem(self._place, error)
            problems.append(sentence)
            self._mark(sentence)
            return None
        self._mark("")
        return value

    def _mark(self, sentence: str) -> None:
        style = f"QLineEdit {{ border: 1px solid {WRONG}; }}" if sentence else ""
        if self.widget.styleSheet != style:  # each letter typed marks the whole form; a new style is costly
            self.widget.setStyleSheet(style)
        self.widget.toolTip = asRichText(sentence) if sentence else self._help


class PathEditor:
    """A folder or file of this computer; null while none is chosen."""

    def __init__(self, field: Field, place: str, onChange: OnChange) -> None:
        self._field, self._place = field, place
        self.widget = ctk.ctkPathLineEdit()
        self.widget.filters = self.widget.Dirs | self.widget.Files | self.widget.NoDotDot | self.widget.Readable
        self.widget.toolTip = helpOf(field)
        self.widget.connect("currentPathChanged(QString)", lambda path: onChange())

    def show(self, value: Any) -> None:
        self.widget.currentPath = textOf(self._field, value)

    def read(self, problems: list[str]) -> Any:
        try:
            return valueOf(self._field, self.widget.currentPath)
        except MisfitError as error:
            problems.append(problem(self._place, error))
            return None


class ChoiceEditor:
    """A list of words."""

    def __init__(self, field: Choice, place: str, onChange: OnChange) -> None:
        self._choices = field.choices
        self.widget = qt.QComboBox()
        self.widget.toolTip = helpOf(field)
        self.widget.addItems([str(choice) for choice in field.choices])
        self.widget.connect("currentIndexChanged(int)", lambda index: onChange())

    def show(self, value: Any) -> None:
        self.widget.currentIndex = self._choices.index(value) if value in self._choices else 0

    def read(self, problems: list[str]) -> Any:
        return self._choices[self.widget.currentIndex]


class FlagEditor:
    """A check box."""

    def __init__(self, field: Field, place: str, onChange: OnChange) -> None:
        self.widget = qt.QCheckBox()
        self.widget.toolTip = helpOf(field)
        self.widget.connect("toggled(bool)", lambda on: onChange())

    def show(self, value: Any) -> None:
        self.widget.checked = bool(value)

    def read(self, problems: list[str]) -> Any:
        return bool(self.widget.checked)


def isPath(field: Field) -> bool:
    """Whether a setting, or what is inside an optional one, is a path."""
    inner = field.inner if isinstance(field, Maybe) else field
    return isinstance(inner, Text) and inner.isPath


def helpOf(field: Field) -> str:
    """What a setting means, as the engine says it, with its name in files."""
    return asRichText(f"{field.description}\n({field.name})" if field.description else field.name)


def labelOf(field: Field) -> str:
    """The name for people, with the unit unless that is the name already."""
    isTold = not field.unit or field.unit == field.label.lower()
    return field.label if isTold else _("{name} ({unit})").format(name=field.label, unit=field.unit)


def problem(place: str, error: MisfitError) -> str:
    """Where it stands and what is needed there."""
    return _("{place}: {reason}.").format(place=place, reason=error)
