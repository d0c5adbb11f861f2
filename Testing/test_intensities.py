"""The check of images against their names, on a real patient."""

import itertools

import nibabel as nib
import numpy as np
import pytest

from mstkd.modalities import CHANNELS
from mstkd.recognition.intensities import check_intensities

F, T1, GD, T2 = CHANNELS
NAMES = {F: "a.nii", T1: "b.nii", GD: "c.nii", T2: "d.nii"}
AIR = dict.fromkeys(CHANNELS, 0.0)


@pytest.fixture(scope="module")
def patient(sample_files):
    images = {m: np.asarray(nib.load(path).dataobj, dtype=np.float32) for m, path in sample_files.items()}
    return images, np.logical_and.reduce([image != 0 for image in images.values()])


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_rightly_named_images_are_not_doubted(patient, count):
    images, brain = patient
    for present in itertools.combinations(images, count):
        assert check_intensities({m: images[m] for m in present}, AIR, brain, NAMES) == []


@pytest.mark.parametrize(("first", "second"), [(F, T2), (T1, T2), (GD, T2)])
def test_swapped_images_are_doubted_in_one_sentence_with_both_names(patient, first, second):
    images, brain = patient
    swapped = {first: images[second], second: images[first]}
    (warning,) = check_intensities(swapped, AIR, brain, NAMES)
    assert f"{NAMES[first]} is taken for {first.label} and {NAMES[second]} for {second.label}" in warning


@pytest.fixture(scope="module")
def injected(patient):
    """The patient's T1 and FLAIR, and the same T1 after contrast: vessels, 3 % of the brain, are twice as bright."""
    images, brain = patient
    vessels = np.random.default_rng(0).random(brain.shape) < 0.03
    return {F: images[F], T1: images[T1], GD: np.where(vessels, 2 * images[T1], images[T1])}, brain


@pytest.mark.parametrize(("first", "second"), [(T1, GD), (GD, F)])
def test_a_swapped_t1gd_is_told_by_its_vessels_and_its_likeness_to_t1(injected, first, second):
    images, brain = injected
    assert check_intensities(images, AIR, brain, NAMES) == []
    (warning,) = check_intensities({**images, first: images[second], second: images[first]}, AIR, brain, NAMES)
    assert NAMES[first] in warning
    assert NAMES[second] in warning


def test_units_do_not_matter(patient):
    images, brain = patient
    scaled = {T1: images[T2] * 40 + 300, T2: images[T1] / 1000 - 2}
    assert len(check_intensities(scaled, AIR, brain, NAMES)) == 1


def test_what_cannot_tell_says_nothing(patient):
    images, brain = patient
    swapped = {T1: images[T2], T2: images[T1]}
    assert check_intensities(swapped, AIR, np.zeros_like(brain), NAMES) == []
    assert check_intensities({m: np.ones_like(brain, dtype=np.float32) for m in CHANNELS}, AIR, brain, NAMES) == []
    assert check_intensities({}, AIR, brain, NAMES) == []


@pytest.mark.parametrize("modality", CHANNELS)
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_an_image_that_shows_a_part_of_the_brain_is_not_doubted(patient, modality, axis):
    images, brain = patient
    part = images[modality].copy()
    np.moveaxis(part, axis, 0)[: part.shape[axis] // 2] = AIR[modality]
    assert check_intensities({**images, modality: part}, AIR, brain, NAMES) == []
