"""Co-registration: known motions of the sample patient are undone, and nothing else is touched."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.spatial.transform import Rotation

from mstkd.modalities import CHANNELS, Modality
from mstkd.preprocessing import Grid, Volume, read_volume, resample
from mstkd.preprocessing.alignment import Verdict, align, align_all, apply

F, T1, GD, T2 = CHANNELS


@pytest.fixture(scope="module")
def patient(sample_files) -> dict[Modality, Volume]:
    return {modality: read_volume(path) for modality, path in sample_files.items()}


def brain_points(volume: Volume) -> np.ndarray:
    index = np.argwhere(volume.array[::4, ::4, ::4] > 0) * 4
    return index @ volume.affine[:3, :3].T + volume.affine[:3, 3]


def rigid(angles, shift, centre) -> np.ndarray:
    motion = np.eye(4)
    motion[:3, :3] = Rotation.from_euler("xyz", angles, degrees=True).as_matrix()
    motion[:3, 3] = centre - motion[:3, :3] @ centre + np.asarray(shift)
    return motion


def motion_of(volume: Volume, angles, shift) -> np.ndarray:
    return rigid(angles, shift, brain_points(volume).mean(axis=0))


def moved(volume: Volume, motion: np.ndarray) -> Volume:
    return replace(volume, affine=motion @ volume.affine)


def error_mm(found: np.ndarray, true: np.ndarray, volume: Volume) -> float:
    """Mean distance over the brain between where a known motion's inverse and the found motion put it."""
    points = brain_points(volume)
    there = found @ true
    return float(np.linalg.norm(points @ there[:3, :3].T + there[:3, 3] - points, axis=1).mean())


angle, shift = st.floats(-15, 15), st.floats(-15, 15)


@settings(max_examples=4)
@given(st.tuples(angle, angle, angle), st.tuples(shift, shift, shift), st.sampled_from([F, T1, T2]))
def test_a_moved_affine_is_moved_back(patient, angles, shifts, modality):
    true = motion_of(patient[GD], angles, shifts)
    answer = align(moved(patient[modality], true), patient[GD])
    assert error_mm(answer.motion, true, patient[GD]) < 1
    np.testing.assert_allclose(answer.motion[:3, :3] @ answer.motion[:3, :3].T, np.eye(3), atol=1e-9)


def test_origins_of_two_scanners_far_apart_are_brought_together(patient):
    true = motion_of(patient[GD], (8, -5, 10), (150, -120, 90))
    answer = align(moved(patient[T2], true), patient[GD])
    assert answer.verdict is Verdict.MOVED
    assert error_mm(answer.motion, true, patient[GD]) < 1
    assert answer.displacement_mm == pytest.approx(np.linalg.norm((150, -120, 90)), abs=10)
    assert answer.rotation_deg == pytest.approx(
        np.degrees(Rotation.from_euler("xyz", (8, -5, 10), degrees=True).magnitude()), abs=1
    )


def test_thick_oblique_slices_of_part_of_the_head_are_aligned(patient):
    # A scan of 5.5 mm coronal slices, tilted against the head, whose field of view ends within it.
    flair = patient[F]
    centre = brain_points(flair).mean(axis=0)
    tilt = rigid((20, -10, 35), (0, 0, 0), centre)
    affine = tilt @ np.array([[0.9, 0, 0, -95], [0, 0, 5.5, -100], [0, 0.9, 0, -15], [0, 0, 0, 1]])
    affine[:3, 3] += tilt[:3, :3] @ centre
    grid = Grid((210, 120, 36), affine)
    blurred = ndimage.gaussian_filter(flair.array, (0, 2, 0))
    thick = Volume(resample(blurred, Grid(flair.shape, flair.affine), grid), affine, "thick")
    true = motion_of(flair, (-6, 9, -4), (7, -9, 5))
    answer = align(moved(thick, true), patient[GD])
    assert answer.verdict is Verdict.MOVED
    assert error_mm(answer.motion, true, flair) < 1.5
    assert answer.overlap < 0.75


def test_aligned_sequences_are_returned_as_the_very_same_objects(patient):
    answers = align_all(patient, GD)
    assert list(answers) == [F, T1, T2]
    for modality, answer in answers.items():
        before = patient[modality].array.copy()
        assert answer.verdict is Verdict.IN_PLACE
        assert answer.sentence == f"{modality.label} lies as T1Gd does."
        assert apply(patient[modality], answer) is patient[modality]
        np.testing.assert_array_equal(patient[modality].array, before)


def test_moving_changes_the_affine_and_never_the_voxels(patient):
    true = motion_of(patient[GD], (0, 0, 6), (3, 0, 0))
    displaced = moved(patient[F], true)
    answer = align_all({F: displaced, GD: patient[GD]}, GD)[F]
    result = apply(displaced, answer)
    assert result.array is displaced.array
    assert result.header is None
    np.testing.assert_array_equal(result.affine, answer.motion @ displaced.affine)
    np.testing.assert_allclose(result.affine, patient[F].affine, atol=1.5)
    assert answer.gain > 0.1
    assert answer.sentence.startswith("FLAIR was moved onto T1Gd by ")


def test_the_answer_does_not_depend_on_run_or_number_of_threads(patient, sample_files, tmp_path):
    true = motion_of(patient[GD], (4, -7, 9), (-6, 8, 2))
    np.save(tmp_path / "motion.npy", true)
    here = align(moved(patient[F], true), patient[GD])
    program = (
        "import sys, numpy as np; from dataclasses import replace; from pathlib import Path\n"
        "from mstkd.preprocessing import read_volume; from mstkd.preprocessing.alignment import align\n"
        "moving, fixed = (read_volume(Path(p)) for p in sys.argv[1:3])\n"
        "moving = replace(moving, affine=np.load(sys.argv[3]) @ moving.affine)\n"
        "print(align(moving, fixed).motion.tobytes().hex())"
    )
    variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS")
    threads = dict.fromkeys(variables, "2")  # here it is one
    answer = subprocess.run(
        [sys.executable, "-c", program, sample_files[F], sample_files[GD], tmp_path / "motion.npy"],
        env={**os.environ, **threads, "PYTHONPATH": str(Path(__file__).parents[1])},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == here.motion.tobytes().hex()


def another_head(volume: Volume) -> Volume:
    """The brain of somebody else: the same contrasts, other folds and ventricles."""
    random = np.random.default_rng(3)
    small = [ndimage.gaussian_filter(random.normal(size=(60, 60, 40)), 3) for _ in range(3)]
    field = np.stack(
        [ndimage.zoom(9 / part.std() * part, np.array(volume.shape) / part.shape, order=1) for part in small]
    )
    index = np.stack(np.meshgrid(*map(np.arange, volume.shape), indexing="ij")) + field
    return replace(volume, array=ndimage.map_coordinates(volume.array, index, np.float32, order=1), source="another")


def noise(volume: Volume) -> Volume:
    values = np.random.default_rng(0).normal(100, 10, volume.shape)
    return replace(volume, array=values.astype(np.float32))


def mirrored(volume: Volume) -> Volume:
    return replace(volume, array=volume.array[::-1])


def air(volume: Volume) -> Volume:
    return replace(volume, array=np.zeros_like(volume.array))


@pytest.mark.parametrize("change", [another_head, noise, mirrored, air])
def test_what_is_no_image_of_this_head_is_said_to_fail_and_stays(patient, change):
    stranger = moved(change(patient[F]), motion_of(patient[GD], (5, -8, 6), (4, 9, -7)))
    answer = align(stranger, patient[GD], "FLAIR", "T1Gd")
    assert answer.verdict is Verdict.FAILED
    assert answer.sentence.startswith("FLAIR could not be aligned with T1Gd and is left as it lies: ")
    assert apply(stranger, answer) is stranger
    np.testing.assert_array_equal(answer.motion, np.eye(4))


def test_without_a_head_in_the_reference_nothing_moves(patient):
    assert align(patient[F], air(patient[GD])).verdict is Verdict.FAILED
