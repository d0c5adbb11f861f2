"""The module as a user has it: the panel in the host, the real engine in its child process."""

import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest
import slicer
from panel_parts import agree
from slicer_host import boot
from slicer_scene import load_volume

host = boot()

pytestmark = pytest.mark.usefixtures("host")


@pytest.fixture
def volumes(host, tumour_box):
    """The sample patient's four sequences around the tumour, loaded into the scene."""
    names = {"flair": "flair", "t1": "t1", "t1gd": "t1c", "t2": "t2"}
    return {
        name: load_volume(slicer.mrmlScene, tumour_box / f"{file}.nii.gz", f"Patient {name}")
        for name, file in names.items()
    }


@pytest.fixture
def panel(host, volumes, monkeypatch, tmp_path):
    monkeypatch.setenv("MSTKD_MODELS", str(tmp_path / "models"))
    agree()
    host.setTesting(True)  # no warm-up: each test sees its worker from the start
    panel = host.openModule("MSTKDSegment")
    yield panel
    host.closeModule(panel)
    assert not workers()


def workers() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if p.status() != psutil.STATUS_ZOMBIE]


def click(panel) -> None:
    panel.ui.segmentButton.click()


def finish(panel) -> None:
    host.waitUntil(lambda: not panel.logic.state.busy, seconds=120)
    host.process(20)


def reach(panel, share: float) -> None:
    """Wait until the engine works on the patient; a reloaded module has another class of states."""
    host.waitUntil(lambda: panel.logic.state.name == "RUNNING" and panel.logic.share >= share, seconds=120)


def segmentations() -> list:
    return list(slicer.util.getNodesByClass("vtkMRMLSegmentationNode"))


def test_a_click_segments_and_a_second_click_is_answered_by_the_same_process(panel, volumes):
    assert {name: getattr(panel.ui, f"{name}Selector").currentNode() for name in volumes} == volumes
    seen = []
    panel.ui.progressBar.connect("valueChanged(int)", seen.append)
    click(panel)
    assert panel.ui.segmentButton.text == "Cancel"
    finish(panel)
    assert panel.ui.messageLabel.text == ""
    assert len(set(seen)) > 5
    (node,) = segmentations()
    assert node.GetSegmentation().GetSegmentIDs() == ("WT", "TC", "ET")
    assert node.GetNodeReference("referenceImageGeometryRef") is volumes["t1gd"]
    assert node.GetSegmentation().ContainsRepresentation("Closed surface")
    assert float(panel.ui.resultTable.item(0, 1).text()) == pytest.approx(
        panel.logic.summary["measurements"]["WT"]["ml"], abs=0.06
    )
    assert "no GPU" in panel.ui.stateLabel.text or "GPU:" in panel.ui.stateLabel.text
    process = workers()
    click(panel)
    finish(panel)
    assert workers() == process
    assert len(segmentations()) == 2


def test_cancel_ends_within_two_seconds_and_leaves_no_process_and_no_file(panel, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # where no other tests leave files meanwhile
    before = temporary_files()
    panel.ui.reportEdit.currentPath = str(tmp_path / "reports")
    click(panel)
    reach(panel, 0.02)
    clicked = time.monotonic()
    click(panel)
    finish(panel)
    assert time.monotonic() - clicked < 2
    assert not workers()
    assert not segmentations()
    assert temporary_files() == before
    assert not list((tmp_path / "reports").glob("*"))
    assert panel.ui.segmentButton.text == "Segment"
    click(panel)
    finish(panel)
    assert len(segmentations()) == 1


def temporary_files() -> set[str]:
    return {
        path.name
        for folder in {tempfile.gettempdir(), slicer.app.temporaryPath}
        for path in Path(folder).glob("MSTKD-*")
    }


def test_a_killed_worker_is_one_sentence_and_the_next_click_works(panel):
    click(panel)
    reach(panel, 0.02)
    for process in workers():
        os.kill(process.pid, signal.SIGKILL)
    finish(panel)
    assert panel.logic.state.name == "FAILED"
    assert "killed by the system, probably for lack of memory" in panel.ui.messageLabel.text
    assert not segmentations()
    click(panel)
    finish(panel)
    assert len(segmentations()) == 1
    assert not panel.ui.messageLabel.visible


def test_a_frozen_worker_is_ended_with_one_sentence(panel, monkeypatch):
    click(panel)
    reach(panel, 0.02)
    monkeypatch.setattr("MSTKDLib.Session.SILENT_SECONDS", 3)
    for process in workers():
        process.suspend()
    finish(panel)
    assert "no sign of life for 3 s" in panel.ui.messageLabel.text
    assert not workers()


def test_closing_the_scene_in_mid_run_ends_everything(panel):
    click(panel)
    reach(panel, 0.02)
    slicer.mrmlScene.Clear(0)
    finish(panel)
    assert not workers()
    assert panel.ui.stateLabel.text == "Choose at least one volume."
    assert not panel.ui.segmentButton.enabled


@pytest.fixture
def the_library_again():
    """After a reload, the library that the other tests hold on to is put back."""
    before = {name: module for name, module in sys.modules.items() if name.startswith("MSTKD")}
    yield
    for name in [name for name in sys.modules if name.startswith("MSTKD")]:
        del sys.modules[name]
    sys.modules.update(before)


def test_reloading_the_module_in_mid_run_ends_its_engine(the_library_again, panel, volumes):
    click(panel)
    reach(panel, 0.02)
    again = host.reloadModule(panel)
    assert not workers()
    assert again.ui.segmentButton.text == "Segment"
    click(again)
    finish(again)
    assert len(segmentations()) == 1
    host.closeModule(again)


def test_leaving_slicer_in_mid_run_ends_the_engine(panel):
    click(panel)
    reach(panel, 0.02)
    slicer.app.aboutToQuit.emit()
    assert not workers()


def test_volumes_removed_in_mid_run_are_said(panel, volumes):
    click(panel)
    reach(panel, 0.02)
    slicer.mrmlScene.RemoveNode(volumes["t1gd"])
    finish(panel)
    assert "Patient t1gd left the scene" in panel.ui.messageLabel.text
    assert not segmentations()


@pytest.fixture
def a_model(small_package, tmp_path):
    """An installed model of the user's own."""
    folder = tmp_path / "models" / "small-1"
    shutil.copytree(small_package, folder)
    return folder


def test_a_failing_model_is_said_and_another_one_works(a_model, panel):
    card = json.loads((a_model / "card.json").read_text())
    labels = [panel.ui.modelCombo.itemText(n) for n in range(panel.ui.modelCombo.count)]
    panel.ui.modelCombo.currentIndex = next(n for n, label in enumerate(labels) if card["name"] in label)
    (a_model / "weights.safetensors").write_bytes(b"broken")
    click(panel)
    finish(panel)
    assert "is damaged" in panel.ui.messageLabel.text
    panel.ui.modelCombo.currentIndex = 0
    click(panel)
    finish(panel)
    assert len(segmentations()) == 1


def test_without_the_engines_packages_the_panel_says_so_and_starts_nothing(host, volumes, monkeypatch):
    from MSTKDLib import Dependencies

    monkeypatch.setattr(Dependencies, "missingRequirements", lambda: ["torch>=2.2"])
    panel = host.openModule("MSTKDSegment")
    assert not panel.ui.segmentButton.enabled
    assert panel.ui.installRow.isVisibleTo(panel.parent)
    assert "not installed" in panel.ui.stateLabel.text
    assert not workers()


def test_the_worker_is_warm_before_the_first_click(host, volumes):
    panel = host.openModule("MSTKDSegment")
    host.waitUntil(lambda: panel.logic.device is not None, seconds=120)
    assert panel.logic.state.name == "IDLE"
    host.closeModule(panel)
    assert not workers()
