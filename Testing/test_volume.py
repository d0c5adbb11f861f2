import gzip

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from conftest import save_nifti

from mstkd.errors import InputError
from mstkd.preprocessing import read_volume

GOOD = np.random.default_rng(0).integers(0, 500, (30, 32, 34)).astype(np.int16)


def test_a_nifti_file_keeps_its_values_and_a_sheared_affine(tmp_path):
    affine = np.array([[2, 0.3, 0, -20], [0, 2.5, 0.1, 5], [0, 0, 3, 7], [0, 0, 0, 1]])
    volume = read_volume(save_nifti(tmp_path / "a.nii.gz", GOOD, affine))
    np.testing.assert_array_equal(volume.array, GOOD)
    np.testing.assert_allclose(volume.affine, affine, atol=1e-6)
    assert volume.voxel_ml == pytest.approx(2 * 2.5 * 3 / 1000)


@pytest.mark.parametrize("suffix", ["nrrd", "mha"])
def test_other_formats_agree_with_nifti_in_world_space(tmp_path, suffix):
    affine = np.array([[0, 0, -2, 30], [-1.5, 0, 0, 10], [0, 3, 0, -40], [0, 0, 0, 1]])
    nifti = read_volume(save_nifti(tmp_path / "a.nii.gz", GOOD, affine))
    sitk.WriteImage(sitk.ReadImage(str(tmp_path / "a.nii.gz")), str(tmp_path / f"a.{suffix}"))
    other = read_volume(tmp_path / f"a.{suffix}")
    np.testing.assert_array_equal(other.array, nifti.array)
    np.testing.assert_allclose(other.affine, nifti.affine, atol=1e-5)


def test_a_trailing_axis_of_one_is_no_fourth_dimension(tmp_path):
    assert read_volume(save_nifti(tmp_path / "a.nii.gz", GOOD[..., None])).shape == GOOD.shape


def test_a_file_without_orientation_is_read_with_a_warning(tmp_path):
    image = nib.Nifti1Image(GOOD, None)
    image.header.set_zooms((2, 2, 2))
    nib.save(image, tmp_path / "a.nii.gz")
    assert "does not say how it lies in space" in read_volume(tmp_path / "a.nii.gz").warnings[0]


@pytest.mark.parametrize(
    ("suffix", "line"), [("nrrd", b"space: left-posterior-superior"), ("mha", b"TransformMatrix = 1 0 0 0 1 0 0 0 1")]
)
def test_other_formats_without_orientation_are_read_with_a_warning(tmp_path, suffix, line):
    path = tmp_path / f"a.{suffix}"
    sitk.WriteImage(sitk.GetImageFromArray(GOOD), str(path))
    assert read_volume(path).warnings == ()
    written = path.read_bytes()
    assert line in written
    directions = b"space directions: (1,0,0) (0,1,0) (0,0,1)", b"space origin: (0,0,0)", b"Offset = 0 0 0"
    for gone in (line, *directions):
        written = written.replace(gone + b"\n", b"")
    path.write_bytes(written)
    (warning,) = read_volume(path).warnings
    assert warning == f"a.{suffix} does not say how it lies in space; its axes are taken as stored."


def truncated(path):
    save_nifti(path, GOOD)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def truncated_nrrd(path):
    sitk.WriteImage(sitk.GetImageFromArray(GOOD), str(path))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def nan(path):
    array = GOOD.astype(np.float32)
    array[3, 4, 5] = np.nan
    save_nifti(path, array)


def colours(path):
    array = np.zeros(GOOD.shape, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(array, np.eye(4)), path)


def corrupt_gzip(path):
    save_nifti(path, GOOD)
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 200] = bytes(200)
    path.write_bytes(data)


def singular(path):
    image = nib.Nifti1Image(GOOD, np.eye(4))
    image.header["srow_z"] = 0
    image.header["qform_code"] = 0
    nib.save(nib.Nifti1Image(GOOD, None, image.header), path)


BAD = {
    "4D": ("a.nii.gz", lambda p: save_nifti(p, np.stack([GOOD, GOOD], -1)), "4-dimensional"),
    "2D": ("a.nii.gz", lambda p: save_nifti(p, GOOD[..., 0]), "2D image"),
    "2D nrrd": ("a.nrrd", lambda p: sitk.WriteImage(sitk.GetImageFromArray(GOOD[0]), str(p)), "2D image"),
    "one slice": ("a.nii.gz", lambda p: save_nifti(p, GOOD[..., :1]), "(2D image|too few)"),
    "constant": ("a.nii.gz", lambda p: save_nifti(p, np.full_like(GOOD, 7)), "is empty"),
    "zero": ("a.nii.gz", lambda p: save_nifti(p, np.zeros_like(GOOD)), "is empty"),
    "label map": ("a.nii.gz", lambda p: save_nifti(p, (GOOD % 4).astype(np.uint8)), "label map"),
    "NaN": ("a.nii.gz", nan, "not numbers"),
    "truncated": ("a.nii.gz", truncated, "cannot be read"),
    "truncated nrrd": ("a.nrrd", truncated_nrrd, "cannot be read"),
    "corrupt gzip": ("a.nii.gz", corrupt_gzip, "cannot be read"),
    "text": ("a.nii.gz", lambda p: p.write_text("hello"), "cannot be read"),
    "gzipped text": ("a.nii.gz", lambda p: p.write_bytes(gzip.compress(b"hello" * 99)), "cannot be read"),
    "empty file": ("a.nii.gz", lambda p: p.write_bytes(b""), "cannot be read"),
    "colours": ("a.nii.gz", colours, "colours"),
    "singular": ("a.nii.gz", singular, "singular"),
    "metres": ("a.nii.gz", lambda p: save_nifti(p, GOOD, np.diag([0.002, 0.002, 0.002, 1])), "(no head|singular)"),
    "other suffix": ("a.png", lambda p: p.write_bytes(b"x"), "not a NIfTI"),
    "missing": ("a.nii.gz", lambda p: None, "does not exist"),
    "folder": ("a.nii.gz", lambda p: p.mkdir(), "is a folder"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_file_is_refused_in_one_sentence_that_names_it(tmp_path, kind):
    name, make, words = BAD[kind]
    make(tmp_path / name)
    with pytest.raises(InputError, match=words) as caught:
        read_volume(tmp_path / name)
    message = str(caught.value)
    assert str(tmp_path / name) in message
    assert message.endswith(".")
    assert ";" in message, "the remedy follows a semicolon"
    assert "\n" not in message
