"""What an evaluation says of probabilities and of the uncertainty map."""

import numpy as np
import pytest
import torch

from mstkd.evaluation.calibration import (
    BINS,
    Binned,
    Calibration,
    bin_regions,
    binned,
    calibration_error,
    calibration_means,
    near,
    reliability,
)
from mstkd.evaluation.flagged import flagged, flagged_share, wrong_voxels
from mstkd.inference import segment
from mstkd.modalities import Modality
from mstkd.models import load_package
from mstkd.preprocessing import Volume, prepare
from mstkd.regions import REGIONS, Region, region_mask


def plain_ece(probability, reference, bins=15):
    """The published definition, voxel by voxel."""
    groups = [[] for _ in range(bins)]
    for p, y in zip(probability.tolist(), reference.tolist(), strict=True):
        groups[min(int(p * bins), bins - 1)].append((p, y))
    total = 0.0
    for group in filter(None, groups):
        confidence = sum(p for p, _ in group) / len(group)
        share = sum(y for _, y in group) / len(group)
        total += len(group) / len(probability) * abs(confidence - share)
    return total


@pytest.mark.parametrize("seed", range(5))
def test_the_calibration_error_is_a_second_implementations(seed):
    rng = np.random.default_rng(seed)
    probability, reference = rng.beta(0.3, 0.8, 2000), rng.random(2000) < rng.random()
    assert calibration_error(binned(probability, reference)) == pytest.approx(plain_ece(probability, reference))


def test_by_hand_three_voxels_in_two_bins():
    probability, reference = np.array([0.9, 0.92, 0.1]), np.array([True, False, False])
    # bins 13 (0.867 to 0.933) and 1: |1.82 - 1| + |0.1 - 0|, over 3 voxels
    assert calibration_error(binned(probability, reference)) == pytest.approx(0.92 / 3)


def test_what_comes_as_often_as_was_said_has_almost_no_error():
    rng = np.random.default_rng(0)
    probability = rng.random(200_000)
    honest, boasting = rng.random(200_000) < probability, rng.random(200_000) < probability**3
    assert calibration_error(binned(probability, honest)) < 0.01
    # the mean of p - p^3 over [0, 1] is 1/2 - 1/4
    assert calibration_error(binned(probability, boasting)) == pytest.approx(0.25, abs=0.01)


def test_certain_and_right_has_no_error_also_at_the_ends():
    reference = np.array([True, False, True])
    assert calibration_error(binned(reference.astype(np.float16), reference)) == 0
    assert calibration_error(binned(np.array([1 + 1e-6, -1e-6, 1.0]), reference)) == pytest.approx(0, abs=1e-6)


def field_of_one(shape=(30, 30, 12)):
    return np.zeros(shape, np.float32), np.zeros(shape, bool)


def test_only_voxels_up_to_5_mm_from_a_faint_probability_or_the_reference_count():
    probability, reference = field_of_one()
    probability[4, 4, 6], reference[20, 20, 6] = 0.02, True
    counted = near(probability, reference, np.array([1, 1, 2.5]))
    expected = np.zeros_like(counted)
    expected[:10, :10, 4:9] = expected[15:26, 15:26, 4:9] = True
    np.testing.assert_array_equal(counted, expected)


def test_the_certain_rest_of_a_brain_does_not_thin_the_error_out():
    probability, reference = field_of_one()
    probability[10:14, 10:14, 4:8] = 0.8
    regions = np.stack([probability] * 3)
    tissues = reference.astype(np.uint8)
    errors = []
    for size in (30, 90):
        more = [(0, size - n) if axis == 0 else (0, 0) for axis, n in enumerate(tissues.shape)]
        truth, larger = np.pad(tissues, more), np.pad(regions, [(0, 0), *more])
        (one,) = bin_regions("a", "T2", larger, truth, (Region.WT,), np.ones(truth.shape, bool), np.ones(3))
        errors.append(one.row)
    assert errors[0] == errors[1]
    assert errors[0].ece == pytest.approx(100 * 0.8 * 64 / errors[0].voxels, abs=1e-3)


def test_voxels_outside_the_brain_and_regions_that_are_nowhere_are_left_out():
    probability, reference = field_of_one()
    probability[3, 3, 3] = 0.5
    regions = np.stack([probability, np.zeros_like(probability), np.zeros_like(probability)])
    truth, brain = reference.astype(np.uint8), np.ones(reference.shape, bool)
    found = bin_regions("a", "T2", regions, truth, REGIONS, brain, np.ones(3))
    assert [one.region for one in found] == ["WT"], "no core is found and none is there"
    brain[:4] = False
    (cut,) = bin_regions("a", "T2", regions, truth, REGIONS, brain, np.ones(3))
    assert cut.row.voxels == 5 * 9 * 9
    assert bin_regions("a", "T2", regions, truth, REGIONS, np.zeros_like(brain), np.ones(3)) == []


def test_the_curve_pools_voxels_and_the_mean_takes_patients_alike():
    probability, reference = np.full(100, 0.5), np.arange(100) < 20
    sums = [binned(probability, reference), binned(probability[:10], reference[:10])]
    measured = [Binned(case, "T2", "WT", one) for case, one in zip("ab", sums, strict=True)]
    (only,) = reliability(measured)
    assert (only.voxels, only.probability, only.observed) == (110, 0.5, round(30 / 110, 4))
    assert only.low <= 0.5 < only.high
    assert only.high - only.low == pytest.approx(1 / BINS, abs=1e-3)
    rows = [Calibration("a", "T2", "WT", 1, 30.0), Calibration("b1", "T2", "WT", 1, 40.0)]
    (mean,) = calibration_means([*rows, Calibration("b2", "T2", "WT", 1, 60.0)], {"b1": "b", "b2": "b"})
    assert (mean.ece, mean.cases, mean.patients) == (40, 3, 2)
    assert 30 <= mean.ece_low <= mean.ece <= mean.ece_high <= 50


def test_the_probabilities_measured_are_those_that_the_result_was_cut_from(small_package):
    image = np.zeros((16, 16, 16), np.float32)
    image[3:13, 3:13, 3:13] = 100 + np.random.default_rng(0).normal(0, 5, (10, 10, 10))
    patient = prepare({Modality.FLAIR: Volume(image, np.diag([2.0, 2, 2, 1]), "a")})
    model = load_package(small_package)
    kept = segment(patient, model, device=torch.device("cpu"), keep_probabilities=True)
    assert kept.probabilities.shape == (3, 16, 16, 16)
    brain = patient.brain_on_reference()
    assert not kept.probabilities[:, ~brain].any()
    sure = abs(kept.probabilities.astype(np.float32) - 0.5) > 1e-3  # beyond what half precision rounds
    for region, probability, decided in zip(REGIONS, kept.probabilities, sure & brain, strict=True):
        np.testing.assert_array_equal(probability[decided] > 0.5, region_mask(kept.uncleaned, region)[decided])
    assert segment(patient, model, device=torch.device("cpu")).probabilities is None, "memory is for those who ask"


def test_the_flagged_tenth_holds_the_errors_that_lie_in_the_most_uncertain_voxels():
    uncertainty = np.arange(100, dtype=np.uint8).reshape(10, 10, 1)
    everywhere = np.ones(uncertainty.shape, bool)
    assert flagged_share(uncertainty, uncertainty >= 90, everywhere) == 1
    assert flagged_share(uncertainty, uncertainty < 90, everywhere) == 0
    assert flagged_share(uncertainty, uncertainty >= 80, everywhere) == 0.5


def test_a_map_that_knows_nothing_flags_a_tenth():
    wrong = np.random.default_rng(0).random((8, 8, 8)) < 0.3
    everywhere = np.ones(wrong.shape, bool)
    assert flagged_share(np.full(wrong.shape, 7, np.uint8), wrong, everywhere) == pytest.approx(0.1)


def test_ties_at_the_edge_count_by_the_room_there_is():
    uncertainty = np.zeros((100, 1, 1), np.uint8)
    uncertainty[:4], uncertainty[4:16] = 90, 50  # four certain of the tenth, twelve for its other six places
    wrong = np.zeros(uncertainty.shape, bool)
    wrong[0] = wrong[4] = True
    assert flagged_share(uncertainty, wrong, np.ones_like(wrong)) == pytest.approx((1 + 0.5) / 2)


def test_errors_outside_the_brain_are_never_flagged():
    uncertainty = np.full((20, 1, 1), 100, np.uint8)
    brain = np.arange(20).reshape(20, 1, 1) < 10
    uncertainty[1:10] = 0
    wrong = np.zeros_like(brain)
    wrong[0] = wrong[15] = True
    assert flagged_share(uncertainty, wrong, brain) == 0.5


def test_what_the_reference_does_not_know_is_not_wrong():
    truth, found = np.array([[[0, 1, 2, 3, 0]]], np.uint8), np.array([[[0, 3, 3, 3, 1]]], np.uint8)
    assert wrong_voxels(found, truth, REGIONS).ravel().tolist() == [False, True, True, False, True]
    assert wrong_voxels(found, truth, (Region.WT,)).ravel().tolist() == [False, False, False, False, True]
    assert flagged("a", "T2", found, np.zeros(found.shape, bool), np.ones(found.shape, bool)) == []
