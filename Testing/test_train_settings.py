"""The section Settings: presets, what differs from them, fine-tuning and ablation."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from train_view_parts import Answers, AskedLogic, attempt

from mstkd.store import installed_models
from mstkd.training.config import Phase, TrainingConfig
from mstkd.training.preset_files import read_presets

WIDTH = 420
PRESETS = {name: {"title": title, "settings": config.as_dict()} for name, (title, config) in read_presets().items()}
DESCRIPTION = {"schema": TrainingConfig.model_json_schema(), "presets": PRESETS}


@pytest.fixture
def logic():
    return AskedLogic()


@pytest.fixture
def answers():
    return Answers()


@pytest.fixture
def changes():
    return []


@pytest.fixture
def entered(host, missing_packages, logic, answers, changes):
    """The view after the panel was entered; the engine has not answered yet."""
    from MSTKDTrainLib.SettingsView import SettingsView

    view = SettingsView(logic, answers, attempt, lambda: changes.append(1))
    view.widget.show()
    view.refresh()
    return view


@pytest.fixture
def view(entered, logic):
    logic.answer(**DESCRIPTION)
    return entered


@pytest.fixture
def ui(view):
    import slicer

    return slicer.util.childWidgetVariables(view.widget)


def edit_of(view, label):
    """The line beside a label of the form."""
    for layout in view.widget.findChildren("QFormLayout"):
        for row in range(layout.rowCount()):
            item = layout.itemAt(row, 0)
            if item is not None and item.widget() is not None and item.widget().text == f"{label}:":
                return layout.itemAt(row, 1).widget()
    raise LookupError(label)


# Before the engine has said what there is


def test_without_packages_the_section_says_why_it_is_empty_and_asks_nothing(
    host, missing_packages, logic, answers, changes
):
    from MSTKDTrainLib.SettingsView import SettingsView

    missing_packages.append("pydantic")
    view = SettingsView(logic, answers, attempt, lambda: None)
    view.refresh()
    assert not logic.asked
    assert view.settings is None
    label = view.widget.findChild("QLabel", "emptySettingsLabel")
    assert "press Install packages" in label.text
    missing_packages.clear()
    view.refresh()
    assert "is being asked" in label.text
    assert logic.question == {"task": "describe_training"}


def test_the_engine_is_asked_once_and_again_only_if_it_failed(entered, logic):
    entered.refresh()
    assert len(logic.asked) == 1
    logic.busy = False  # it failed
    entered.refresh()
    assert len(logic.asked) == 2
    logic.answer(**DESCRIPTION)
    entered.refresh()
    assert len(logic.asked) == 2


# Presets


def test_the_section_begins_with_the_compact_preset_and_its_meaning(view, ui, changes):
    assert view.preset == "compact"
    assert view.settings == PRESETS["compact"]["settings"]
    assert ui.presetLabel.text == PRESETS["compact"]["title"]
    listed = [ui.presetCombo.itemText(n) for n in range(ui.presetCombo.count)]
    assert listed == [
        "quick (trial)",
        "fourth student",
        "second student",
        "first student",
        "fifth student",
        "third student",
        "student",
        "compact",
        "paper",
    ]
    assert ui.changesLabel.text == "All settings are those of compact."
    assert ui.allSettingsSection.collapsed
    assert changes


def test_where_there_is_no_compact_preset_the_section_begins_with_the_first(entered, logic):
    logic.answer(**DESCRIPTION | {"presets": {name: PRESETS[name] for name in ("paper", "quick")}})
    assert entered.preset == "paper"


@pytest.mark.parametrize("preset", PRESETS)
def test_a_chosen_preset_is_what_the_engine_gets(view, ui, preset):
    ui.presetCombo.currentIndex = list(PRESETS).index(preset)
    assert view.preset == preset
    assert view.settings == PRESETS[preset]["settings"]
    assert ui.presetLabel.text == PRESETS[preset]["title"]


def test_changes_are_counted_named_and_reset(view, ui, changes):
    edit_of(view, "Seed").text = "7"
    edit_of(view, "Batch size (patches)").text = "3"
    assert view.settings["seed"] == 7
    assert ui.changesLabel.text == "2 settings differ from compact: sampling.batch_size and seed."
    assert ui.resetButton.enabled
    ui.resetButton.click()
    assert view.settings == PRESETS["compact"]["settings"]
    assert not ui.resetButton.enabled


def test_another_preset_replaces_changes_only_when_the_user_agrees(view, ui, answers):
    edit_of(view, "Seed").text = "7"
    answers.yes = False
    ui.presetCombo.currentIndex = list(PRESETS).index("paper")
    assert answers.questions == ["Replace your changes with the settings of paper?"]
    assert (view.preset, view.settings["seed"], ui.presetCombo.currentText) == ("compact", 7, "compact")
    answers.yes = True
    ui.presetCombo.currentIndex = list(PRESETS).index("paper")
    assert view.settings == PRESETS["paper"]["settings"]


def test_a_value_that_cannot_be_used_takes_the_settings_away_and_is_said(view, ui, changes):
    told = len(changes)
    edit_of(view, "Seed").text = "-1"
    assert view.settings is None
    assert len(changes) > told
    assert ui.settingsProblemLabel.isVisible()
    assert ui.settingsProblemLabel.text == "Seed: at least 0 is needed, not -1."
    ui.resetButton.click()
    assert view.settings == PRESETS["compact"]["settings"]
    assert not ui.settingsProblemLabel.isVisible()


def test_of_many_wrong_values_the_first_are_named_and_the_rest_counted(view, ui):
    for label in ("Seed", "Batch size (patches)", "Weight decay", "Tau", "Gradient limit"):
        edit_of(view, label).text = "x"
    lines = ui.settingsProblemLabel.text.splitlines()
    assert len(lines) == 4
    assert lines[-1] == "And 2 more."


def test_the_data_sets_of_the_data_section_can_be_weighted(view):
    view.datasets = ["BraTS2021", "UCSF"]
    table = next(t for t in view.widget.findChildren("QTableWidget") if t.columnCount == 2)
    assert [table.item(row, 0).text() for row in range(2)] == ["BraTS2021", "UCSF"]
    table.item(0, 1).setText("3")
    assert view.settings["sampling"]["dataset_weights"] == {"BraTS2021": 3}


# Fine-tuning and ablation


def test_fine_tuning_takes_the_weights_and_the_network_of_an_installed_model(view, ui):
    model = installed_models()[0]
    ui.baseCheckBox.checked = True
    assert ui.baseCombo.isVisible()
    assert view.settings["start_from"] == str(model.folder)
    sizes = TrainingConfig.model_validate(view.settings).architecture
    assert list(sizes.channels) == model.card["architecture"]["channels"]
    assert ui.changesLabel.text.startswith("2 settings differ from compact")
    ui.baseCheckBox.checked = False
    assert view.settings == PRESETS["compact"]["settings"]


def test_another_preset_keeps_the_model_to_continue_from(view, ui, answers):
    ui.baseCheckBox.checked = True
    ui.presetCombo.currentIndex = list(PRESETS).index("first_student")
    assert not answers.questions
    assert view.preset == "first_student"
    assert view.settings["start_from"] == str(installed_models()[0].folder)
    assert ui.baseCheckBox.checked
    ui.resetButton.click()
    assert not ui.baseCheckBox.checked
    assert view.settings == PRESETS["first_student"]["settings"]


def test_a_network_that_is_chosen_below_is_kept_when_the_panel_is_entered_again(view, ui):
    ui.baseCheckBox.checked = True
    before = view.settings
    view.refresh()
    assert view.settings == before
    assert ui.baseCheckBox.checked


def test_an_ablation_is_a_wish_beside_the_settings(view, ui, changes):
    told = len(changes)
    assert not view.ablation
    ui.ablationCheckBox.checked = True
    assert view.ablation
    assert len(changes) > told
    assert view.settings == PRESETS["compact"]["settings"]


# Pictures


def _chosen(view, ui):
    pass


def _changed(view, ui):
    edit_of(view, "Seed").text = "7"
    edit_of(view, "Batch size (patches)").text = "3"
    ui.baseCheckBox.checked = True


def _open(view, ui):
    view.datasets = ["BraTS2021", "UCSF-PDGM"]
    ui.presetCombo.currentIndex = list(PRESETS).index("compact")
    ui.allSettingsSection.collapsed = False


def _wrong(view, ui):
    _open(view, ui)
    edit_of(view, "Tau").text = "-7"
    next(t for t in view.widget.findChildren("QTableWidget") if t.columnCount == len(Phase.model_fields)).item(
        1, 1
    ).setText("97, 96, 96")


@pytest.mark.parametrize("go", [_chosen, _changed, _open, _wrong], ids=lambda go: go.__name__.strip("_"))
def test_in_every_state_the_section_fits_a_narrow_dock(host, view, ui, go, tmp_path):
    go(view, ui)
    host.process()
    assert view.widget.minimumSizeHint.width() <= WIDTH
    folder = Path(os.environ.get("PANEL_PICTURES", tmp_path))
    height = 260 if ui.allSettingsSection.collapsed else 1900
    host.screenshot(view.widget, folder / f"settings-{go.__name__.strip('_')}.png", (WIDTH, height))


def test_the_empty_section_fits_too(host, entered, tmp_path):
    folder = Path(os.environ.get("PANEL_PICTURES", tmp_path))
    host.screenshot(entered.widget, folder / "settings-empty.png", (WIDTH, 120))
    assert entered.widget.minimumSizeHint.width() <= WIDTH
