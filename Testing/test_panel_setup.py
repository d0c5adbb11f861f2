"""What the panel needs before it can segment: packages, a model under its licence, a device."""

import pytest
from MSTKDSegmentLib.States import State
from panel_parts import agree, click, result_on

from MSTKDLib import Dependencies
from MSTKDLib.Engine import EngineError

DIALOGS = "MSTKDSegmentLib.ModelDialogs.ModelDialogs"


def test_a_licence_that_asks_for_more_is_agreed_to_once_before_the_first_run(host, patient_volumes, panel):
    agree(False)
    host.answer("confirmOkCancel", False)
    click(panel.ui.segmentButton)
    assert "Non-commercial research only" in host.dialogs[-1][1]
    assert panel.logic.asked is None
    assert "only under its licence" in panel.ui.messageLabel.text
    host.answer("confirmOkCancel", True)
    click(panel.ui.segmentButton)
    assert panel.logic.asked is not None
    panel.logic.say(State.IDLE)
    asked = len(host.dialogs)
    click(panel.ui.segmentButton)
    assert len(host.dialogs) == asked


def test_a_damaged_model_is_said(host, panel, tmp_path):
    (tmp_path / "models" / "broken-1").mkdir(parents=True)
    host.exit(panel)
    host.enter(panel)
    assert "broken-1" in panel.ui.problemsLabel.text


def test_a_models_text_is_shown_as_it_is_written(host):
    from MSTKDLib.Dialogs import Dialogs

    host.answer("confirmOkCancel", True)
    assert Dialogs().confirm("Licence: <a href='x'>free</a> & easy\nAgree?")
    assert "&lt;a href=" in host.dialogs[-1][1]
    assert "&amp; easy<br>Agree?" in host.dialogs[-1][1]


def test_the_engine_is_warmed_up_only_where_nothing_is_missing(host, open_panel, missing_packages):
    panel = open_panel()
    assert "warmUp" in panel.logic.calls
    host.closeModule(panel)
    missing_packages.append("torch>=2.2")
    assert "warmUp" not in open_panel().logic.calls


def test_missing_packages_are_offered_and_a_refusal_is_said(patient_volumes, missing_packages, open_panel, monkeypatch):
    missing_packages.append("torch>=2.2")
    panel = open_panel()
    assert panel.ui.installRow.visible
    assert not panel.ui.segmentButton.enabled
    assert "press Install packages" in panel.ui.stateLabel.text

    def refuse(confirm):
        raise EngineError("Installation was refused; the engine cannot run without its packages.")

    monkeypatch.setattr(Dependencies, "ensureEngine", refuse)
    click(panel.ui.installButton)
    assert "refused" in panel.ui.messageLabel.text
    monkeypatch.setattr(Dependencies, "ensureEngine", lambda confirm: missing_packages.clear())
    click(panel.ui.installButton)
    assert not panel.ui.installRow.visible
    assert panel.ui.segmentButton.enabled


def test_packages_can_come_from_a_folder(host, missing_packages, open_panel, monkeypatch, tmp_path):
    missing_packages.append("torch>=2.2")
    panel = open_panel()
    given = []
    monkeypatch.setattr(Dependencies, "installFromFolder", given.append)
    host.answer("QFileDialog.getExistingDirectory", str(tmp_path))
    click(panel.ui.installOfflineButton)
    assert given == [tmp_path]


def test_the_shipped_model_is_chosen_with_its_licence_and_cannot_be_removed(panel):
    assert panel.ui.modelCombo.currentText.startswith("compact-student")
    assert "Non-commercial research only" in panel.ui.licenceLabel.text
    assert not panel.ui.removeModelButton.enabled


def test_a_model_that_the_engine_refuses_is_said(panel, monkeypatch):
    monkeypatch.setattr(f"{DIALOGS}.modelSource", lambda self: ("/models/broken.zip", None))
    click(panel.ui.installModelButton)
    assert panel.logic.staging[:2] == ("/models/broken.zip", None)
    assert panel.ui.segmentButton.text == "Cancel"
    panel.logic.say(State.FAILED, message="broken.zip is no zip file; download it again.")
    assert panel.ui.messageLabel.text == "broken.zip is no zip file; download it again."


@pytest.fixture
def staged(small_package):
    from mstkd.store import stage_model

    return lambda: stage_model(str(small_package), None, lambda share, text: None)


def install(panel, model):
    panel.logic.staging[2]({"staged": str(model.folder), "card": model.card})
    panel.logic.say(State.IDLE)


def test_a_model_is_installed_under_its_licence_chosen_and_removed_again(host, panel, staged, monkeypatch):
    monkeypatch.setattr(f"{DIALOGS}.modelSource", lambda self: ("/models/small.zip", "ab12"))
    click(panel.ui.installModelButton)
    host.answer("confirmOkCancel", False)
    install(panel, refused := staged())
    assert "Licence" in host.dialogs[-1][1]
    assert not refused.folder.exists()
    assert panel.ui.modelCombo.count == 1
    click(panel.ui.installModelButton)
    host.answer("confirmOkCancel", True)
    install(panel, staged())
    assert panel.ui.modelCombo.currentText == "small 1"
    assert panel.ui.removeModelButton.enabled
    host.answer("confirmOkCancel", True)
    click(panel.ui.removeModelButton)
    assert panel.ui.modelCombo.count == 1
    assert panel.ui.modelCombo.currentText.startswith("compact-student")


def test_the_device_and_the_last_duration_are_said(patient_volumes, panel):
    panel.logic.device = {"device": "cpu", "device_name": "x86_64", "threads": 8}
    panel.logic.say(State.IDLE)
    assert panel.ui.stateLabel.text.startswith("PyTorch finds no GPU: this computer's CPU (8 threads)")
    click(panel.ui.segmentButton)
    panel.logic.finish(result_on(patient_volumes["t1gd"]))
    assert "last time 31 s" in panel.ui.stateLabel.text
