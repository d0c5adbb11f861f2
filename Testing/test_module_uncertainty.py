"""The engine's uncertainty over the slices of a real MRML scene."""

import numpy as np
import pytest
import slicer
from MSTKDSegmentLib.Uncertainty import hasUncertainty, showUncertainty
from slicer_scene import new_scene
from tumour_scene import SHAPE, add_segmentation, add_volume, saved_and_loaded, tumour
from vtk.util import numpy_support

from MSTKDLib.Engine import EngineError
from MSTKDLib.Volumes import isUncertainty

ENTROPY = np.random.default_rng(0).integers(0, 101, SHAPE).astype(np.uint8)


def scene_with_slices():
    scene = new_scene()
    colours = scene.keep[0].GetColorLogic()
    colours.SetMRMLScene(scene)
    colours.AddDefaultColorNodes()
    return scene


@pytest.fixture
def scene():
    return scene_with_slices()


@pytest.fixture
def volume(scene):
    return add_volume(scene)


@pytest.fixture
def segmentation(volume):
    return add_segmentation(volume)


@pytest.fixture
def red_and_green(scene):
    """Two slice views; red shows a foreground of the user's."""
    views = [slicer.vtkMRMLSliceCompositeNode() for _ in range(2)]
    for name, view in zip(("Red slice", "Green slice"), views, strict=True):
        view.SetName(name)
        view.SetLayoutName(name)
        scene.AddNode(view)
    views[0].SetForegroundVolumeID(add_volume(scene, "perfusion").GetID())
    views[0].SetForegroundOpacity(0.25)
    return views


def foregrounds(views):
    return [(view.GetForegroundVolumeID(), view.GetForegroundOpacity()) for view in views]


def values(volume):
    image = volume.GetImageData()
    return numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])


def values_on(grid, volume):
    """The volume's values on another's voxels: Slicer's reader may store the axes in another order."""
    images = [slicer.vtkSlicerSegmentationsModuleLogic.CreateOrientedImageDataFromVolumeNode(n) for n in (volume, grid)]
    moved = slicer.vtkOrientedImageData()
    slicer.vtkOrientedImageDataResample.ResampleOrientedImageToReferenceOrientedImage(*images, moved)
    return numpy_support.vtk_to_numpy(moved.GetPointData().GetScalars()).reshape(SHAPE)


def test_the_uncertainty_lies_on_the_volume_and_lets_sure_voxels_through(scene, volume, segmentation):
    shown = showUncertainty(segmentation, ENTROPY, True)
    np.testing.assert_array_equal(values(shown), ENTROPY)
    assert slicer.vtkSlicerVolumesLogic().CompareVolumeGeometry(volume, shown) == ""
    assert shown.GetName() == "T1Gd tumour uncertainty (%)"
    display = shown.GetDisplayNode()
    assert display.GetColorNode() is not None
    assert display.GetApplyThreshold()
    assert (display.GetLowerThreshold(), display.GetUpperThreshold()) == (20, 100)
    assert (display.GetWindowLevelMin(), display.GetWindowLevelMax()) == (0, 100)


def test_hiding_it_puts_back_what_the_slices_showed_before(segmentation, red_and_green):
    before = foregrounds(red_and_green)
    shown = showUncertainty(segmentation, ENTROPY, True)
    assert foregrounds(red_and_green) == [(shown.GetID(), 0.5)] * 2
    assert showUncertainty(segmentation, None, True) is shown  # a second click remembers nothing new
    showUncertainty(segmentation, None, False)
    assert foregrounds(red_and_green) == before


def test_a_foreground_that_the_user_chose_since_stays(segmentation, red_and_green, volume):
    showUncertainty(segmentation, ENTROPY, True)
    red_and_green[1].SetForegroundVolumeID(volume.GetID())
    showUncertainty(segmentation, None, False)
    assert red_and_green[1].GetForegroundVolumeID() == volume.GetID()


def test_two_patients_uncertainties_shown_in_turn_leave_the_slices_as_they_were(volume, segmentation, red_and_green):
    before = foregrounds(red_and_green)
    other = add_segmentation(volume)
    showUncertainty(segmentation, ENTROPY, True)
    showUncertainty(other, ENTROPY, True)
    showUncertainty(segmentation, None, False)
    showUncertainty(other, None, False)
    assert foregrounds(red_and_green) == before


def test_it_is_made_once_and_found_again_in_a_saved_scene(scene, volume, segmentation, red_and_green, tmp_path):
    assert not hasUncertainty(segmentation)
    shown = showUncertainty(segmentation, ENTROPY, True)
    assert showUncertainty(segmentation, 100 - ENTROPY, True) is shown
    assert hasUncertainty(segmentation)
    assert isUncertainty(shown)
    loaded = saved_and_loaded(scene, tmp_path, scene_with_slices)
    again = loaded.GetFirstNodeByClass("vtkMRMLSegmentationNode")
    assert hasUncertainty(again)
    np.testing.assert_array_equal(values_on(volume, showUncertainty(again, None, True)), 100 - ENTROPY)
    showUncertainty(again, None, False)
    perfusion = loaded.GetFirstNodeByName("perfusion").GetID()
    assert foregrounds([loaded.GetFirstNodeByName("Red slice")]) == [(perfusion, 0.25)]


def test_a_new_result_does_not_keep_the_old_ones_uncertainty(volume, segmentation, red_and_green):
    before = foregrounds(red_and_green)
    showUncertainty(segmentation, ENTROPY, True)
    add_segmentation(volume, tumour(), output=segmentation)
    assert not hasUncertainty(segmentation)
    assert foregrounds(red_and_green) == before


def test_what_cannot_be_shown_is_said_in_words(scene, volume, segmentation):
    with pytest.raises(EngineError, match="no uncertainty of T1Gd tumour"):
        showUncertainty(segmentation, None, True)
    scene.RemoveNode(volume)
    with pytest.raises(EngineError, match="volume that T1Gd tumour was made on is gone"):
        showUncertainty(segmentation, ENTROPY, True)
