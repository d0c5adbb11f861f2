"""All settings of the engine's schema as inputs, grouped as in its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import qt

from MSTKDLib.Translation import _

from .Editors import ChoiceEditor, FlagEditor, OnChange, PathEditor, TextEditor, helpOf, isPath, labelOf
from .Schema import Choice, Either, Field, Flag, Group, Maybe, Named, Number, Rows, Several, Text
from .TableEditors import NamedEditor, RowsEditor

ALTERNATIVES = {
    Group: _("own sizes"),
    Rows: _("own table"),
    Several: _("own list"),
    Number: _("a number"),
    Text: _("own words"),
}
"""How a kind of value is called beside words that stand for one."""


class SettingsForm:
    """Shows settings and gives them back as the user leaves them.

    Args:
        schema: The settings there are; see `readSchema`.
        examples: Whole settings, such as the presets: what is null in some of them begins as in the others.
        onChange: Called when the user changed something.
    """

    def __init__(self, schema: Group, examples: Sequence[Mapping[str, Any]], onChange: OnChange) -> None:
        self._onChange = onChange
        self._showing = True
        self._root = GroupEditor(schema, "", self._changed, list(examples))
        self._showing = False
        self.widget = self._root.widget
        self.problems: tuple[str, ...] = ()
        """A sentence for each value that cannot be used, as of the last `values`."""

    @property
    def values(self) -> dict[str, Any] | None:
        """The settings; None while one of them cannot be used."""
        problems: list[str] = []
        values = self._root.read(problems)
        self.problems = tuple(problems)
        return None if problems else values

    def show(self, settings: Mapping[str, Any]) -> None:
        """Show these settings; `onChange` is not called."""
        self._showing = True
        self._root.show(settings)
        self._showing = False

    def put(self, changes: Mapping[str, Any]) -> None:
        """Show some of the settings anew; the others stay as they are, usable or not."""
        self._showing = True
        for name, value in changes.items():
            self._root.editor(name).show(value)
        self._showing = False

    def setKnownNames(self, names: Iterable[str]) -> None:
        """Give these names a row wherever values are given by names of the user's own."""
        for editor in self._root.editors():
            if isinstance(editor, NamedEditor) and editor.isOpen:
                editor.setKnown(tuple(names))

    def _changed(self) -> None:
        if not self._showing:
            self._onChange()


class GroupEditor:
    """Settings that belong together, in a frame; one that may be null has a check box."""

    def __init__(self, field: Group, place: str, onChange: OnChange, examples: list, *, optional: bool = False) -> None:
        self._optional = optional
        self._editors = {
            inner.name: makeEditor(inner, _joined(place, inner.label), onChange, _inside(examples, inner.name))
            for inner in field.fields
        }
        self.widget = qt.QGroupBox(field.label) if field.name else qt.QWidget()
        if field.name:
            self.widget.toolTip = helpOf(field)
        self._arrange(field)
        if optional:
            self.widget.checkable = True
            self.widget.connect("toggled(bool)", lambda on: onChange())

    def _arrange(self, field: Group) -> None:
        form = qt.QFormLayout(self.widget)
        form.setFieldGrowthPolicy(qt.QFormLayout.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(qt.QFormLayout.WrapLongRows)
        for inner in field.fields:
            widget = self._editors[inner.name].widget
            if widget.inherits("QGroupBox"):  # it has its name itself
                form.addRow(widget)
                continue
            label = qt.QLabel(_("{label}:").format(label=labelOf(inner)))
            label.toolTip = helpOf(inner)
            if needsWidth(inner):
                form.addRow(label)
                form.addRow(widget)
            else:
                form.addRow(label, widget)

    def editor(self, name: str) -> Any:
        """The editor of one setting of the group."""
        return self._editors[name]

    def editors(self) -> Iterator[Any]:
        """All editors in the group."""
        for editor in self._editors.values():
            yield from editor.editors() if isinstance(editor, (GroupEditor, EitherEditor)) else (editor,)

    def show(self, value: Any) -> None:
        if self._optional:
            self.widget.checked = value is not None
        for name, editor in self._editors.items() if value is not None else ():
            editor.show(value.get(name))

    def read(self, problems: list[str]) -> Any:
        if self._optional and not self.widget.checked:
            return None
        return {name: editor.read(problems) for name, editor in self._editors.items()}


class EitherEditor:
    """A word from a list, or values of one's own, whose input is seen only then."""

    def __init__(self, field: Either, place: str, onChange: OnChange, examples: list) -> None:
        self._onChange = onChange
        self._words = [word for kind in field.alternatives if isinstance(kind, Choice) for word in kind.choices]
        self._kinds = [kind for kind in field.alternatives if not isinstance(kind, Choice)]
        self._inputs = [
            makeEditor(kind, place, onChange, [example for example in examples if fits(kind, example)])
            for kind in self._kinds
        ]
        self.widget = qt.QWidget()
        self.combo = qt.QComboBox()
        self.combo.toolTip = helpOf(field)
        self.combo.addItems([*map(str, self._words), *(_alternative(kind) for kind in self._kinds)])
        layout = qt.QVBoxLayout(self.widget)
        layout.setContentsMargins(0, 0, 0, 0)
        for part in (self.combo, *(editor.widget for editor in self._inputs)):
            layout.addWidget(part)
        self.combo.connect("currentIndexChanged(int)", self._onChosen)
        self._showChosen()

    def editors(self) -> Iterator[Any]:
        """The editors of one's own values."""
        for editor in self._inputs:
            yield from editor.editors() if isinstance(editor, (GroupEditor, EitherEditor)) else (editor,)

    def show(self, value: Any) -> None:
        if value in self._words:
            self.combo.currentIndex = self._words.index(value)
            return
        for number, kind in enumerate(self._kinds):
            if fits(kind, value):
                self._inputs[number].show(value)
                self.combo.currentIndex = len(self._words) + number
                return

    def read(self, problems: list[str]) -> Any:
        own = self._own
        return self._words[self.combo.currentIndex] if own < 0 else self._inputs[own].read(problems)

    @property
    def _own(self) -> int:
        """Which of one's own values is chosen; negative for a word."""
        return self.combo.currentIndex - len(self._words)

    def _onChosen(self, index: int) -> None:
        self._showChosen()
        self._onChange()

    def _showChosen(self) -> None:
        for number, editor in enumerate(self._inputs):
            editor.widget.visible = number == self._own


def makeEditor(field: Field, place: str, onChange: OnChange, examples: list) -> Any:
    """The editor of a field; it begins with the first example, if any."""
    inner = field.inner if isinstance(field, Maybe) else field
    examples = [*examples, *inner.examples]
    if isinstance(inner, Group):
        editor: Any = GroupEditor(inner, place, onChange, examples, optional=inner is not field)
    elif isinstance(field, Either):
        editor = EitherEditor(field, place, onChange, examples)
    elif isPath(field):
        editor = PathEditor(field, place, onChange)
    else:
        kinds = {Choice: ChoiceEditor, Flag: FlagEditor, Rows: RowsEditor, Named: NamedEditor}
        editor = kinds.get(type(field), TextEditor)(field, place, onChange)
    if examples:
        editor.show(examples[0])
    return editor


def needsWidth(field: Field) -> bool:
    """Whether an input takes the whole width, below its label: tables, and groups among alternatives."""
    kinds = field.alternatives if isinstance(field, Either) else (field,)
    return any(isinstance(kind, (Rows, Named, Group)) for kind in kinds)


def fits(field: Field, value: Any) -> bool:
    """Whether a value is of the field's kind."""
    kinds = {Group: dict, Named: dict, Several: (list, tuple), Rows: (list, tuple), Text: str, Number: (int, float)}
    return isinstance(value, kinds.get(type(field), object))


def _alternative(kind: Field) -> str:
    return ALTERNATIVES.get(type(kind), _("own value"))


def _joined(place: str, label: str) -> str:
    return _("{group}, {name}").format(group=place, name=label) if place else label


def _inside(examples: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """What the examples of a group say of one of its settings."""
    values = [example.get(name) for example in examples if isinstance(example, Mapping)]
    return [value for value in values if value is not None]
