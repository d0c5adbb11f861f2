"""The panel in the test host: what a user sees and does, with a logic that only says what it is told."""

import json
import sys
from pathlib import Path

import pytest
import slicer
from MSTKDSegmentLib.Regions import isShowingTissues, showRegions
from MSTKDSegmentLib.States import State
from panel_parts import DOUBT, chosen, click, result_on, table, volume

from mstkd.store import shipped_model
from MSTKDLib.Engine import EngineError


def test_an_entered_panel_is_filled_from_the_loaded_volumes_and_says_what_to_expect(patient_volumes, panel):
    assert chosen(panel) == {"flair": "Patient FLAIR", "t1gd": "Patient T1 post Gd"}
    said = panel.ui.expectationLabel.text
    assert said.startswith("FLAIR and T1Gd; T1 and T2 missing. Expected Dice for this combination, from the model card")
    card = json.loads((shipped_model() / "card.json").read_text())
    stated = [row for row in card["accuracy"] if row["sequences"] == "FLAIR, T1Gd"]
    assert {row["region"] for row in stated} == {"WT", "TC", "ET"}
    for row in stated:
        low, high = row["dice_interval"]
        between = f"95% interval {low:.2f} to {high:.2f}, " if row["cases"] >= 6 else ""  # of few it says nothing
        figure = f"{row['dice']:.2f} ({between}{row['cases']} cases)"
        assert f"{row['region']} {figure}" in said
    assert "FLAIR" in panel.ui.flairSelector.toolTip
    assert panel.ui.segmentButton.enabled


def test_an_empty_scene_says_what_to_do(panel):
    assert chosen(panel) == {}
    assert not panel.ui.segmentButton.enabled
    assert panel.ui.stateLabel.text == "Choose at least one volume."


def test_volumes_loaded_later_fill_empty_selectors(host, panel):
    volume("Patient FLAIR")
    host.process(500)
    assert chosen(panel) == {"flair": "Patient FLAIR"}
    volume("Patient T2")
    host.process(500)
    assert chosen(panel) == {"flair": "Patient FLAIR", "t2": "Patient T2"}


def test_a_selector_that_the_user_set_to_not_available_stays_so(host, patient_volumes, panel):
    selector = panel.ui.t1gdSelector
    selector.setCurrentNode(None)
    selector.nodeActivated.emit(None)
    volume("Patient T2")
    host.process(500)
    host.exit(panel)
    host.enter(panel)
    assert "t1gd" not in chosen(panel)
    click(panel.ui.recogniseButton)
    assert chosen(panel)["t1gd"] == "Patient T1 post Gd"


def test_a_second_patients_volumes_are_not_mixed_into_the_first(host, patient_volumes, panel):
    volume("Other FLAIR")
    volume("Other T2")
    host.process(500)
    assert "t2" not in chosen(panel)
    assert "Recognise again" in panel.ui.questionsLabel.text


def of_patient(node, patient):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(slicer.mrmlScene)
    item = hierarchy.CreateSubjectItem(hierarchy.GetSceneItemID(), patient)
    hierarchy.SetItemUID(item, "DICOM", patient)
    hierarchy.CreateItem(item, node)
    return node


def test_volumes_of_two_patients_chosen_by_hand_cannot_be_segmented(panel):
    flair, t2 = (of_patient(volume(name), name) for name in ("Miller FLAIR", "Smith T2"))
    panel.ui.flairSelector.setCurrentNode(flair)
    assert panel.ui.segmentButton.enabled
    panel.ui.t2Selector.setCurrentNode(t2)
    assert not panel.ui.segmentButton.enabled
    assert panel.ui.stateLabel.text.startswith("These volumes are of different patients: 'Miller FLAIR' and 'Smith")
    panel.ui.flairSelector.setCurrentNode(None)
    assert panel.ui.segmentButton.enabled


def test_a_chosen_volume_that_is_deleted_leaves_its_selector_empty(host, patient_volumes, panel):
    other = volume("Series 7")
    panel.ui.brainMaskSelector.setCurrentNode(patient_volumes["flair"])
    slicer.mrmlScene.RemoveNode(patient_volumes["flair"])
    host.process(500)
    assert chosen(panel) == {"t1gd": "Patient T1 post Gd"}
    assert panel.ui.brainMaskSelector.currentNode() is None
    slicer.mrmlScene.RemoveNode(other)
    assert chosen(panel) == {"t1gd": "Patient T1 post Gd"}


def test_a_deleted_result_is_not_followed_by_another(patient_volumes, panel):
    first, second = (result_on(patient_volumes["t1gd"]) for _ in range(2))
    panel.ui.resultSelector.setCurrentNode(first.segmentation)
    panel.ui.outputSelector.setCurrentNode(first.segmentation)
    slicer.mrmlScene.RemoveNode(first.segmentation)
    assert second.segmentation.GetScene() is not None
    assert panel.ui.resultSelector.currentNode() is None
    assert panel.ui.outputSelector.currentNode() is None
    assert not panel.ui.resultsSection.visible


def test_the_sample_patient_alone_is_chosen_whatever_else_is_loaded(patient_volumes, panel, monkeypatch):
    names = {"flair": "Sample FLAIR", "t1": "Sample T1", "t1gd": "Sample T1Gd", "t2": "Sample T2"}
    monkeypatch.setattr("MSTKDSegmentLib.Widget.loadSample", lambda: [volume(name) for name in names.values()])
    click(panel.ui.sampleButton)
    assert chosen(panel) == names
    assert not panel.ui.questionsLabel.visible


def test_segment_hands_over_what_is_chosen(patient_volumes, panel):
    panel.ui.alignCheckBox.checked = False
    panel.ui.referenceCombo.currentIndex = 1
    panel.ui.deviceCombo.currentIndex = 1
    click(panel.ui.segmentButton)
    asked = panel.logic.asked
    assert asked["volumes"] == patient_volumes
    assert (asked["reference"], asked["align"], asked["device"]) == ("flair", False, "cpu")
    assert (asked["brainMask"], asked["output"], asked["report"]) == (None, None, None)
    assert (Path(asked["model"]) / "card.json").is_file()
    assert asked["waitForCompletion"] is False


def test_two_runs_write_their_reports_into_folders_of_their_own(patient_volumes, panel, tmp_path, monkeypatch):
    panel.ui.reportEdit.currentPath = str(tmp_path)
    assert panel.ui.stateLabel.text.endswith(f"Report goes to {tmp_path}.")
    click(panel.ui.segmentButton)
    assert panel.logic.asked["report"].parent == tmp_path
    assert not panel.logic.asked["report"].exists()


def test_a_run_shows_its_progress_and_can_be_cancelled(patient_volumes, panel):
    click(panel.ui.segmentButton)
    panel.logic.say(State.RUNNING, 0.42, "Finding the brain")
    assert panel.ui.segmentButton.text == "Cancel"
    assert (panel.ui.progressBar.visible, panel.ui.progressBar.value) == (True, 42)
    assert panel.ui.stateLabel.text == "Finding the brain"
    assert not panel.ui.flairSelector.enabled
    click(panel.ui.segmentButton)
    assert panel.logic.state is State.CANCELLING
    assert not panel.ui.segmentButton.enabled
    panel.logic.say(State.IDLE)
    assert panel.ui.segmentButton.text == "Segment"
    assert panel.ui.flairSelector.enabled
    assert not panel.ui.progressBar.visible


def test_a_failure_is_one_line_and_the_next_run_clears_it(patient_volumes, panel):
    click(panel.ui.segmentButton)
    panel.logic.say(State.FAILED, message="The engine was killed; close other programs.")
    assert panel.ui.messageLabel.text == "The engine was killed; close other programs."
    assert panel.ui.segmentButton.enabled
    click(panel.ui.segmentButton)
    assert not panel.ui.messageLabel.visible


def test_a_refusal_at_once_is_said_in_the_panel(patient_volumes, panel):
    def refuse(volumes, **wishes):
        raise EngineError("FLAIR holds no image; load it again.")

    panel.logic.segment = refuse
    click(panel.ui.segmentButton)
    assert panel.ui.messageLabel.text == "FLAIR holds no image; load it again."
    assert panel.ui.segmentButton.enabled


def test_the_result_is_a_table_with_what_was_missing_and_the_doubts(patient_volumes, panel):
    assert not panel.ui.resultsSection.visible
    click(panel.ui.segmentButton)
    panel.logic.finish(result_on(patient_volumes["t1gd"], [DOUBT]))
    assert panel.ui.resultsSection.visible
    assert table(panel) == [
        ["Whole tumour, WT", "41.3", "62.4", "41.9"],
        ["Tumour core, TC", "12.6", "35.6", "25.5"],
        ["Enhancing, ET", "8.1", "30.8", "22.7"],
    ]
    assert "T1 and T2 missing" in panel.ui.foundLabel.text
    assert DOUBT in panel.ui.warningsLabel.text


def test_the_next_patients_result_goes_into_a_segmentation_of_its_own(patient_volumes, panel):
    earlier = result_on(patient_volumes["t1gd"])
    panel.ui.outputSelector.setCurrentNode(earlier.segmentation)
    click(panel.ui.segmentButton)
    assert panel.logic.asked["output"] is earlier.segmentation
    panel.logic.finish(earlier)
    click(panel.ui.segmentButton)
    assert panel.logic.asked["output"] is None


def test_a_run_from_the_console_shows_its_own_report(host, patient_volumes, panel, tmp_path):
    (tmp_path / "report.html").touch()
    panel.logic.say(State.RUNNING, 0.5, "Segmenting")
    panel.logic.finish(result_on(patient_volumes["t1gd"], report=tmp_path))
    click(panel.ui.reportButton)
    assert host.openedUrls == [(tmp_path / "report.html").as_uri()]
    panel.logic.finish(result_on(patient_volumes["t1gd"]))
    assert not panel.ui.reportButton.visible


def test_volumes_loaded_in_another_module_fill_what_is_empty_when_the_panel_is_opened(host, patient_volumes, panel):
    host.exit(panel)
    volume("Patient T2")
    host.enter(panel)
    assert chosen(panel)["t2"] == "Patient T2"


def test_an_undone_switch_is_seen_at_the_next_click(patient_volumes, panel):
    click(panel.ui.segmentButton)
    result = result_on(patient_volumes["t1gd"])
    panel.logic.finish(result)
    panel.ui.tissuesRadio.checked = True
    showRegions(result.segmentation)  # as an undo would
    panel.ui.regionsRadio.checked = True
    panel.ui.tissuesRadio.checked = True
    assert isShowingTissues(result.segmentation)
    assert table(panel)[0][0] == "Core, NETC"


def test_the_slices_show_the_reference_and_the_tumours_middle(patient_volumes, panel):
    red = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSliceNode")
    click(panel.ui.segmentButton)
    panel.logic.finish(result_on(patient_volumes["t1gd"]))
    layers = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    assert layers
    assert {node.GetBackgroundVolumeID() for node in layers} == {patient_volumes["t1gd"].GetID()}
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(5.0, abs=0.01)


def test_the_switch_shows_tissue_classes_and_regions_again(patient_volumes, panel):
    click(panel.ui.segmentButton)
    result = result_on(patient_volumes["t1gd"])
    panel.logic.finish(result)
    panel.ui.tissuesRadio.checked = True
    assert isShowingTissues(result.segmentation)
    assert [row[:2] for row in table(panel)] == [
        ["Core, NETC", "4.6"],
        ["Oedema, SNFH", "28.6"],
        ["Enhancing, ET", "8.1"],
    ]
    panel.ui.regionsRadio.checked = True
    assert not isShowingTissues(result.segmentation)
    assert table(panel)[0][0] == "Whole tumour, WT"


def test_uncertain_voxels_are_an_overlay_on_request(host, patient_volumes, panel):
    click(panel.ui.segmentButton)
    panel.logic.finish(result_on(patient_volumes["t1gd"]))
    before = slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode")
    panel.ui.uncertaintyCheckBox.checked = True
    layers = slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")
    assert slicer.mrmlScene.GetNumberOfNodesByClass("vtkMRMLScalarVolumeNode") == before + 1
    assert all(node.GetForegroundVolumeID() for node in layers)
    panel.ui.uncertaintyCheckBox.checked = False
    assert not any(node.GetForegroundVolumeID() for node in layers)
    host.process(500)
    assert chosen(panel) == {"flair": "Patient FLAIR", "t1gd": "Patient T1 post Gd"}


def saved_scene():
    slicer.mrmlScene.SetSaveToXMLString(1)
    slicer.mrmlScene.Commit()
    return slicer.mrmlScene.GetSceneXMLString()


def load_scene(saved):
    slicer.mrmlScene.SetLoadFromXMLString(1)
    slicer.mrmlScene.SetSceneXMLString(saved)
    slicer.mrmlScene.Import()


def test_a_rejected_volume_stays_rejected_in_the_loaded_scene(host, patient_volumes, panel):
    panel.ui.t1gdSelector.setCurrentNode(None)
    panel.ui.t1gdSelector.nodeActivated.emit(None)
    saved = saved_scene()
    slicer.mrmlScene.Clear(0)
    host.process()
    load_scene(saved)
    for node in slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode"):
        node.SetAndObserveImageData(patient_volumes["flair"].GetImageData())  # the text holds no images
    host.exit(panel)
    host.enter(panel)
    assert chosen(panel) == {"flair": "Patient FLAIR"}
    click(panel.ui.recogniseButton)
    assert chosen(panel) == {"flair": "Patient FLAIR", "t1gd": "Patient T1 post Gd"}


def test_the_table_survives_saving_and_loading_the_scene(host, patient_volumes, panel, tmp_path):
    click(panel.ui.segmentButton)
    panel.logic.finish(result_on(patient_volumes["t1gd"], [DOUBT]))
    panel.ui.referenceCombo.currentIndex = 3
    before = table(panel)
    saved = saved_scene()
    slicer.mrmlScene.Clear(0)
    host.process()
    assert not panel.ui.resultsSection.visible
    assert panel.ui.referenceCombo.currentIndex == 0
    load_scene(saved)
    host.process()
    assert table(panel) == before
    assert DOUBT in panel.ui.warningsLabel.text
    assert panel.ui.referenceCombo.currentIndex == 3


def test_closing_the_scene_while_a_run_is_under_way_cancels_it_without_a_question(patient_volumes, panel):
    click(panel.ui.segmentButton)
    panel.logic.say(State.RUNNING, 0.3, "Segmenting")
    slicer.mrmlScene.Clear(0)
    assert panel.logic.state is State.CANCELLING
    panel.logic.say(State.IDLE)
    assert chosen(panel) == {}
    assert panel.ui.stateLabel.text == "Choose at least one volume."


def test_a_failure_of_a_closed_scene_is_not_said_in_the_next(patient_volumes, panel):
    for _ in range(2):
        click(panel.ui.segmentButton)
        panel.logic.say(State.FAILED, message="Smith_T1 left the scene; load it again.")
        assert "Smith_T1" in panel.ui.messageLabel.text
        slicer.mrmlScene.Clear(0)
        assert not panel.ui.messageLabel.visible
        volume("Next FLAIR")
        click(panel.ui.recogniseButton)
        assert not panel.ui.messageLabel.visible


def observers_of(scene):
    return sum(scene.HasObserver(event) for event in range(1, 70000))


def test_ten_times_opened_and_closed_the_scene_is_as_it_was(host, open_panel, patient_volumes):
    host.closeModule(open_panel())
    nodes, files = slicer.mrmlScene.GetNumberOfNodes(), set(Path(slicer.app.temporaryPath).iterdir())
    events = observers_of(slicer.mrmlScene)
    for _ in range(10):
        panel = open_panel()
        logic = panel.logic
        host.closeModule(panel)
        assert logic.calls[-1] == "close"
        assert logic.onChange is None
    assert slicer.mrmlScene.GetNumberOfNodes() == nodes
    assert observers_of(slicer.mrmlScene) == events
    assert set(Path(slicer.app.temporaryPath).iterdir()) == files


def test_a_reloaded_panel_works_with_the_library_as_it_is_now(host, patient_volumes, panel, monkeypatch):
    library = {name: module for name, module in sys.modules.items() if name.startswith(("MSTKDSegmentLib", "MSTKDLib"))}
    logic = panel.logic
    again = host.reloadModule(panel)
    assert logic.calls[-1] == "close"
    assert type(again._inputs) is not type(panel._inputs)
    assert chosen(again) == {"flair": "Patient FLAIR", "t1gd": "Patient T1 post Gd"}
    host.closeModule(again)
    sys.modules.update(library)  # the other tests' own


def test_slicers_end_closes_the_logic(host, panel):
    logic = panel.logic
    host.quit()
    assert "close" in logic.calls
