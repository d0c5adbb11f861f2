"""A patient of the scene joins a data set, and what the engine reads of it is what was drawn."""

import csv

import numpy as np
import pytest
import slicer
import vtk
from geometry import grid_centre, oblique_grids
from hypothesis import given, settings
from hypothesis import strategies as st
from MSTKDTrainLib.ExportCase import Export, exportSteps
from MSTKDTrainLib.ReferenceLabels import conventionOf, labelsFrom, proposedMeaning
from slicer_scene import new_scene

from mstkd.data.check import check
from mstkd.preprocessing import read_labels, read_volume
from mstkd.regions import CONVENTIONS, Region, region_mask
from MSTKDLib.Engine import EngineError
from MSTKDLib.Masks import orientedImage
from MSTKDLib.Segments import LABELMAP, SURFACE
from MSTKDLib.Steps import runToEnd

REGIONS = {"WT": "WT", "TC": "TC", "ET": "ET"}


def matrix_of(affine):
    return slicer.util.vtkMatrixFromArray(affine)


def add_volume(scene, affine, shape, name, seed=0):
    """A volume of noise; the shape is ``(i, j, k)``."""
    node = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", name)
    array = np.random.default_rng(seed).integers(1, 900, shape[::-1]).astype(np.int16)
    slicer.util.updateVolumeFromArray(node, array)
    node.SetIJKToRASMatrix(matrix_of(affine))
    return node


def add_segmentation(scene, masks, affine):
    """Segments on a grid of their own; masks are ``(k, j, i)``."""
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Drawn")
    for name, mask in masks.items():
        segment = slicer.vtkSegment()
        segment.SetName(name)
        segment.AddRepresentation(LABELMAP, orientedImage(mask, matrix_of(affine)))
        node.GetSegmentation().AddSegment(segment, name)
    return node


def add_transform(scene, affine):
    node = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    node.SetMatrixTransformToParent(matrix_of(affine))
    return node


def nested(shape):
    """WT, TC and ET, boxes in each other, ``(k, j, i)``."""
    out = {}
    for name, inset in (("WT", 4), ("TC", 3), ("ET", 2.5)):
        mask = np.zeros(shape[::-1], bool)
        mask[tuple(slice(int(n / inset), max(int(n / inset) + 1, n - int(n / inset))) for n in mask.shape)] = True
        out[name] = mask
    return out


def export(volumes, segmentation, target, meanings=REGIONS, patient="P1", **more):
    return runToEnd(exportSteps(Export(volumes, segmentation, dict(meanings), patient, target, **more)))


def the_case(cases):
    """The only case of a list, in which the engine finds no problem."""
    report = check(cases)
    assert not report.questions
    (case,) = report.cases
    assert case.problems == []
    assert case.usable
    return case


def decoded(case):
    """The label map as the engine reads it: classes ``(i, j, k)`` and voxel index to world."""
    volume = read_labels(case.entry.label)
    return CONVENTIONS[case.convention].decode(volume.array), volume.affine


@pytest.fixture
def scene():
    return new_scene()


@pytest.fixture
def drawn(scene):
    """FLAIR and T1Gd on one grid, with a tumour on it."""
    affine = np.array([[0, -1.1, 0, 10], [0.9, 0, 0, -20], [0, 0, 2.5, 5], [0, 0, 0, 1.0]])
    shape = (30, 28, 12)
    volumes = {name: add_volume(scene, affine, shape, name, n) for n, name in enumerate(("flair", "t1gd"))}
    return volumes, add_segmentation(scene, nested(shape), affine), nested(shape), affine


def test_an_added_patient_is_a_case_without_problems(drawn, tmp_path):
    volumes, segmentation, masks, affine = drawn
    case = the_case(export(volumes, segmentation, tmp_path / "Own"))
    assert (case.entry.id, case.entry.dataset, case.convention) == ("P1", "Own", "brats2023")
    assert [modality.value for modality in case.entry.images] == ["flair", "t1gd"]
    tissues, found = decoded(case)
    np.testing.assert_allclose(found, affine, atol=1e-6)
    for region in Region:
        np.testing.assert_array_equal(region_mask(tissues, region).T, masks[region.value])
    for modality, path in case.entry.images.items():
        image = read_volume(path)
        np.testing.assert_array_equal(image.array.T, slicer.util.arrayFromVolume(volumes[modality.value]))
        np.testing.assert_allclose(image.affine, affine, atol=1e-6)


def rigid(draw):
    """A linear transform: turned and shifted."""
    turn = vtk.vtkTransform()
    turn.Translate(*(draw(st.floats(-50, 50)) for _ in range(3)))
    turn.RotateWXYZ(draw(st.floats(-60, 60)), *(draw(st.floats(0.1, 1)) for _ in range(3)))
    return slicer.util.arrayFromVTKMatrix(turn.GetMatrix())


@st.composite
def places(draw):
    """The volume's grid, perhaps sheared, and the parent transforms of volume and segmentation."""
    return draw(oblique_grids(shear=True)), rigid(draw), rigid(draw)


@settings(max_examples=15)
@given(place=places())
def test_what_the_engine_reads_lies_where_it_was_drawn_in_the_world(place, tmp_path_factory):
    grid, above_volume, above_segments = place
    scene = new_scene()
    volume = add_volume(scene, grid.affine, grid.shape, "t1gd")
    world = above_volume @ grid.affine
    # Drawn on the volume's voxels, but kept in the segmentation's own coordinates.
    masks = nested(grid.shape)
    segmentation = add_segmentation(scene, masks, np.linalg.inv(above_segments) @ world)
    volume.SetAndObserveTransformNodeID(add_transform(scene, above_volume).GetID())
    segmentation.SetAndObserveTransformNodeID(add_transform(scene, above_segments).GetID())
    case = the_case(export({"t1gd": volume}, segmentation, tmp_path_factory.mktemp("own")))
    tissues, affine = decoded(case)
    np.testing.assert_allclose(affine, world, atol=1e-3)
    for region in Region:
        np.testing.assert_array_equal(region_mask(tissues, region).T, masks[region.value])


@settings(max_examples=15)
@given(grid=oblique_grids(), other=oblique_grids(), above=places())
def test_segments_on_another_grid_are_taken_by_their_nearest_voxel(grid, other, above, tmp_path_factory):
    scene = new_scene()
    _place, turned, _rest = above
    other_affine = other.affine.copy()  # the same middle, so that they meet
    shift = grid_centre(grid) - grid_centre(other)
    other_affine[:3, 3] += shift
    mask = nested(other.shape)["WT"]
    volume = add_volume(scene, grid.affine, grid.shape, "flair")
    segmentation = add_segmentation(scene, {"WT": mask}, np.linalg.inv(turned) @ other_affine)
    segmentation.SetAndObserveTransformNodeID(add_transform(scene, turned).GetID())
    cases = export({"flair": volume}, segmentation, tmp_path_factory.mktemp("own"), {"WT": "WT"})
    found, affine = decoded(the_case(cases))
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    world = index @ affine[:3, :3].T + affine[:3, 3]
    to_index = np.linalg.inv(other_affine)
    there = world @ to_index[:3, :3].T + to_index[:3, 3]
    near = np.rint(there).astype(int)
    inside = ((near >= 0) & (near < other.shape)).all(axis=-1)
    expected = np.zeros(grid.shape, bool)
    expected[inside] = mask.T[tuple(near[inside].T)]
    clear = (np.abs(there - np.floor(there) - 0.5) > 1e-3).all(axis=-1)  # no tie between two voxels
    np.testing.assert_array_equal((found > 0)[clear], expected[clear])


def test_hidden_segments_and_segments_of_other_extents_are_written_too(drawn, tmp_path):
    volumes, segmentation, masks, _affine = drawn
    segmentation.CreateDefaultDisplayNodes()
    segmentation.GetDisplayNode().SetSegmentVisibility("ET", False)
    tissues, _found = decoded(the_case(export(volumes, segmentation, tmp_path)))
    np.testing.assert_array_equal(region_mask(tissues, Region.ET).T, masks["ET"])


def test_a_segmentation_that_is_only_a_surface_is_written_and_stays_as_it_is(drawn, tmp_path):
    volumes, segmentation, masks, _affine = drawn
    segmentation.CreateClosedSurfaceRepresentation()
    segmentation.GetSegmentation().SetSourceRepresentationName(SURFACE)
    segmentation.RemoveBinaryLabelmapRepresentation()
    tissues, _found = decoded(the_case(export(volumes, segmentation, tmp_path, {"WT": "WT"})))
    drawn_voxels, shared = masks["WT"].sum(), ((tissues > 0).T & masks["WT"]).sum()
    assert shared > 0.6 * drawn_voxels  # a surface cuts corners
    assert not segmentation.GetSegmentation().ContainsRepresentation(LABELMAP)


def test_a_whole_tumour_alone_is_said_to_be_no_more(drawn, tmp_path):
    volumes, segmentation, masks, _affine = drawn
    case = the_case(export(volumes, segmentation, tmp_path, {"WT": "WT"}))
    assert case.convention == "whole-tumour"
    np.testing.assert_array_equal(decoded(case)[0].T > 0, masks["WT"])


def test_a_second_patient_is_added_to_the_list(drawn, tmp_path):
    volumes, segmentation, _masks, _affine = drawn
    export(volumes, segmentation, tmp_path)
    slicer.util.updateVolumeFromArray(volumes["flair"], slicer.util.arrayFromVolume(volumes["flair"]) + 1)
    cases = export({"flair": volumes["flair"]}, segmentation, tmp_path, {"WT": "WT"}, patient="P2")
    report = check(cases)
    assert [(case.entry.id, case.convention) for case in report.cases] == [("P1", "brats2023"), ("P2", "whole-tumour")]
    assert all(case.usable for case in report.cases)


def test_a_patient_that_is_there_is_replaced_only_on_wish(drawn, tmp_path):
    volumes, segmentation, _masks, _affine = drawn
    export(volumes, segmentation, tmp_path)
    with pytest.raises(EngineError, match="already"):
        export(volumes, segmentation, tmp_path, {"WT": "WT"}, patient="p1")
    export({"flair": volumes["flair"]}, segmentation, tmp_path, {"WT": "WT"}, replace=True)
    assert the_case(tmp_path / "cases.csv").convention == "whole-tumour"
    assert sorted(path.name for path in (tmp_path / "P1").iterdir()) == ["P1_flair.nrrd", "P1_seg.nrrd"]


def test_a_folder_that_is_in_no_list_is_never_replaced(drawn, tmp_path):
    volumes, segmentation, _masks, _affine = drawn
    (tmp_path / "P1").mkdir()
    (tmp_path / "P1" / "thesis.txt").write_text("mine")
    with pytest.raises(EngineError, match="already"):
        export(volumes, segmentation, tmp_path, replace=True)
    assert (tmp_path / "P1" / "thesis.txt").read_text() == "mine"


def test_a_list_of_another_kind_is_left_alone(drawn, tmp_path):
    volumes, segmentation, _masks, _affine = drawn
    (tmp_path / "cases.csv").write_text("name;file\na;b\n")
    with pytest.raises(EngineError, match=r"cases\.csv is no list"):
        export(volumes, segmentation, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["cases.csv"]


def test_what_a_user_has_added_to_the_list_stays(drawn, tmp_path):
    volumes, segmentation, _masks, _affine = drawn
    cases = export(volumes, segmentation, tmp_path)
    rows = list(csv.DictReader(cases.open(newline="")))
    with cases.open("w", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0], "split"])
        writer.writeheader()
        writer.writerow(rows[0] | {"split": "test"})
    export(volumes, segmentation, tmp_path, patient="P2")
    assert [row["split"] for row in csv.DictReader(cases.open(newline=""))] == ["test", ""]


@pytest.mark.parametrize("broken", ["list", "labels"])
def test_when_something_cannot_be_written_nothing_of_the_patient_is_there(drawn, tmp_path, monkeypatch, broken):
    volumes, segmentation, masks, _affine = drawn
    export(volumes, segmentation, tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    if broken == "list":

        def full(path):
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("mstkd.files.whole_file", full)
    else:
        segmentation.RemoveSegment("TC")
        outside = add_segmentation(segmentation.GetScene(), {"TC": masks["ET"]}, np.eye(4))
        segmentation.GetSegmentation().CopySegmentFromSegmentation(outside.GetSegmentation(), "TC")
    for patient, replace in (("P2", False), ("P1", True)):
        with pytest.raises(EngineError):
            export(volumes, segmentation, tmp_path, patient=patient, replace=replace)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["P1", "cases.csv"]


def test_abandoned_in_the_middle_nothing_is_left(drawn, tmp_path):
    volumes, segmentation, _masks, _affine = drawn
    steps = exportSteps(Export(volumes, segmentation, REGIONS, "P1", tmp_path))
    for _ in range(3):
        next(steps)
    steps.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", ".hidden", "-x"])
def test_what_is_no_file_name_is_no_patient(drawn, tmp_path, name):
    volumes, segmentation, _masks, _affine = drawn
    with pytest.raises(EngineError, match="is no name for a patient"):
        export(volumes, segmentation, tmp_path, patient=name)
    assert list(tmp_path.iterdir()) == []


def test_one_volume_for_two_sequences_is_refused(drawn, tmp_path):
    volumes, segmentation, _masks, _affine = drawn
    with pytest.raises(EngineError, match="chosen twice"):
        export({"flair": volumes["flair"], "t1": volumes["flair"]}, segmentation, tmp_path)


def test_a_deformation_is_refused_in_one_sentence(drawn, tmp_path):
    volumes, segmentation, _masks, _affine = drawn
    warp = segmentation.GetScene().AddNewNodeByClass("vtkMRMLBSplineTransformNode")
    segmentation.SetAndObserveTransformNodeID(warp.GetID())
    with pytest.raises(EngineError, match="harden"):
        export(volumes, segmentation, tmp_path)
    assert list(tmp_path.iterdir()) == []


ONE = np.zeros((3, 3, 3), bool)
ONE[1, 1, 1] = True
TWO = ONE.copy()
TWO[1, 1, 2] = True
EMPTY = np.zeros_like(ONE)


@pytest.mark.parametrize(
    ("masks", "said"),
    [
        ({"ET": TWO, "TC": ONE, "WT": TWO}, "Enhancing tumour lies outside tumour core in 1 voxels"),
        ({"ET": ONE, "TC": TWO, "WT": ONE}, "Tumour core lies outside whole tumour in 1 voxels"),
        ({"ET": ONE, "NETC": TWO, "WT": TWO}, "overlap"),
        ({"ET": EMPTY, "TC": TWO, "NETC": ONE, "WT": TWO}, "neither necrosis"),
        ({"ET": EMPTY, "TC": ONE, "SNFH": EMPTY, "WT": TWO}, "neither oedema"),
        ({"ET": EMPTY, "NETC": TWO, "WT": ONE}, "outside whole tumour"),
    ],
)
def test_contradictions_are_one_sentence(masks, said):
    with pytest.raises(EngineError, match=said):
        labelsFrom(masks)


@pytest.mark.parametrize(
    ("meanings", "missing"),
    [
        ({"WT", "TC"}, "enhancing tumour"),
        ({"ET", "WT"}, "necrosis.* or the tumour core"),
        ({"ET", "TC"}, "oedema.* or the whole tumour"),
        (set(), "No segment is used"),
    ],
)
def test_an_incomplete_mapping_is_one_sentence(meanings, missing):
    with pytest.raises(EngineError, match=missing):
        conventionOf(meanings)


def test_regions_and_tissues_give_the_same_labels():
    labels = np.random.default_rng(0).integers(0, 4, (4, 5, 6))
    tissues = {"NETC": labels == 1, "SNFH": labels == 2, "ET": labels == 3}
    regions = {"WT": labels > 0, "TC": np.isin(labels, (1, 3)), "ET": labels == 3}
    for masks in (tissues, regions, tissues | regions):
        np.testing.assert_array_equal(labelsFrom(masks), labels)


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("WT", "WT"),
        ("Whole tumour", "WT"),
        ("whole_tumor", "WT"),
        ("TC", "TC"),
        ("Tumor core", "TC"),
        ("ET", "ET"),
        ("Enhancing tumour", "ET"),
        ("non-enhancing tumour core", "NETC"),
        ("necrotic core", "NETC"),
        ("NETC", "NETC"),
        ("NCR", "NETC"),
        ("Necrosis", "NETC"),
        ("peritumoral edema", "SNFH"),
        ("oedema", "SNFH"),
        ("SNFH", "SNFH"),
        ("ED", "SNFH"),
        ("Resection cavity", ""),
        ("Segment_1", ""),
        ("Tumor", ""),
        ("ventricles", ""),
        ("brain", ""),
    ],
)
def test_the_name_of_a_segment_proposes_what_it_is(name, meaning):
    assert proposedMeaning(name) == meaning


def test_the_terminology_proposes_where_the_name_does_not():
    assert proposedMeaning("Segment_1", "~SCT^79654002^Edema~") == "SNFH"
    assert proposedMeaning("Segment_1", "~SCT^108369006^Neoplasm~") == ""
