"""The engine's label map in a real MRML scene: imported, undone, saved, switched between regions and tissues."""

import numpy as np
import pytest
import slicer
import vtk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from MSTKDSegmentLib.Regions import importSteps, isShowingTissues, showRegions, showTissues, storedResult
from scipy import ndimage
from slicer_scene import new_scene
from tumour_scene import (
    ANSWER,
    SHAPE,
    add_segmentation,
    add_volume,
    finish,
    labels_of,
    names,
    saved_and_loaded,
    segment_array,
    tumour,
)
from vtk.util import numpy_support

from MSTKDLib.Engine import EngineError
from MSTKDLib.Masks import orientedImage
from MSTKDLib.Segments import SURFACE, newSegment

REGION_LABELS = {"WT": (1, 2, 3), "TC": (1, 3), "ET": (3,)}


@pytest.fixture
def scene():
    return new_scene()


@pytest.fixture
def volume(scene):
    return add_volume(scene)


@pytest.fixture
def segmentation(volume):
    return add_segmentation(volume)


def assert_regions(node, labels, volume):
    for name, values in REGION_LABELS.items():
        np.testing.assert_array_equal(segment_array(node, name, volume), np.isin(labels, values), name)


def image_of(mask, volume):
    reference = slicer.vtkSlicerSegmentationsModuleLogic.CreateOrientedImageDataFromVolumeNode(volume)
    image = slicer.vtkOrientedImageData()
    image.DeepCopy(reference)
    image.AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 1)
    numpy_support.vtk_to_numpy(image.GetPointData().GetScalars())[:] = mask.ravel()
    return image


def edit(node, name, mask, volume):
    """Set a segment as the Segment Editor does."""
    assert slicer.vtkSlicerSegmentationsModuleLogic.SetBinaryLabelmapToSegment(image_of(mask, volume), node, name)


def add_own_segment(node, volume, name="Ventricle"):
    mask = np.zeros(SHAPE, bool)
    mask[0:2, 0:3, 0:4] = True
    segment = slicer.vtkSegment()
    segment.SetName(name)
    segment.AddRepresentation("Binary labelmap", image_of(mask, volume))
    node.GetSegmentation().AddSegment(segment, name)
    return mask


def test_a_label_map_becomes_three_nested_segments_with_surfaces_where_the_volume_lies(segmentation, volume):
    assert names(segmentation) == ["WT", "TC", "ET"]
    assert_regions(segmentation, tumour(), volume)
    assert segmentation.GetNodeReference("referenceImageGeometryRef") is volume
    bounds = np.empty(6)
    for name, values in REGION_LABELS.items():
        surface = segmentation.GetSegmentation().GetSegment(name).GetRepresentation("Closed surface")
        index = np.argwhere(np.isin(tumour(), values))[:, ::-1]
        matrix = vtk.vtkMatrix4x4()
        volume.GetIJKToRASMatrix(matrix)
        points = [matrix.MultiplyPoint((*voxel, 1))[:3] for voxel in index]
        surface.GetBounds(bounds)
        np.testing.assert_allclose(bounds.reshape(3, 2).T, [np.min(points, 0), np.max(points, 0)], atol=2)


def test_surfaces_face_outwards_and_hold_as_much_as_the_mask():
    scene, shape = new_scene(), (30, 30, 30)
    volume = add_volume(scene, shape=shape, matrix=vtk.vtkMatrix4x4())
    ball = sum((axis - 15) ** 2 for axis in np.ogrid[:30, :30, :30]) < 12**2
    node = add_segmentation(volume, np.where(ball, 2, 0).astype(np.uint8))
    surface = node.GetSegmentation().GetSegment("WT").GetRepresentation("Closed surface")
    points, normals = (
        numpy_support.vtk_to_numpy(a) for a in (surface.GetPoints().GetData(), surface.GetPointData().GetNormals())
    )
    assert (((points - 15) * normals).sum(axis=1) > 0).all()
    measure = vtk.vtkMassProperties()
    measure.SetInputData(surface)
    assert measure.GetVolume() == pytest.approx(ball.sum(), rel=0.05)


def test_surfaces_are_lit_from_outside_also_where_a_tumour_touches_itself(scene):
    noise = ndimage.gaussian_filter(np.random.default_rng(0).random((40, 40, 40)), 1.5)
    ragged = noise > np.quantile(noise, 0.7)
    image = orientedImage(ragged, vtk.vtkMatrix4x4())
    surface = newSegment(ANSWER["segments"][0], image).GetRepresentation(SURFACE)
    points, normals = (
        numpy_support.vtk_to_numpy(a) for a in (surface.GetPoints().GetData(), surface.GetPointData().GetNormals())
    )
    smooth = ndimage.gaussian_filter(ragged.astype(float), 1)
    within, without = (
        ndimage.map_coordinates(smooth, (points + mm * normals)[:, ::-1].T, order=1) for mm in (-0.7, 0.7)
    )
    assert (within > without).mean() > 0.95


def test_each_segment_keeps_only_the_voxels_around_it(segmentation):
    extent = segmentation.GetSegmentation().GetSegment("ET").GetRepresentation("Binary labelmap").GetExtent()
    assert extent == (4, 8, 3, 7, 3, 6)


def test_outlines_surfaces_names_and_terminology_are_ready_to_look_at(segmentation):
    display = segmentation.GetDisplayNode()
    assert [display.GetSegmentOpacity3D(name) for name in ("WT", "TC", "ET")] == [0.3, 0.6, 1.0]
    assert all(display.GetSegmentVisibility3D(name) for name in ("WT", "TC", "ET"))
    assert 0 < display.GetSegmentOpacity2DFill("WT") < display.GetSegmentOpacity2DOutline("WT") == 1
    code = vtk.reference("")
    assert segmentation.GetSegmentation().GetSegment("TC").GetTag("TerminologyEntry", code)
    assert "86049000" in str(code)


def test_the_result_follows_the_volumes_parent_transform(scene, volume):
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    volume.SetAndObserveTransformNodeID(transform.GetID())
    node = add_segmentation(volume)
    assert node.GetTransformNodeID() == transform.GetID()
    assert_regions(node, tumour(), volume)


def test_the_segmentation_lies_in_the_study_of_its_volume(scene, volume):
    hierarchy = slicer.vtkMRMLSubjectHierarchyNode.GetSubjectHierarchyNode(scene)
    study = hierarchy.CreateStudyItem(hierarchy.GetSceneItemID(), "Study")
    hierarchy.CreateItem(study, volume)

    @vtk.calldata_type(vtk.VTK_OBJECT)
    def asSlicersPluginsDo(caller, event, node):  # noqa: N802  as an observer in Slicer
        if node.IsA("vtkMRMLSegmentationNode"):
            hierarchy.CreateItem(hierarchy.GetSceneItemID(), node)

    scene.AddObserver(scene.NodeAddedEvent, asSlicersPluginsDo)
    node = add_segmentation(volume)
    assert hierarchy.GetItemParent(hierarchy.GetItemByDataNode(node)) == study


def test_an_empty_result_is_a_node_with_three_empty_segments(volume):
    node = add_segmentation(volume, np.zeros(SHAPE, np.uint8))
    assert names(node) == ["WT", "TC", "ET"]
    assert_regions(node, np.zeros(SHAPE), volume)
    showTissues(node)
    assert not labels_of(node, volume).any()


def test_steps_that_are_abandoned_or_fail_leave_nothing_in_the_scene(scene, volume):
    before = scene.GetNumberOfNodes()
    steps = importSteps(volume, tumour(), ANSWER)
    for _ in range(4):
        next(steps)
    steps.close()
    with pytest.raises(EngineError, match="T1Gd changed while it was segmented"):
        next(importSteps(volume, tumour((5, 5, 5)), ANSWER))
    assert scene.GetNumberOfNodes() == before


def test_one_undo_removes_a_new_segmentation(scene, volume):
    scene.SetUndoOn()
    before = scene.GetNumberOfNodes()
    add_segmentation(volume)
    scene.Undo()
    assert scene.GetNumberOfNodes() == before
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 0
    scene.Redo()
    node = scene.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    assert_regions(node, tumour(), volume)
    assert node.GetDisplayNode().GetSegmentOpacity3D("WT") == 0.3


def test_a_chosen_output_gets_the_new_result_and_keeps_the_users_segments(scene, volume, segmentation):
    own = add_own_segment(segmentation, volume)
    showTissues(segmentation)
    labels = np.roll(tumour(), 1, axis=2)
    scene.SetUndoOn()
    assert add_segmentation(volume, labels, output=segmentation) is segmentation
    assert names(segmentation) == ["WT", "TC", "ET", "Ventricle"]
    assert_regions(segmentation, labels, volume)
    np.testing.assert_array_equal(segment_array(segmentation, "Ventricle", volume), own)
    assert scene.GetNumberOfNodesByClass("vtkMRMLSegmentationNode") == 1
    scene.Undo()
    assert names(segmentation) == ["NETC", "SNFH", "ET", "Ventricle"]
    np.testing.assert_array_equal(labels_of(segmentation, volume), tumour())
    assert segmentation.GetDisplayNode().GetSegmentOpacity3D("SNFH") == 0.3


def test_an_output_that_lies_under_another_transform_gets_the_result_where_the_volume_is(scene, volume):
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    shift = vtk.vtkTransform()
    shift.Translate(7, -3, 11)
    transform.SetMatrixTransformToParent(shift.GetMatrix())
    output = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    output.SetAndObserveTransformNodeID(transform.GetID())
    add_segmentation(volume, output=output)
    output.HardenTransform()
    assert_regions(output, tumour(), volume)


@pytest.mark.parametrize("representation", [SURFACE, "Planar contour"])
def test_an_output_of_surfaces_or_contours_is_refused_and_stays(scene, volume, segmentation, representation):
    output = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "RTSTRUCT")
    output.GetSegmentation().SetSourceRepresentationName(representation)
    with pytest.raises(EngineError, match=f"RTSTRUCT is kept as '{representation}'"):
        add_segmentation(volume, output=output)
    assert names(output) == []


def test_a_result_beside_segments_without_surfaces_gets_its_own_when_3d_is_turned_on(scene, volume):
    output = scene.AddNewNodeByClass("vtkMRMLSegmentationNode")
    add_own_segment(output, volume)
    add_segmentation(volume, output=output)
    assert not output.GetSegmentation().ContainsRepresentation(SURFACE), "which may take long, and was not asked for"
    assert_regions(output, tumour(), volume)
    output.CreateClosedSurfaceRepresentation()
    for name in REGION_LABELS:
        assert output.GetSegmentation().GetSegment(name).GetRepresentation(SURFACE).GetNumberOfPoints()


def test_an_output_that_left_the_scene_is_refused_in_words(scene, volume, segmentation):
    steps = importSteps(volume, tumour(), ANSWER, segmentation)
    next(steps)
    scene.RemoveNode(segmentation)
    with pytest.raises(EngineError, match="left the scene"):
        finish(steps)


def test_what_the_engine_said_survives_saving_and_loading_the_scene(scene, volume, segmentation, tmp_path):
    showTissues(segmentation)
    loaded = saved_and_loaded(scene, tmp_path, new_scene)
    node = loaded.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    assert storedResult(node)["summary"] == ANSWER["summary"]
    assert isShowingTissues(node)
    np.testing.assert_array_equal(labels_of(node, volume), tumour())
    showRegions(node)
    assert names(node) == ["WT", "TC", "ET"]
    assert_regions(node, tumour(), volume)
    assert storedResult(loaded.AddNewNodeByClass("vtkMRMLSegmentationNode")) is None


label_maps = arrays.arrays(
    np.uint8, arrays.array_shapes(min_dims=3, max_dims=3, max_side=4), elements=st.integers(0, 3)
)


@settings(max_examples=15)
@given(labels=label_maps)
def test_regions_to_tissues_and_back_loses_nothing_also_when_saved_between(labels, tmp_path_factory):
    scene = new_scene()
    volume = add_volume(scene, shape=labels.shape)
    node = add_segmentation(volume, labels)
    showTissues(node)
    assert isShowingTissues(node)
    np.testing.assert_array_equal(labels_of(node, volume), labels)
    loaded = saved_and_loaded(scene, tmp_path_factory.mktemp("scene"), new_scene)
    for tissues in (node, loaded.GetFirstNodeByClass("vtkMRMLSegmentationNode")):
        showRegions(tissues)
        assert not isShowingTissues(tissues)
        assert_regions(tissues, labels, volume)


masks = arrays.arrays(bool, (3, 3, 4, 3))


@settings(max_examples=15)
@given(edited=masks)
def test_edits_that_break_the_nesting_are_made_nested_by_union(edited):
    volume = add_volume(new_scene(), shape=edited.shape[1:])
    node = add_segmentation(volume, np.zeros(edited.shape[1:], np.uint8))
    for name, mask in zip(("WT", "TC", "ET"), edited, strict=True):
        edit(node, name, mask, volume)
    wt, tc, et = edited
    showTissues(node)
    expected = np.where(et, 3, np.where(tc, 1, np.where(wt, 2, 0)))
    np.testing.assert_array_equal(labels_of(node, volume), expected)
    showRegions(node)
    assert_regions(node, expected, volume)


def test_a_switch_keeps_the_users_segments_and_edits_and_can_be_undone(scene, volume, segmentation):
    own = add_own_segment(segmentation, volume)
    smaller = tumour() == 3
    smaller[3] = False
    edit(segmentation, "ET", smaller, volume)
    enhancing = segmentation.GetSegmentation().GetSegment("ET")
    scene.SetUndoOn()
    showTissues(segmentation)
    assert names(segmentation) == ["NETC", "SNFH", "ET", "Ventricle"]
    assert segmentation.GetSegmentation().GetSegment("ET") is enhancing
    np.testing.assert_array_equal(segment_array(segmentation, "ET", volume), smaller)
    np.testing.assert_array_equal(segment_array(segmentation, "NETC", volume), np.isin(tumour(), (1, 3)) & ~smaller)
    np.testing.assert_array_equal(segment_array(segmentation, "Ventricle", volume), own)
    segments = [segmentation.GetSegmentation().GetSegment(name) for name in names(segmentation)[:3]]
    assert [segment.GetColor() for segment in segments] == [tuple(t["colour"]) for t in ANSWER["tissues"]]
    assert all(segment.GetRepresentation("Closed surface").GetNumberOfPoints() for segment in segments)
    assert segmentation.GetDisplayNode().GetSegmentOpacity3D("NETC") == 0.6
    scene.Undo()
    assert names(segmentation) == ["WT", "TC", "ET", "Ventricle"]


def test_a_segment_on_a_finer_grid_joins_the_others(scene, volume, segmentation):
    """As after the source volume was changed in the Segment Editor."""
    matrix, half = vtk.vtkMatrix4x4(), vtk.vtkTransform()
    volume.GetIJKToRASMatrix(matrix)
    half.SetMatrix(matrix)
    half.Translate(-0.25, -0.25, -0.25)
    half.Scale(0.5, 0.5, 0.5)
    fine = add_volume(scene, "fine", tuple(2 * n for n in SHAPE), half.GetMatrix())
    mask = np.kron(tumour() == 3, np.ones((2, 2, 2), bool))
    mask[13, 5, 8] = False
    edit(segmentation, "ET", mask, fine)
    showTissues(segmentation)
    core = np.kron(np.isin(tumour(), (1, 3)), np.ones((2, 2, 2), bool))
    np.testing.assert_array_equal(segment_array(segmentation, "ET", fine), mask)
    np.testing.assert_array_equal(segment_array(segmentation, "NETC", fine), core & ~mask)


def test_a_deleted_segment_counts_as_empty(volume, segmentation):
    segmentation.GetSegmentation().RemoveSegment("TC")
    segmentation.GetSegmentation().RemoveSegment("ET")
    showTissues(segmentation)
    assert names(segmentation) == ["NETC", "SNFH", "ET"]
    np.testing.assert_array_equal(labels_of(segmentation, volume), np.where(tumour(), 2, 0))


def test_a_segmentation_of_someone_else_is_not_switched(scene):
    node = scene.AddNewNodeByClass("vtkMRMLSegmentationNode", "Atlas")
    with pytest.raises(EngineError, match="Atlas was not made by this module"):
        showTissues(node)
