"""A click on a patient of the data set shows it in Slicer, instead of the one before."""

from pathlib import Path
from types import SimpleNamespace

import data_sets
import nibabel as nib
import numpy as np
import pytest
import slicer
import vtk
from train_data_parts import AskedLogic, Attempts, engine_answer, plain_case, unpacked

from MSTKDLib.Engine import EngineError
from MSTKDLib.Masks import voxels
from MSTKDLib.Views import sliceLayers

SHAPE = (20, 22, 14)
AFFINE = np.array([[0, -1.5, 0, 30], [1.2, 0, 0, -10], [0, 0, 3, 4], [0, 0, 0, 1.0]])


@pytest.fixture
def shown(host, tmp_path):
    from MSTKDTrainLib.ShownCase import ShownCase

    logic, attempt, told = AskedLogic(tmp_path), Attempts(), []
    case = ShownCase(logic, attempt, lambda *end: told.append(end))

    def answer():
        while logic.busy:
            logic.answer(unpacked(logic.asked[-1]))
        host.waitUntil(lambda: not case.loading)

    def click(one):
        case.show(one)
        answer()
        return attempt.message

    yield SimpleNamespace(click=click, answer=answer, logic=logic, case=case, told=told)
    case.close()


def patient(folder, number=0, values=(1, 2, 4), **changes):
    """A patient's files, left-handed and anisotropic, with a label map; as the worker tells it."""
    folder = folder / f"p{number}"
    images = {name: str(data_sets.image(folder / f"{name}.nii.gz", SHAPE, AFFINE)) for name in ("flair", "t1gd")}
    labels = np.zeros(SHAPE, np.uint8)
    for inset, value in enumerate(values, start=5):
        labels[inset:-inset, inset:-inset, inset - 1 : 1 - inset] = value
    nib.save(nib.Nifti1Image(labels, AFFINE), folder / "seg.nii.gz")
    return plain_case(number, id=f"P{number}", images=images, label=str(folder / "seg.nii.gz"), **changes), labels


def names(kind):
    return sorted(node.GetName() for node in slicer.util.getNodesByClass(kind))


def world_points(node, name):
    """World coordinates of a segment's voxels, rounded to 0.01 mm."""
    image, matrix = slicer.vtkOrientedImageData(), vtk.vtkMatrix4x4()
    node.GetBinaryLabelmapRepresentation(name, image)
    image.GetImageToWorldMatrix(matrix)
    i0, _i1, j0, _j1, k0, _k1 = image.GetExtent()
    index = np.argwhere(voxels(image))[:, ::-1] + (i0, j0, k0)
    affine = slicer.util.arrayFromVTKMatrix(matrix)
    return {tuple(point) for point in np.round(index @ affine[:3, :3].T + affine[:3, 3], 2) + 0.0}


def test_a_patient_is_shown_with_its_volumes_and_its_reference(shown, tmp_path):
    case, labels = patient(tmp_path)
    assert shown.click(case) == ""
    assert names("vtkMRMLScalarVolumeNode") == ["P0 FLAIR", "P0 T1Gd"]
    volume = slicer.util.getNode("P0 T1Gd")
    file = nib.load(case["images"]["t1gd"])
    np.testing.assert_array_equal(slicer.util.arrayFromVolume(volume).T, np.asarray(file.dataobj))
    node = slicer.util.getNode("P0 reference")
    for name, values in (("WT", (1, 2, 4)), ("TC", (1, 4)), ("ET", (4,))):
        expected = np.argwhere(np.isin(labels, values)) @ AFFINE[:3, :3].T + AFFINE[:3, 3]
        assert world_points(node, name) == {tuple(point) for point in np.round(expected, 2) + 0.0}
    assert {layers.GetBackgroundVolumeID() for layers in sliceLayers(slicer.mrmlScene)} == {volume.GetID()}
    assert shown.told == [(case, True)]


def test_the_patient_before_leaves_the_scene_and_the_users_own_nodes_stay(shown, tmp_path):
    slicer.util.addVolumeFromArray(np.zeros((5, 5, 5)), name="P0 FLAIR")
    for number in range(3):
        shown.click(patient(tmp_path, number)[0])
    assert names("vtkMRMLScalarVolumeNode") == ["P0 FLAIR", "P2 FLAIR", "P2 T1Gd"]
    assert names("vtkMRMLSegmentationNode") == ["P2 reference"]


def test_a_reference_that_the_user_has_edited_is_not_thrown_away(shown, tmp_path):
    shown.click(patient(tmp_path, 0)[0])
    node, volume = slicer.util.getNode("P0 reference"), slicer.util.getNode("P0 T1Gd")
    mask = np.zeros(SHAPE[::-1], np.uint8)
    mask[5, 5, 5] = 1
    slicer.util.updateSegmentBinaryLabelmapFromArray(mask, node, "ET", volume)
    shown.click(patient(tmp_path, 1)[0])
    assert names("vtkMRMLSegmentationNode") == ["P0 reference", "P1 reference"]
    assert names("vtkMRMLScalarVolumeNode") == ["P0 T1Gd", "P1 FLAIR", "P1 T1Gd"], "what it is drawn on stays too"


def test_a_volume_that_the_user_draws_on_is_not_thrown_away(shown, tmp_path):
    shown.click(patient(tmp_path, 0)[0])
    own = slicer.mrmlScene.AddNewNodeByClass("vtkMRMLSegmentationNode", "own")
    own.SetReferenceImageGeometryParameterFromVolumeNode(slicer.util.getNode("P0 FLAIR"))
    shown.click(patient(tmp_path, 1)[0])
    assert names("vtkMRMLScalarVolumeNode") == ["P0 FLAIR", "P1 FLAIR", "P1 T1Gd"]
    assert names("vtkMRMLSegmentationNode") == ["P1 reference", "own"]


def test_a_second_click_does_not_load_again(shown, tmp_path):
    case, _labels = patient(tmp_path)
    shown.click(case)
    volume = slicer.util.getNode("P0 FLAIR")
    assert not shown.case.show(case)
    assert slicer.util.getNode("P0 FLAIR") is volume


def test_another_click_abandons_what_is_still_loading(shown, tmp_path):
    shown.case.show(patient(tmp_path, 0)[0])
    shown.logic.answer(unpacked(shown.logic.asked[-1]))
    shown.click(patient(tmp_path, 1)[0])
    assert names("vtkMRMLScalarVolumeNode") == ["P1 FLAIR", "P1 T1Gd"]


def test_of_many_clicks_while_the_engine_unpacks_the_last_one_counts(shown, tmp_path):
    for number in range(4):
        shown.case.show(patient(tmp_path, number)[0])
    shown.answer()
    assert names("vtkMRMLScalarVolumeNode") == ["P3 FLAIR", "P3 T1Gd"]
    assert len(shown.logic.asked) == 2


def test_while_the_engine_does_something_else_a_click_is_refused_in_a_sentence(shown, tmp_path):
    shown.click(patient(tmp_path, 0)[0])
    shown.logic.busy = True
    case, _labels = patient(tmp_path, 1)
    with pytest.raises(EngineError, match="busy"):
        shown.case.show(case)
    assert names("vtkMRMLScalarVolumeNode") == ["P0 FLAIR", "P0 T1Gd"]
    shown.logic.busy = False
    assert shown.click(case) == ""
    assert names("vtkMRMLScalarVolumeNode") == ["P1 FLAIR", "P1 T1Gd"]


def test_nothing_that_was_unpacked_stays_on_the_disk(shown, tmp_path):
    for number in range(2):
        shown.click(patient(tmp_path, number)[0])
    assert [Path(request["output"]).exists() for request in shown.logic.asked] == [False, False]


def test_after_the_scene_was_closed_the_next_patient_is_shown(shown, tmp_path):
    shown.click(patient(tmp_path, 0)[0])
    slicer.mrmlScene.Clear(0)
    case, _labels = patient(tmp_path, 1)
    assert shown.click(case) == ""
    slicer.mrmlScene.Clear(0)
    assert shown.click(case) == ""
    assert names("vtkMRMLSegmentationNode") == ["P1 reference"]


def test_a_patient_without_label_map_is_shown_with_its_volumes(shown, tmp_path):
    case, _labels = patient(tmp_path)
    assert shown.click(case | {"label": None, "usable": False}) == ""
    assert names("vtkMRMLScalarVolumeNode") == ["P0 FLAIR", "P0 T1Gd"]
    assert names("vtkMRMLSegmentationNode") == []


def test_a_broken_file_is_one_sentence_and_the_rest_is_shown(shown, tmp_path):
    case, _labels = patient(tmp_path)
    (tmp_path / "p0" / "flair.nii.gz").write_bytes(b"\x1f\x8b broken")
    message = shown.click(case)
    assert str(tmp_path / "p0" / "flair.nii.gz") in message
    assert message.endswith("copy or export it again.")
    assert names("vtkMRMLScalarVolumeNode") == ["P0 T1Gd"]
    assert names("vtkMRMLSegmentationNode") == ["P0 reference"]


def test_of_a_patient_whose_files_are_gone_it_is_not_said_that_it_is_shown(shown, tmp_path):
    case, _labels = patient(tmp_path)
    for file in (tmp_path / "p0").iterdir():
        file.unlink()
    assert shown.click(case).count("does not exist") == 3
    assert shown.told == [(case, False)]


def test_a_whole_tumour_shows_no_core(shown, tmp_path):
    shown.click(patient(tmp_path, values=(1,), convention="whole-tumour")[0])
    segmentation = slicer.util.getNode("P0 reference").GetSegmentation()
    assert [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())] == ["WT"]


def test_while_the_convention_is_undecided_each_label_is_shown_by_itself(shown, tmp_path):
    shown.click(patient(tmp_path, convention=None)[0])
    segmentation = slicer.util.getNode("P0 reference").GetSegmentation()
    shown_names = [segmentation.GetNthSegmentID(n) for n in range(segmentation.GetNumberOfSegments())]
    assert shown_names == ["Label 1", "Label 2", "Label 4"]


def test_a_label_that_the_convention_does_not_know_is_one_sentence(shown, tmp_path):
    message = shown.click(patient(tmp_path, convention="brats2023")[0])
    assert "holds the label 4" in message
    assert names("vtkMRMLScalarVolumeNode") == ["P0 FLAIR", "P0 T1Gd"]


def test_of_a_4d_file_each_sequence_gets_its_own_channel(shown, tmp_path):
    root = data_sets.decathlon(tmp_path / "Task01_BrainTumour")
    request = {"folder": str(root), "labels": [], "validation": 0, "test": 0, "seed": 0, "output": tmp_path / "l.json"}
    case = engine_answer(request)["cases"][0]
    assert shown.click(case) == ""
    file = np.asarray(nib.load(case["images"]["flair"]).dataobj)
    for name, channel in (("FLAIR", 0), ("T1", 1), ("T1Gd", 2), ("T2", 3)):
        array = slicer.util.arrayFromVolume(slicer.util.getNode(f"{case['id']} {name}"))
        np.testing.assert_array_equal(array.T, file[..., channel])


def test_a_click_in_the_table_shows_the_patient_and_says_so(host, tmp_path):
    from MSTKDTrainLib.DataView import DataView

    for number in range(3):
        data_sets.case(tmp_path / "set" / f"BraTS2021_{number:05d}")
    logic = AskedLogic(tmp_path)
    view = DataView(logic, SimpleNamespace(), Attempts(), lambda: None)
    view._ui.dataPathEdit.text = str(tmp_path / "set")
    view._ui.dataCheckButton.click()
    logic.answer(engine_answer(logic.asked[-1]))
    host.waitUntil(lambda: not view._table.filling)
    view._ui.dataTable.cellClicked.emit(1, 0)
    logic.answer(unpacked(logic.asked[-1]))
    host.waitUntil(lambda: "is shown" in view._ui.dataHintLabel.text)
    assert "the next click replaces it" in view._ui.dataHintLabel.text
    assert slicer.util.getNode("BraTS2021_00001 T2") is not None
    view._ui.dataTable.cellClicked.emit(2, 0)
    slicer.mrmlScene.Clear(0)
    logic.answer(unpacked(logic.asked[-1]))
    host.process(200)
    assert names("vtkMRMLScalarVolumeNode") == []  # what was still being loaded belonged to the closed scene
    assert view._ui.dataHintLabel.text.startswith("Click a patient")
    view._ui.dataTable.cellClicked.emit(0, 0)
    assert "Loading" in view._ui.dataHintLabel.text
    logic.busy = False  # cancelled
    view.refresh()
    assert view._ui.dataHintLabel.text.startswith("Click a patient")
    view.close()


def test_a_patient_of_the_scene_is_added_in_the_panel_and_its_list_is_checked_next(host, tmp_path):
    from MSTKDTrainLib.DataView import DataView
    from panel_parts import result_on, volume

    logic, attempt, asked = AskedLogic(tmp_path), Attempts(), []
    dialogs = SimpleNamespace(confirm=lambda question: asked.append(question) or False)
    view = DataView(logic, dialogs, attempt, lambda: None)
    view.widget.show()
    reference, other = volume("Patient T1 post Gd"), volume("Patient FLAIR")
    for node in (reference, other):
        node.SetSpacing(3, 3, 3)  # as large as a head
    result_on(reference)
    view._ui.dataExportBox.collapsed = True
    view._ui.dataExportBox.collapsed = False
    form = view._export._ui
    assert form.t1gdExportSelector.currentNode() is reference, "recognised"
    form.exportSegmentationSelector.setCurrentNode(slicer.util.getNodesByClass("vtkMRMLSegmentationNode")[0])
    form.exportTargetEdit.currentPath, form.exportPatientEdit.text = str(tmp_path / "Own"), "Own_1"
    form.exportButton.click()
    assert not form.exportButton.enabled
    host.waitUntil(lambda: form.exportButton.enabled)
    assert attempt.message == ""
    assert "was added" in form.exportResultLabel.text
    assert view._ui.dataPathEdit.text == str(tmp_path / "Own" / "cases.csv")
    view._ui.dataCheckButton.click()
    answer = engine_answer(logic.asked[-1])
    assert [case["usable"] for case in answer["cases"]] == [True]
    logic.answer(answer)
    form.exportButton.click()
    assert "Replace it?" in asked[0]
    view.close()
