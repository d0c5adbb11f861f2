"""The settings of the next run: a preset, what is changed of it, and all settings that the engine has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from MSTKDLib import Dependencies
from MSTKDLib.Dialogs import asRichText
from MSTKDLib.Translation import _
from MSTKDLib.Words import listed

from .Differences import differences
from .Forms import loadForm
from .Schema import readSchema
from .SettingsForm import SettingsForm

OF_BASE = ("start_from", "network")
"""The settings that the model to continue from decides."""
DEFAULT = "compact"
"""The preset to begin with, where there is one: the first, shortest one gives no model to use."""
TRIALS = ("quick",)
"""Presets that only show that everything works."""
NAMED = 6
"""So many changed settings are named; of more, the number is enough."""
PROBLEMS = 3
"""So many values that cannot be used are named at once."""


class SettingsView:
    """Shows what the engine says can be set, and keeps what the user sets.

    Args:
        logic: Asks the engine.
        dialogs: Asks the user.
        attempt: Does a piece of work; its refusal becomes the panel's message.
        onChange: Called when the settings changed.

    Attributes:
        settings: For the engine; None while the engine was not asked, or a value cannot be used.
        preset: Which one they began with; empty while the engine was not asked.
    """

    def __init__(
        self, logic, dialogs, attempt: Callable[[Callable[[], object]], None], onChange: Callable[[], None]
    ) -> None:
        self._logic, self._dialogs, self._attempt, self._onChange = logic, dialogs, attempt, onChange
        self.settings: dict[str, Any] | None = None
        self.preset = ""
        self._presets: dict[str, dict[str, Any]] = {}
        self._form: SettingsForm | None = None
        self._datasets: tuple[str, ...] = ()
        self._models: list = []
        self._asking = False
        self.widget, self._ui = loadForm("Settings")
        ui = self._ui
        ui.presetCombo.connect("currentIndexChanged(int)", self._onPresetChosen)
        ui.resetButton.connect("clicked(bool)", lambda: self._take(self.preset))
        ui.baseCheckBox.connect("toggled(bool)", self._onBaseToggled)
        ui.baseCombo.connect("currentIndexChanged(int)", lambda index: self._startFrom(self._models[index]))
        ui.ablationCheckBox.connect("toggled(bool)", lambda on: self._onChange())
        self._showState()

    @property
    def ablation(self) -> bool:
        """Whether five variants are to be trained and compared."""
        return bool(self._ui.ablationCheckBox.checked)

    @property
    def datasets(self) -> tuple[str, ...]:
        """The data sets of the next run, each of which gets a row for its weight."""
        return self._datasets

    @datasets.setter
    def datasets(self, names: Iterable[str]) -> None:
        self._datasets = tuple(names)
        if self._form is not None:
            self._form.setKnownNames(self._datasets)

    def refresh(self) -> None:
        """The panel was entered or packages were installed: list the models, and ask the engine if it was not yet."""
        self._listModels()
        if self._form is None and not self._asking and not self._logic.busy and not Dependencies.missingRequirements():
            self._asking = True  # what is asked makes the panel refresh
            self._attempt(lambda: self._logic.ask({"task": "describe_training"}, self._onDescribed))
            self._asking = False
        self._showState()

    def _onDescribed(self, answer: dict) -> None:
        self._presets = answer["presets"]
        examples = [preset["settings"] for preset in self._presets.values()]
        self._form = SettingsForm(readSchema(answer["schema"]), examples, self._onFormChanged)
        self._form.setKnownNames(self._datasets)
        self._ui.allSettingsLayout.addWidget(self._form.widget)
        with quiet(self._ui.presetCombo) as combo:
            for name in self._presets:
                combo.addItem(_presetTitle(name), name)
        self._take(DEFAULT if DEFAULT in self._presets else next(iter(self._presets)))

    def _take(self, preset: str) -> None:
        """Show a preset's settings."""
        self.preset = preset
        self._form.show(self._presets[preset]["settings"])
        self._onFormChanged()

    def _onPresetChosen(self, index: int) -> None:
        preset = list(self._presets)[index]
        base = self._base()
        if self._mayReplace(preset):
            self._take(preset)
            if base is not None:
                self._startFrom(base)
        self._showState()

    def _mayReplace(self, preset: str) -> bool:
        """Whether changes may go; the model to continue from stays."""
        if self.settings is not None and set(self._changes()) <= set(OF_BASE):
            return True
        question = _("Replace your changes with the settings of {preset}?").format(preset=preset)
        return self._dialogs.confirm(question)

    def _onFormChanged(self) -> None:
        self.settings = self._form.values
        self._showState()
        self._onChange()

    # Fine-tuning

    def _listModels(self) -> None:
        from mstkd.store import installed_models

        chosen = self._ui.baseCombo.currentText
        self._models = installed_models()
        labels = [model.label for model in self._models]
        with quiet(self._ui.baseCombo) as combo:
            combo.clear()
            combo.addItems(labels)
            combo.currentIndex = labels.index(chosen) if chosen in labels else min(0, len(labels) - 1)

    def _base(self):
        """The installed model to continue from; None without one."""
        folder = (self.settings or {}).get("start_from")
        return next((model for model in self._models if str(model.folder) == folder), None)

    def _onBaseToggled(self, on: bool) -> None:
        if on:
            self._startFrom(self._models[self._ui.baseCombo.currentIndex])
        else:
            self._put({name: self._presets[self.preset]["settings"][name] for name in OF_BASE})

    def _startFrom(self, model) -> None:
        """Take over where a model's weights lie and, because they fit no other, its network's sizes."""
        self._put(dict(zip(OF_BASE, (str(model.folder), model.card["architecture"]), strict=True)))

    def _put(self, changes: dict[str, Any]) -> None:
        """Change settings and leave the others as they stand in the form, usable or not."""
        self._form.put(changes)
        self._onFormChanged()

    # What is shown

    def _changes(self) -> list[str]:
        return list(differences(self.settings, self._presets[self.preset]["settings"])) if self.settings else []

    def _showState(self) -> None:
        """Show everything anew from what is known."""
        ui, described = self._ui, self._form is not None
        ui.settingsChoices.visible = described
        ui.emptySettingsLabel.visible = not described
        ui.emptySettingsLabel.text = self._whyEmpty()
        if not described:
            return
        with quiet(ui.presetCombo) as combo:
            combo.currentIndex = list(self._presets).index(self.preset)
        ui.presetLabel.text = self._presets[self.preset]["title"]
        self._showBase()
        self._showChanges()
        self._showProblems()

    def _whyEmpty(self) -> str:
        if Dependencies.missingRequirements():
            return _("The settings come from the engine, whose packages are not installed yet; press Install packages.")
        if self._logic.busy:
            return _("The settings come from the engine, which is being asked.")
        return _("The settings come from the engine; open this module again to ask it.")

    def _showBase(self) -> None:
        """The check box says what the settings say, also where these were changed below."""
        ui = self._ui
        if self.settings is not None:
            with quiet(ui.baseCheckBox) as box:
                box.checked = self.settings.get("start_from") is not None
        ui.baseCheckBox.enabled = bool(self._models)
        ui.baseCombo.visible = bool(ui.baseCheckBox.checked)
        base = self._base()
        if base is not None:
            with quiet(ui.baseCombo) as combo:
                combo.currentIndex = self._models.index(base)

    def _showChanges(self) -> None:
        ui, changes = self._ui, self._changes()
        ui.resetButton.enabled = bool(changes) or self.settings is None
        ui.changesLabel.toolTip = asRichText("\n".join(changes))
        if self.settings is None:
            ui.changesLabel.text = ""
        elif not changes:
            ui.changesLabel.text = _("All settings are those of {preset}.").format(preset=self.preset)
        else:
            ui.changesLabel.text = _("{count} settings differ from {preset}: {names}.").format(
                count=len(changes), preset=self.preset, names=_named(changes)
            )

    def _showProblems(self) -> None:
        problems = self._form.problems
        rest = len(problems) - PROBLEMS
        more = [_("And {count} more.").format(count=rest)] if rest > 0 else []
        self._ui.settingsProblemLabel.text = "\n".join([*problems[:PROBLEMS], *more])
        self._ui.settingsProblemLabel.visible = bool(problems)


@contextmanager
def quiet(widget) -> Iterator[Any]:
    """A widget whose signals say nothing while it is filled."""
    blocked = widget.blockSignals(True)
    yield widget
    widget.blockSignals(blocked)


def _presetTitle(preset: str) -> str:
    name = preset.replace("_", " ")
    return _("{preset} (trial)").format(preset=name) if preset in TRIALS else name


def _named(changes: list[str]) -> str:
    shown = changes[:NAMED]
    return listed(shown) if len(changes) <= NAMED else _("{names} and others").format(names=", ".join(shown))
