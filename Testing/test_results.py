import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from geometry import oblique_grids
from hypothesis import given
from hypothesis import strategies as st

from mstkd.errors import InputError
from mstkd.preprocessing import Volume, read_volume
from mstkd.results.draft import DraftFolder, disk_errors
from mstkd.results.folder import write_labels


@given(oblique_grids(shear=True), st.sampled_from([nib.Nifti1Image, nib.Nifti2Image]), st.booleans())
def test_labels_have_exactly_the_references_shape_and_affine(grid, kind, by_quaternion):
    values = np.arange(np.prod(grid.shape), dtype=np.float32).reshape(grid.shape)
    with tempfile.TemporaryDirectory() as folder:
        image = kind(values, grid.affine)
        if by_quaternion:
            image.header.set_qform(grid.affine, 1)
            image.header.set_sform(None, 0)
            image = kind(values, None, image.header)
        image.header.set_slope_inter(2, 5)
        nib.save(image, Path(folder) / "reference.nii.gz")
        reference = read_volume(Path(folder) / "reference.nii.gz")
        labels = (values % 4).astype(np.uint8)
        write_labels(Path(folder) / "labels.nii.gz", labels, reference)
        stored, original = nib.load(Path(folder) / "labels.nii.gz"), nib.load(Path(folder) / "reference.nii.gz")
        assert (stored.affine == original.affine).all()
        np.testing.assert_array_equal(np.asarray(stored.dataobj), labels)


@given(oblique_grids(shear=True))
def test_a_reference_without_nifti_header_keeps_its_affine_to_single_precision(grid):
    labels = np.ones(grid.shape, np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        write_labels(Path(folder) / "labels.nii.gz", labels, Volume(labels, grid.affine, "a.nrrd"))
        np.testing.assert_allclose(nib.load(Path(folder) / "labels.nii.gz").affine, grid.affine, atol=1e-4)


@pytest.mark.parametrize("refusing", ["a.csv", "b.csv", "c.csv"])
def test_files_take_the_place_of_earlier_ones_all_or_none(tmp_path, refusing):
    kept = {name: "earlier" for name in ("a.csv", "b.csv") if name != refusing}
    for name, text in kept.items():
        (tmp_path / name).write_text(text)
    (tmp_path / refusing).mkdir()  # refuses to be replaced, as a file does that Excel holds on Windows
    with DraftFolder(tmp_path) as folder:
        for name in ("a.csv", "aa.csv", "b.csv", "c.csv"):
            (folder.draft / name).write_text("new")
        with pytest.raises(InputError, match="close its files"), disk_errors(tmp_path):
            folder.publish()
    assert {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()} == kept
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == [refusing], "nothing is left behind"
