"""The samples of a training in Slicer's views: where they lie, when they come, change and go."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

SHAPE = (12, 14, 16)
REFERENCE = (slice(2, 6), slice(3, 8), slice(9, 13))
"""Whole tumour ``(k, j, i)``; what the tests call the prediction is a part of it, or beside it."""
RIGHT_HANDED, LEFT_HANDED = (1, 1, 1), (-1, 1, 1)


def place(image, handed=RIGHT_HANDED, angle: float = 0.0):
    """Put an image somewhere oblique, with voxels of three sizes."""
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    image.SetDirection((turn * np.array(handed)).ravel().tolist())
    image.SetSpacing((0.9, 1.1, 2.0))
    image.SetOrigin((-7.0, 5.0, 11.0))
    return image


def cube(box) -> np.ndarray:
    """Tissue labels: oedema, in it a necrotic core, in that an enhancing voxel."""
    labels = np.zeros(SHAPE, np.uint8)
    labels[box] = 2
    inner = tuple(slice(part.start + 1, part.stop - 1) for part in box)
    labels[inner] = 1
    labels[tuple(part.start for part in inner)] = 3
    return labels


def moved(box, by: int):
    return (*box[:2], slice(box[2].start - by, box[2].stop - by))


def write(run: Path, cases=("A",), prediction=REFERENCE, step=100, **where) -> SimpleNamespace:
    """What a validation writes; a run to watch."""
    folder = run / "samples"
    folder.mkdir(parents=True, exist_ok=True)
    entries = []
    for number, case in enumerate(cases):
        image = np.random.default_rng(number).normal(100, 20, SHAPE).astype(np.float32)
        images = {"image": image, "reference": cube(REFERENCE), "prediction": cube(prediction)}
        for role, array in images.items():
            target = folder / f"{case}_{role}.nrrd"
            if role == "prediction" or not target.exists():
                sitk.WriteImage(place(sitk.GetImageFromArray(array), **where), str(target), True)
        files = {role: f"{case}_{role}.nrrd" for role in images}
        entries.append({"case": case, **files, "sequences": "FLAIR+T1Gd", "step": step})
    (folder / "index.json").write_text(json.dumps(entries))
    return SimpleNamespace(folder=run)


@pytest.fixture
def view(host):
    from MSTKDTrainLib.SamplesView import SamplesView

    view = SamplesView()
    yield view
    view.close()


@pytest.fixture
def watched(tmp_path):
    return write(tmp_path / "run", cases=("A", "B"))


def tick(host, view, on: bool = True) -> None:
    view._ui.showSamplesCheckBox.checked = on
    settle(host, view)


def settle(host, view) -> None:
    host.waitUntil(lambda: view._work is None, seconds=30)


def look(host, view, watched) -> None:
    view.show(watched)
    settle(host, view)


def nodes() -> dict[str, object]:
    import slicer

    found = slicer.util.getNodesByClass("vtkMRMLScalarVolumeNode") + slicer.util.getNodesByClass(
        "vtkMRMLSegmentationNode"
    )
    return {node.GetName(): node for node in found}


def mask(name: str, region: str) -> np.ndarray:
    import slicer

    return slicer.util.arrayFromSegmentBinaryLabelmap(nodes()[f"{name}"], region, nodes()[f"{name[0]} sample"]) > 0


def backgrounds() -> list[str]:
    import slicer

    return [n.GetBackgroundVolumeID() for n in slicer.util.getNodesByClass("vtkMRMLSliceCompositeNode")]


def test_nothing_is_loaded_until_the_user_asks(host, view, watched):
    assert not view._ui.showSamplesCheckBox.enabled
    look(host, view, watched)
    assert view._ui.showSamplesCheckBox.enabled
    assert not view._ui.showSamplesCheckBox.checked
    assert nodes() == {}
    assert "step 100" in view._ui.samplesLabel.text


def test_the_first_click_shows_the_patient_behind_the_slices(host, view, watched):
    import slicer

    look(host, view, watched)
    tick(host, view)
    assert set(nodes()) == {"A sample", "A reference", "A prediction"}
    assert set(backgrounds()) == {nodes()["A sample"].GetID()}
    red = slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed")
    assert red.GetSliceToRAS().GetElement(2, 3) == pytest.approx(11 + 2.0 * 3.5)  # the tumour's middle slice
    assert "FLAIR + T1Gd" in view._ui.samplesLabel.text


def test_reference_is_outlined_and_prediction_filled(host, view, watched):
    look(host, view, watched)
    tick(host, view)
    reference, prediction = (nodes()[f"A {role}"].GetDisplayNode() for role in ("reference", "prediction"))
    assert (reference.GetVisibility2DOutline(), reference.GetVisibility2DFill()) == (1, 0)
    assert (prediction.GetVisibility2DOutline(), prediction.GetVisibility2DFill()) == (0, 1)
    assert prediction.GetVisibility3D()
    assert not reference.GetVisibility3D()


def test_regions_are_those_of_the_files(host, view, tmp_path):
    watched = write(tmp_path / "run", prediction=moved(REFERENCE, 4))
    look(host, view, watched)
    tick(host, view)
    for role, labels in (("reference", cube(REFERENCE)), ("prediction", cube(moved(REFERENCE, 4)))):
        for region, tissues in {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,)}.items():
            np.testing.assert_array_equal(mask(f"A {role}", region), np.isin(labels, tissues), f"{role} {region}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=8)
@given(handed=st.sampled_from([RIGHT_HANDED, LEFT_HANDED, (1, -1, 1), (-1, -1, 1)]), angle=st.floats(-0.5, 0.5))
def test_a_sample_lies_in_the_world_where_its_file_says(host, tmp_path_factory, handed, angle):
    import slicer
    import vtk
    from MSTKDTrainLib.Samples import SampleNodes, readSamples

    from MSTKDLib.Steps import runToEnd

    run = write(tmp_path_factory.mktemp("run"), handed=handed, angle=angle).folder
    shown = SampleNodes()
    assert runToEnd(shown.steps(readSamples(run)[0]))
    file = sitk.ReadImage(str(run / "samples" / "A_image.nrrd"))
    values = sitk.GetArrayFromImage(file)
    k, j, i = np.unravel_index(values.argmax(), values.shape)
    lps = np.array(file.TransformIndexToPhysicalPoint((int(i), int(j), int(k))))
    loaded, matrix = slicer.util.arrayFromVolume(shown.image), vtk.vtkMatrix4x4()
    shown.image.GetIJKToRASMatrix(matrix)
    k, j, i = np.unravel_index(loaded.argmax(), loaded.shape)
    np.testing.assert_allclose(matrix.MultiplyPoint((i, j, k, 1))[:3], lps * (-1, -1, 1), atol=1e-4)
    middle = [(part.start + part.stop - 1) / 2 for part in reversed(REFERENCE)]
    bounds = np.zeros(6)
    for node in (shown.reference, shown.prediction):
        node.GetSegmentation().GetSegment("WT").GetRepresentation("Closed surface").GetBounds(bounds)
        expected = np.array(file.TransformContinuousIndexToPhysicalPoint(middle)) * (-1, -1, 1)
        np.testing.assert_allclose(bounds.reshape(3, 2).mean(axis=1), expected, atol=0.3)
    shown.remove()


def test_left_is_left(host, view, tmp_path):
    """A file in LPS whose tumour has the highest i: the patient's left, which is negative in RAS."""
    watched = write(tmp_path / "run", prediction=(*REFERENCE[:2], slice(12, 16)))
    look(host, view, watched)
    tick(host, view)
    bounds = {}
    for role in ("reference", "prediction"):
        surface = nodes()[f"A {role}"].GetSegmentation().GetSegment("WT").GetRepresentation("Closed surface")
        bounds[role] = surface.GetBounds()
    assert bounds["prediction"][0] < bounds["reference"][0]


def test_a_validation_renews_the_prediction_in_place(host, view, watched):
    look(host, view, watched)
    tick(host, view)
    before = nodes()
    segment = before["A prediction"].GetSegmentation().GetSegment("TC")
    display = before["A prediction"].GetDisplayNode()
    display.SetSegmentVisibility("WT", False)  # the user's wish
    told = []
    tags = [n.AddObserver("ModifiedEvent", lambda *_: told.append(1)) for n in (before["A sample"],)]
    write(watched.folder, cases=("A", "B"), prediction=moved(REFERENCE, 5), step=200)
    look(host, view, watched)
    after = nodes()
    assert after == before
    assert after["A prediction"].GetSegmentation().GetSegment("TC") is segment
    np.testing.assert_array_equal(mask("A prediction", "WT"), cube(moved(REFERENCE, 5)) > 0)
    np.testing.assert_array_equal(mask("A reference", "WT"), cube(REFERENCE) > 0)
    assert not display.GetSegmentVisibility("WT")
    assert not told  # the image did not change
    assert "step 200" in view._ui.samplesLabel.text
    before["A sample"].RemoveObserver(tags[0])


def test_a_renewal_leaves_the_views_to_the_user(host, view, watched):
    import slicer

    look(host, view, watched)
    tick(host, view)
    other = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.int16), name="Other patient")
    slicer.util.setSliceViewerLayers(background=other)
    slicer.vtkMRMLSliceNode.JumpAllSlices(slicer.mrmlScene, 1, 2, 3)
    write(watched.folder, cases=("A", "B"), prediction=moved(REFERENCE, 5), step=200)
    look(host, view, watched)
    assert set(backgrounds()) == {other.GetID()}
    assert slicer.mrmlScene.GetNodeByID("vtkMRMLSliceNodeRed").GetSliceToRAS().GetElement(2, 3) == 3


def test_hiding_gives_the_slices_back(host, view, watched):
    import slicer

    mine = slicer.util.addVolumeFromArray(np.zeros((4, 4, 4), np.int16), name="Mine")
    slicer.util.setSliceViewerLayers(background=mine)
    look(host, view, watched)
    tick(host, view)
    tick(host, view, on=False)
    assert set(nodes()) == {"Mine"}
    assert set(backgrounds()) == {mine.GetID()}


def test_another_patient_takes_the_same_nodes(host, view, watched):
    look(host, view, watched)
    tick(host, view)
    before = set(nodes().values())
    combo = view._ui.samplePatientCombo
    combo.currentIndex = combo.findText("B")
    combo.activated.emit(combo.currentIndex)
    settle(host, view)
    assert set(nodes()) == {"B sample", "B reference", "B prediction"}
    assert set(nodes().values()) == before
    look(host, view, watched)
    assert combo.currentText == "B"


def test_another_run_takes_the_sample_away(host, view, watched, tmp_path):
    look(host, view, watched)
    tick(host, view)
    look(host, view, write(tmp_path / "other", cases=("C",)))
    assert nodes() == {}
    assert not view._ui.showSamplesCheckBox.checked
    view.show(None)
    assert not view._ui.showSamplesCheckBox.enabled


@pytest.mark.parametrize("role", ["image", "reference", "prediction"])
@pytest.mark.parametrize("half", [True, False])
def test_a_file_that_is_not_whole_is_waited_for(host, view, watched, role, half):
    file = watched.folder / "samples" / f"A_{role}.nrrd"
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2]) if half else file.unlink()
    look(host, view, watched)
    tick(host, view)
    assert nodes() == {}
    file.write_bytes(whole)
    look(host, view, watched)
    assert len(nodes()) == 3
    assert len(set(backgrounds())) == 1


@pytest.mark.parametrize("text", ["", "[{", "{}", "[1]", '[{"case": "A"}]', "null"])
def test_an_index_that_is_being_written_changes_nothing(host, view, watched, text):
    look(host, view, watched)
    tick(host, view)
    before = nodes()
    (watched.folder / "samples" / "index.json").write_text(text)
    look(host, view, watched)
    assert nodes() == before
    assert view._ui.showSamplesCheckBox.enabled


def test_who_deletes_the_sample_does_not_get_it_back(host, view, watched):
    import slicer

    look(host, view, watched)
    tick(host, view)
    slicer.mrmlScene.RemoveNode(nodes()["A prediction"])
    look(host, view, watched)
    assert nodes() == {}
    assert not view._ui.showSamplesCheckBox.checked


@pytest.mark.parametrize("reading", [True, False])
def test_a_closed_scene_stays_empty(host, view, watched, reading):
    import slicer

    look(host, view, watched)
    view._ui.showSamplesCheckBox.checked = True
    if not reading:
        settle(host, view)
    slicer.mrmlScene.Clear(0)
    host.process(200)
    look(host, view, watched)
    assert nodes() == {}
    tick(host, view)
    assert len(nodes()) == 3


def test_a_closed_panel_leaves_nothing_and_a_scene_is_saved_without_samples(host, view, watched, tmp_path):
    import slicer

    look(host, view, watched)
    tick(host, view)
    slicer.mrmlScene.SetURL(str(tmp_path / "scene.mrml"))
    slicer.mrmlScene.Commit()
    saved = (tmp_path / "scene.mrml").read_text()
    assert "A sample" not in saved
    assert "A prediction" not in saved
    view.close()
    assert nodes() == {}
