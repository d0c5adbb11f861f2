"""A header alone tells the same geometry as the whole image."""

import gzip

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from conftest import save_nifti

from mstkd.errors import InputError
from mstkd.preprocessing import read_header, read_volume

AFFINE = np.array([[0, 0, -2, 30], [-1.5, 0.2, 0, 10], [0, 3, 0, -40], [0, 0, 0, 1]])
IMAGE = np.random.default_rng(0).integers(0, 500, (30, 32, 34, 2)).astype(np.int16)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "A.NII.GZ", "a.nrrd", "a.mha"])
def test_header_and_image_agree(tmp_path, name):
    if ".nii" in name.lower():
        save_nifti(tmp_path / "sheared.nii", IMAGE[..., 0], AFFINE)
        content = (tmp_path / "sheared.nii").read_bytes()
        (tmp_path / name).write_bytes(gzip.compress(content) if name.lower().endswith(".gz") else content)
    else:
        image = sitk.GetImageFromArray(IMAGE[..., 0])
        image.SetSpacing((1, 2, 3))
        image.SetOrigin((-5, 6, 7))
        image.SetDirection((0, 1, 0, -1, 0, 0, 0, 0, 1))
        sitk.WriteImage(image, str(tmp_path / name))
    header, volume = read_header(tmp_path / name), read_volume(tmp_path / name)
    assert header.shape == volume.shape
    np.testing.assert_allclose(header.affine, volume.affine, atol=1e-6)


def test_nifti_2_and_a_trailing_axis_of_one(tmp_path):
    nib.save(nib.Nifti2Image(IMAGE[..., :1], AFFINE), tmp_path / "a.nii.gz")
    header = read_header(tmp_path / "a.nii.gz")
    assert header.shape == (30, 32, 34)
    np.testing.assert_array_equal(header.affine, AFFINE)


def test_one_channel_of_a_4d_file_is_a_3d_image(tmp_path):
    path = save_nifti(tmp_path / "a.nii.gz", IMAGE, AFFINE)
    for channel in (0, 1):
        volume = read_volume(path, channel)
        np.testing.assert_array_equal(volume.array, IMAGE[..., channel])
        assert volume.header.get_data_shape() == read_header(path, channel).shape == (30, 32, 34)
        assert volume.source == f"{path} (channel {channel})"


@pytest.mark.parametrize("read", [read_header, read_volume])
def test_a_channel_that_does_not_exist_is_refused(tmp_path, read):
    four = save_nifti(tmp_path / "four.nii.gz", IMAGE)
    three = save_nifti(tmp_path / "three.nii.gz", IMAGE[..., 0])
    for path, channel, size in [
        (four, 2, "30 x 32 x 34 x 2"),
        (four, -1, "30 x 32 x 34 x 2"),
        (three, 0, "30 x 32 x 34"),
    ]:
        with pytest.raises(InputError) as error:
            read(path, channel)
        assert str(error.value) == f"{path} has no channel {channel} (it is {size}); correct the channel or the file."
    with pytest.raises(InputError, match="4-dimensional"):
        read(four)


@pytest.mark.parametrize("content", [b"", b"no image", b"\x1f\x8b", gzip.compress(b"x" * 400, mtime=0)])
def test_a_damaged_header_is_refused(tmp_path, content):
    (tmp_path / "a.nii.gz").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.nii\.gz cannot be read"):
        read_header(tmp_path / "a.nii.gz")


@pytest.mark.parametrize("name", ["image.nii", "image.nii.gz"])
@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_file_that_a_copy_left_unfinished_is_refused_though_its_header_is_whole(tmp_path, name, kept):
    image = np.random.default_rng(0).integers(0, 1000, (20, 20, 20)).astype(np.int16)
    path = save_nifti(tmp_path / name, image)
    assert read_header(path).shape == (20, 20, 20)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(InputError, match="copy or export it again"):
        read_header(path)


def test_a_file_packed_in_several_pieces_is_whole(tmp_path):
    plain = save_nifti(tmp_path / "image.nii", np.ones((20, 20, 20), np.int16)).read_bytes()
    packed = tmp_path / "packed.nii.gz"
    packed.write_bytes(gzip.compress(plain[:3000]) + gzip.compress(plain[3000:]))
    assert read_header(packed).shape == (20, 20, 20)
