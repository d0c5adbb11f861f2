import json

import nibabel as nib
import numpy as np
import pytest
from conftest import SAMPLE
from geometry import ellipsoid, grid_centre
from scipy import ndimage
from test_cli import mstkd
from test_patient import plain_grid

from mstkd.modalities import CHANNELS, Modality
from mstkd.preprocessing import Grid, PreparedPatient, Volume, prepare, read_labels, read_volume, resample

F, T1, GD, T2 = CHANNELS


def coil(shape, towards, deviation):
    """What a coil outside receives, falling with the squared distance; deviation is of its logarithm."""
    points = np.moveaxis(np.indices(shape), 0, -1) - (np.array(shape) - 1) / 2
    squared = ((points - 110 * np.array(towards) / np.linalg.norm(towards)) ** 2).sum(axis=-1)
    logarithm = -np.log(squared + 30**2)
    return np.exp(deviation * (logarithm - logarithm.mean()) / logarithm.std()).astype(np.float32)


def brightened(volume: Volume, towards=(0, 1, 0.3), deviation=0.25) -> Volume:
    return Volume(volume.array * coil(volume.shape, towards, deviation), volume.affine, "bright")


def prepared(volume: Volume, modality: Modality) -> PreparedPatient:
    return prepare({modality: volume})


def apart(one: np.ndarray, other: np.ndarray) -> float:
    difference = (one - other)[(one != 0) & (other != 0)]
    return float(np.sqrt(np.mean(difference**2)))


@pytest.fixture
def uncorrected(monkeypatch):
    def image(volume: Volume, modality: Modality) -> np.ndarray:
        with monkeypatch.context() as patch:
            patch.setattr("mstkd.preprocessing.patient.without_strong_field", lambda *_: None)
            return prepared(volume, modality).images[modality.channel]

    return image


@pytest.mark.parametrize(
    ("modality", "towards"), [(F, (0, -1, 0.5)), (T1, (1, 0, 0)), (GD, (0.3, 0.3, -1)), (T2, (-1, 0.5, 0))]
)
def test_most_of_what_a_coil_brightens_is_taken_out_and_said(sample_files, uncorrected, modality, towards):
    plain = read_volume(sample_files[modality])
    bright = brightened(plain, towards)
    before = prepared(plain, modality)
    after = prepared(bright, modality)
    assert after.corrected == (modality,)
    kept = apart(before.images[modality.channel], uncorrected(bright, modality))
    assert kept > 0.4
    assert apart(before.images[modality.channel], after.images[modality.channel]) < 0.6 * kept


def test_the_report_says_so(small_package, sample_files, tmp_path):
    nib.save(nib.Nifti1Image(brightened(read_volume(sample_files[F])).array, np.eye(4)), tmp_path / "flair.nii.gz")
    answer = mstkd("segment", "--flair", tmp_path / "flair.nii.gz", "--model", small_package, "-o", tmp_path / "out")
    assert answer.returncode == 0, answer.stderr
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["bias_field_corrected"] == ["FLAIR"]
    assert "A strong bias field was corrected (N4) in FLAIR." in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("modality", CHANNELS)
def test_the_tumour_differs_from_its_surroundings_as_it_did(sample_files, modality):
    plain = read_volume(sample_files[modality])
    tumour = read_labels(SAMPLE / "seg.nii.gz").array > 0
    ring = ndimage.binary_dilation(tumour, iterations=12) & ~ndimage.binary_dilation(tumour, iterations=3)

    def contrast(volume: Volume) -> float:
        patient = prepared(volume, modality)
        shown, native = patient.images[modality.channel], Grid(plain.shape, plain.affine)
        inside, around = (resample(where.astype(np.float32), native, patient.grid) > 0.5 for where in (tumour, ring))
        return float(shown[inside & (shown != 0)].mean() - shown[around & (shown != 0)].mean())

    assert contrast(brightened(plain)) == pytest.approx(contrast(plain), rel=0.3, abs=0.15)


def test_a_sequence_of_one_value_is_borne():
    grid = plain_grid()
    ball = ellipsoid(grid, grid_centre(grid), np.full(3, 40.0)).astype(np.float32)
    patient = prepared(Volume(ball, grid.affine, "a mask"), T1)
    assert np.isfinite(patient.images).all()


def test_a_slab_too_thin_to_tell_a_field_from_anatomy_stays_as_it_is(sample_files, uncorrected):
    bright = brightened(read_volume(sample_files[F]), deviation=0.5)
    slab = Volume(bright.array[:, :, 60:100], bright.affine, "slab")
    patient = prepared(slab, F)
    assert not patient.corrected
    np.testing.assert_array_equal(patient.images[F.channel], uncorrected(slab, F))
