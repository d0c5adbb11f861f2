"""Volumes written for the engine and read back, with their place in the world."""

import numpy as np
import pytest
import SimpleITK as sitk
import slicer
import vtk
from hypothesis import given, settings
from hypothesis import strategies as st
from slicer_scene import load_volume, new_scene
from tumour_scene import add_volume
from vtk.util import numpy_support

from mstkd.preprocessing.volume import LPS_RAS, itk_affine
from MSTKDLib.Engine import EngineError
from MSTKDLib.Volumes import readImage, writeVolume

SHAPE = (6, 7, 8)
VALUES = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
numbers = st.floats(-1.5, 1.5).map(lambda number: round(number, 3))
invertible = st.lists(numbers, min_size=12, max_size=12).filter(
    lambda n: abs(np.linalg.det(np.reshape(n, (3, 4))[:, :3])) > 0.1
)


def matrix_of(numbers):
    matrix = vtk.vtkMatrix4x4()
    matrix.DeepCopy([*numbers, 0, 0, 0, 1])
    return matrix


def volume_at(scene, numbers):
    node = add_volume(scene, shape=SHAPE, matrix=matrix_of(numbers))
    numpy_support.vtk_to_numpy(node.GetImageData().GetPointData().GetScalars())[:] = VALUES.ravel()
    return node


def voxels_in_world(affine, array):
    """Where each value lies; the values are all different."""
    index = np.argwhere(np.ones(array.shape))
    points = index[:, ::-1] @ affine[:3, :3].T + affine[:3, 3]
    return points[np.argsort(array[tuple(index.T)])]


# Sheared, left-handed and rotated grids come with random matrices.
@settings(max_examples=30)
@given(own=invertible, parent=invertible)
def test_the_engine_and_slicer_find_every_voxel_where_it_lies_in_the_world(own, parent, tmp_path_factory):
    scene = new_scene()
    node = volume_at(scene, own)
    transform = scene.AddNewNodeByClass("vtkMRMLLinearTransformNode")
    transform.SetMatrixTransformToParent(matrix_of(parent))
    node.SetAndObserveTransformNodeID(transform.GetID())
    path = tmp_path_factory.mktemp("written") / "volume.nrrd"
    writeVolume(node, path)

    world = np.vstack([np.reshape(parent, (3, 4)), [0, 0, 0, 1]]) @ np.vstack([np.reshape(own, (3, 4)), [0, 0, 0, 1]])
    np.testing.assert_array_equal(readImage(path), VALUES)
    np.testing.assert_allclose(LPS_RAS @ itk_affine(sitk.ReadImage(str(path))), world, atol=1e-4)

    loaded = load_volume(new_scene(), path, "again")
    matrix = vtk.vtkMatrix4x4()
    loaded.GetIJKToRASMatrix(matrix)
    affine = np.array([[matrix.GetElement(row, column) for column in range(4)] for row in range(4)])
    image = loaded.GetImageData()
    array = numpy_support.vtk_to_numpy(image.GetPointData().GetScalars()).reshape(image.GetDimensions()[::-1])
    np.testing.assert_allclose(voxels_in_world(affine, array), voxels_in_world(world, VALUES), atol=1e-4)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64, np.float64])
def test_arrays_of_any_type_are_written_with_their_values(kind, tmp_path):
    node = volume_at(slicer.vtkMRMLScene(), np.eye(4)[:3].ravel())
    values = np.arange(VALUES.size).reshape(VALUES.shape).astype(kind)
    node.GetImageData().GetPointData().SetScalars(numpy_support.numpy_to_vtk(values.ravel(), deep=True))
    writeVolume(node, tmp_path / "volume.nrrd")
    np.testing.assert_array_equal(readImage(tmp_path / "volume.nrrd"), values)


def test_what_cannot_be_written_or_read_is_said_in_words(tmp_path):
    scene = new_scene()
    empty = scene.AddNewNodeByClass("vtkMRMLScalarVolumeNode", "Empty")
    with pytest.raises(EngineError, match="Empty holds no image"):
        writeVolume(empty, tmp_path / "volume.nrrd")
    colours = add_volume(scene, "Colours", SHAPE)
    colours.GetImageData().AllocateScalars(vtk.VTK_UNSIGNED_CHAR, 3)
    with pytest.raises(EngineError, match="Colours holds colours"):
        writeVolume(colours, tmp_path / "volume.nrrd")
    with pytest.raises(EngineError, match="could not be read"):
        readImage(tmp_path / "nowhere.nrrd")


def test_the_node_stays_as_it_is(tmp_path):
    scene = slicer.vtkMRMLScene()
    node = volume_at(scene, [1, 0, 0, 5, 0, 1, 0, 6, 0, 0, 1, 7])
    writeVolume(node, tmp_path / "volume.nrrd")
    assert node.GetOrigin() == (5, 6, 7)
    assert node.GetStorageNode() is None
    assert scene.GetNumberOfNodesByClass("vtkMRMLVolumeNode") == 1
