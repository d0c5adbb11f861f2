import csv

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from monai.metrics import compute_dice, compute_hausdorff_distance
from scipy import ndimage

from mstkd.errors import InputError
from mstkd.evaluation import dice, hd95, region_dice
from mstkd.evaluation.hausdorff import PENALTY_MM
from mstkd.evaluation.scores import Score, measure, read_scores, write_scores
from mstkd.regions import REGIONS, Region

masks = hnp.arrays(bool, (4, 5, 6), elements=st.booleans())


@given(masks, masks)
def test_dice_is_monais_and_one_for_two_empty_masks(a, b):
    theirs = compute_dice(
        torch.from_numpy(a)[None, None].float(), torch.from_numpy(b)[None, None].float(), ignore_empty=False
    )
    assert dice(a, b) == pytest.approx(theirs.item())


def test_unknown_regions_have_no_score():
    tissues = np.array([0, 1, 2, 3], dtype=np.uint8)
    assert region_dice(tissues, tissues, (Region.WT,)) == {Region.WT: 1.0}
    assert set(region_dice(tissues, tissues)) == set(Region)


def surface(mask):
    return mask & ~ndimage.binary_erosion(mask)


def published_hd95(a, b, spacing):
    """Surface voxels by erosion, directed 95th percentiles by distance transforms, the larger one."""
    to_a, to_b = (ndimage.distance_transform_edt(~surface(mask), sampling=spacing) for mask in (a, b))
    return max(np.percentile(to_b[surface(a)], 95), np.percentile(to_a[surface(b)], 95))


def random_blob(rng):
    """A random smooth shape somewhere in an image, often at its border."""
    noise = ndimage.gaussian_filter(rng.normal(size=(24, 20, 16)), rng.uniform(1, 3))
    return noise > np.quantile(noise, rng.uniform(0.5, 0.99))


@pytest.mark.parametrize("seed", range(50))
def test_both_metrics_are_monais_and_a_second_implementations(seed):
    rng = np.random.default_rng(seed)
    a, b, spacing = random_blob(rng), random_blob(rng), rng.uniform(0.5, 4, 3)
    if seed % 5 == 0:  # two shapes far from each other, one in a corner of the image
        a[:] = b[:] = False
        a[:2, :3, -2:], b[-4:-1, -5:, 3:5] = True, True
    whole = [torch.from_numpy(mask)[None, None].float() for mask in (a, b)]
    theirs = compute_hausdorff_distance(*whole, include_background=True, percentile=95, spacing=spacing.tolist())
    assert hd95(a, b, spacing) == pytest.approx(theirs.item(), abs=1e-6)
    assert hd95(a, b, spacing) == pytest.approx(published_hd95(a, b, spacing), rel=1e-5, abs=1e-5)
    assert hd95(a, b, spacing) == hd95(b, a, spacing)
    assert dice(a, b) == pytest.approx(compute_dice(*whole).item())
    assert dice(a, b) == pytest.approx(1 - np.mean(a != b) / (np.mean(a) + np.mean(b)))


def test_hd95_is_in_millimetres():
    a, b = np.zeros((2, 9, 9, 9), bool)
    a[2, 4, 4] = b[6, 4, 4] = True
    assert hd95(a, b, np.array([2.5, 1, 1])) == pytest.approx(10)


def test_empty_masks_follow_the_conventions():
    some, none = np.ones((3, 3, 3), bool), np.zeros((3, 3, 3), bool)
    assert (dice(none, none), hd95(none, none, np.ones(3))) == (1, 0)
    assert (dice(some, none), hd95(some, none, np.ones(3))) == (0, PENALTY_MM)
    assert (dice(none, some), hd95(none, some, np.ones(3))) == (0, PENALTY_MM)
    assert hd95(some, some, np.ones(3)) == 0


def test_misses_and_inventions_are_told_apart():
    found, truth = np.zeros((2, 5, 5, 5), np.uint8)
    found[1, 1, 1], truth[1, 1, 1], truth[1, 1, 2] = 2, 2, 1
    by_region = {s.region: s for s in measure("a", "T2", found, truth, REGIONS, np.ones(3))}
    assert by_region["WT"] == Score("a", "T2", "WT", 66.6667, 0.95, False, False)
    assert by_region["TC"] == Score("a", "T2", "TC", 0, PENALTY_MM, True, False)
    assert by_region["ET"] == Score("a", "T2", "ET", 100, 0, False, False)
    invented = {s.region: s for s in measure("a", "T2", truth, found, REGIONS, np.ones(3))}
    assert invented["TC"] == Score("a", "T2", "TC", 0, PENALTY_MM, False, True)


def test_a_region_that_the_reference_does_not_know_is_left_out():
    found, truth = np.full((2, 5, 5, 5), 2, np.uint8)
    assert [s.region for s in measure("a", "T2", found, truth, (Region.WT,), np.ones(3))] == ["WT"]


SCORES = [
    Score("a, b", "FLAIR, T1Gd", "WT", 81.2345, 3.1416, False, False),
    Score("a, b", "all available", "ET", 0.0, PENALTY_MM, True, False),
    Score("c", "T2", "TC", 0.0, PENALTY_MM, False, True),
]


def test_scores_return_from_their_file_as_they_were(tmp_path):
    write_scores(tmp_path / "cases.csv", SCORES)
    assert read_scores(tmp_path / "cases.csv") == SCORES
    with (tmp_path / "cases.csv").open() as file:
        assert next(csv.reader(file)) == ["case", "modalities", "region", "dice", "hd95", "missed", "invented"]
    assert [path.name for path in tmp_path.iterdir()] == ["cases.csv"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("region,", "area,"),
        ("WT", "XX"),
        ("81.2345", "many"),
        ("T2", "T9"),
        (",1,0", ",yes,0"),
        (",3.1416", ""),
        ("c,T2,TC,0.0", '"a, b","FLAIR, T1Gd",WT,0.0'),
    ],
)
def test_a_table_that_is_none_of_ours_is_refused(tmp_path, old, new):
    path = tmp_path / "cases.csv"
    write_scores(path, SCORES)
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(InputError, match=str(path)):
        read_scores(path)
