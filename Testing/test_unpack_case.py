"""A patient's files unpacked for Slicer: the same voxels in the same places, or a sentence."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mstkd.worker.requests import parse
from mstkd.worker.tasks import run

LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
SHAPE = (7, 6, 5)


def unpack(output, **request):
    output.mkdir(exist_ok=True)
    line = json.dumps({"task": "unpack_case", "output": str(output), **request}, default=str).encode()
    return run(parse(line), lambda share, text: None, lambda: False)


def placed(path):
    """Voxels ``(i, j, k)`` and affine of a file, by its own words."""
    image = sitk.ReadImage(str(path))
    corners = [image.TransformContinuousIndexToPhysicalPoint(index) for index in np.vstack([np.zeros(3), np.eye(3)])]
    affine = np.eye(4)
    affine[:3, 3] = corners[0]
    affine[:3, :3] = (np.array(corners[1:]) - corners[0]).T
    return sitk.GetArrayFromImage(image).T, LPS_TO_RAS @ affine


entries = st.floats(-2, 2, allow_nan=False).map(lambda value: round(value, 3))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(entries, min_size=12, max_size=12))
def test_voxels_and_geometry_are_the_files_also_flipped_and_sheared(tmp_path, numbers):
    affine = np.vstack([np.reshape(numbers, (3, 4)) + 2 * np.eye(3, 4), [0, 0, 0, 1]])
    if abs(np.linalg.det(affine[:3, :3])) < 0.1:
        return
    array = np.random.default_rng(0).normal(size=SHAPE).astype(np.float32)
    nib.save(nib.Nifti1Image(array, affine), tmp_path / "flair.nii.gz")
    answer = unpack(tmp_path / "out", images={"flair": tmp_path / "flair.nii.gz"})
    found, where = placed(answer["images"]["flair"])
    np.testing.assert_array_equal(found, array)
    np.testing.assert_allclose(where, nib.load(tmp_path / "flair.nii.gz").affine, atol=1e-5)


@pytest.mark.parametrize(("values", "kind"), [([0, 1, 2, 4], "uint8"), ([0, 1, 300], "int16"), ([0, -1], "int16")])
def test_labels_are_whole_numbers_whatever_the_file_keeps_them_as(tmp_path, values, kind):
    labels = np.resize(np.array(values, np.float64), SHAPE)
    nib.save(nib.Nifti1Image(labels, np.eye(4)), tmp_path / "seg.nii.gz")
    answer = unpack(tmp_path / "out", images={}, label=tmp_path / "seg.nii.gz")
    found, _where = placed(answer["label"])
    assert found.dtype == kind
    np.testing.assert_array_equal(found, labels)


def test_the_files_are_uncompressed_and_each_channel_of_a_4d_file_is_its_own(tmp_path):
    array = np.random.default_rng(1).integers(0, 1000, (*SHAPE, 2)).astype(np.int16)
    nib.save(nib.Nifti1Image(array, np.eye(4)), tmp_path / "all.nii.gz")
    images = dict.fromkeys(("t1", "t2"), tmp_path / "all.nii.gz")
    answer = unpack(tmp_path / "out", images=images, channels={"t1": 0, "t2": 1})
    for channel, name in enumerate(("t1", "t2")):
        np.testing.assert_array_equal(placed(answer["images"][name])[0], array[..., channel])
        with Path(answer["images"][name]).open("rb") as file:
            assert b"encoding: raw" in file.read(1000)


def test_an_empty_image_is_unpacked_for_who_wants_to_see_that_it_is_empty(tmp_path):
    nib.save(nib.Nifti1Image(np.zeros(SHAPE, np.int16), np.eye(4)), tmp_path / "t1.nii.gz")
    assert unpack(tmp_path / "out", images={"t1": tmp_path / "t1.nii.gz"})["problems"] == []


def test_what_cannot_be_read_is_a_sentence_and_the_rest_is_there(tmp_path):
    nib.save(nib.Nifti1Image(np.ones(SHAPE, np.int16), np.eye(4)), tmp_path / "t1.nii.gz")
    (tmp_path / "t2.nii.gz").write_bytes(b"no image")
    images = {"t1": tmp_path / "t1.nii.gz", "t2": tmp_path / "t2.nii.gz"}
    answer = unpack(tmp_path / "out", images=images, label=tmp_path / "absent.nii.gz")
    assert (list(answer["images"]), answer["label"]) == (["t1"], None)
    damaged, absent = answer["problems"]
    assert str(tmp_path / "t2.nii.gz") in damaged
    assert "absent.nii.gz does not exist" in absent
