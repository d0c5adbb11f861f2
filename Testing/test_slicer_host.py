"""The test host opens, closes and reloads a scripted module as Slicer does."""

import sys

import pytest
from small_module import write_module


@pytest.fixture
def panel(host, tmp_path):
    return host.openModule("Small", write_module(tmp_path))


def events():
    return sys.modules["Small"].events


def test_a_module_is_started_set_up_entered_left_and_cleaned_up_in_slicers_order(host, panel):
    import slicer

    assert slicer.modules.small.name == "Small"
    assert slicer.modules.small.title == "Small"
    assert slicer.modules.small.widgetRepresentation().self() is panel
    assert slicer.modules.SmallWidget is panel
    assert slicer.util.getModuleLogic("Small") is panel.logic
    apply = panel.ui.apply
    host.closeModule(panel)
    assert events() == ["startup", "enter", "exit", "cleanup"]
    assert not hasattr(slicer.modules, "small")
    with pytest.raises(ValueError, match="deleted"):
        apply.text  # noqa: B018


def test_reload_cleans_up_the_old_panel_and_builds_a_new_one_from_the_file(host, panel):
    old = events()
    again = host.reloadModule(panel)
    assert again is not panel
    assert type(again) is not type(panel)
    assert old[-1] == "cleanup"
    assert again.parent.isEntered
    assert again.ui.apply.text == "Apply"


def test_quitting_tells_the_module_once_and_cleans_up(host, panel):
    host.quit()
    assert events()[-2:] == ["cleanup", "quit"]


def test_the_form_reaches_parameters_and_scene_both_ways(host, panel):
    import slicer

    volume = host.scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "FLAIR")
    panel.ui.selector.setCurrentNode(volume)
    assert panel.parameters.volume is volume
    panel.ui.level.value = 0.2
    assert panel.parameters.level == 0.2
    panel.parameters.invert = True
    assert panel.ui.invert.checked is True
    assert panel.ui.folder.filters == 0x11
    assert panel.ui.level.maximum == 1
    assert panel.ui.label.toolTip == "<p>The volume.</p>"
    assert panel.ui.selector.mrmlScene() is slicer.mrmlScene
    assert panel.ui.forgotten.mrmlScene() is None  # the form does not connect it


def test_an_exception_in_a_slot_is_shown_recorded_and_passed_over(host, panel):
    host.answer("error")
    panel.ui.apply.click()
    assert host.dialogs == [("error", "It failed.\n\nno volume")]
    assert [str(error) for error in host.slotErrors] == ["no volume"]
    host.slotErrors.clear()


def test_a_picture_of_the_panel_can_be_taken(host, panel, tmp_path):
    import qt

    path = host.screenshot(panel, tmp_path / "panel.png", (400, 300))
    picture = qt.QPixmap(str(path))
    assert (picture.width(), picture.height()) == (400, 300)


def test_an_unexpected_question_is_refused_and_noticed(host):
    import slicer

    host.answer("confirmYesNo", True)
    assert slicer.util.confirmYesNoDisplay("Delete?") is True
    assert slicer.util.confirmYesNoDisplay("Delete again?") is False
    assert host.unexpectedDialogs == [("confirmYesNo", "Delete again?")]
    host.unexpectedDialogs.clear()


def test_volumes_are_loaded_and_sample_data_is_checked(host, tmp_path):
    import hashlib

    import numpy as np
    import SampleData
    import slicer

    with pytest.raises(RuntimeError):
        slicer.util.loadVolume(str(tmp_path / "missing.nrrd"))
    made = slicer.util.addVolumeFromArray(np.arange(24, dtype=np.int16).reshape(2, 3, 4), name="made")
    path = tmp_path / "made.nrrd"
    slicer.util.saveNode(made, str(path), properties={})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    register = SampleData.SampleDataLogic.registerCustomSampleDataSource
    common = {"uris": [path.as_uri()], "fileNames": ["m.nrrd"], "nodeNames": ["Sample"]}
    register(category="T", sampleName="good", checksums=[f"SHA256:{digest}"], **common)
    register(category="T", sampleName="damaged", checksums=["SHA256:" + "0" * 64], **common)
    (node,) = SampleData.downloadSamples("good")
    assert node.GetName() == "Sample"
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(node), np.arange(24).reshape(2, 3, 4))
    with pytest.raises(ValueError, match="Checksum"):
        SampleData.downloadSamples("damaged")


def test_missing_packages_are_asked_for_and_recorded_not_installed(host):
    from slicer import packaging

    host.packages.missing = {"monai", "torch"}
    assert packaging.pip_check(["numpy>=1.26"])
    assert not packaging.pip_check(["monai>=1.5", "numpy"])
    host.answer("pipEnsure", False)
    with pytest.raises(RuntimeError, match="monai"):
        packaging.pip_ensure(["monai>=1.5"], requester="MSTKDSegment")
    host.answer("pipEnsure")
    packaging.pip_ensure(["monai>=1.5"], requester="MSTKDSegment")
    assert packaging.pip_check("monai>=1.5")
    host.packages.failure = OSError("no network")
    with pytest.raises(OSError, match="no network"):
        packaging.pip_install("torch")
    assert host.packages.calls[-1] == ("pip_install", ["torch"], {})
