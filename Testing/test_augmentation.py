"""Crops, warps and intensities are what SciPy and NumPy make of the same numbers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from mstkd.data.augmentation import crop, distort, random_subset, random_transform, warp
from mstkd.modalities import Modality

SIDE = st.integers(1, 9)


@given(
    shape=st.tuples(SIDE, SIDE, SIDE),
    start=st.tuples(*[st.integers(-12, 12)] * 3),
    size=st.tuples(SIDE, SIDE, SIDE),
)
def test_a_crop_is_zero_where_it_reaches_beyond_the_image(shape, start, size):
    array = np.arange(1, np.prod(shape) + 1).reshape(shape)
    wide = np.pad(array, 24)
    expected = wide[tuple(slice(24 + first, 24 + first + n) for first, n in zip(start, size, strict=True))]
    found = crop(torch.from_numpy(array)[None], np.array(start), size)[0]
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**31), strong=st.booleans(), size=st.tuples(*[st.integers(6, 16)] * 3))
def test_a_warp_is_scipys_about_the_centres(seed, strong, size):
    rng = np.random.default_rng(seed)
    image = ndimage.gaussian_filter(rng.normal(size=(18, 21, 16)), 2).astype(np.float32)
    transform = random_transform(rng, strong=strong)
    middle, target = (np.array(image.shape) - 1) / 2, (np.array(size) - 1) / 2
    # SciPy's grid-constant treats what lies beyond the image as torch does.
    expected = ndimage.affine_transform(
        image, transform, middle - transform @ target, output_shape=size, order=1, mode="grid-constant"
    )
    found = warp(torch.from_numpy(image)[None], transform, size, "bilinear")[0]
    np.testing.assert_allclose(found, expected, atol=2e-5)


@given(seed=st.integers(0, 2**31))
def test_a_rotation_keeps_volumes_and_half_of_them_are_mirrored(seed):
    transforms = [random_transform(np.random.default_rng((seed, i)), strong=False) for i in range(60)]
    determinants = np.array([np.linalg.det(t) for t in transforms])
    np.testing.assert_allclose(np.abs(determinants), 1)
    assert 10 < (determinants < 0).sum() < 50


def test_image_and_labels_are_moved_alike():
    labels = torch.zeros(1, 20, 20, 20)
    labels[0, 5:9, 8:15, 3:12] = 3
    transform = random_transform(np.random.default_rng(4), strong=True)
    moved = warp(labels, transform, (16, 16, 16), "nearest")
    image = warp(labels, transform, (16, 16, 16), "bilinear")
    assert set(moved.unique().tolist()) == {0, 3}
    assert ((image > 1.6) <= (moved == 3)).float().mean() > 0.98


@given(seed=st.integers(0, 2**31))
@settings(max_examples=20)
def test_intensities_change_inside_the_head_alone_and_by_their_seed(seed):
    image = torch.randn(3, 12, 12, 12, generator=torch.Generator().manual_seed(seed))
    image[:, :4] = 0
    image[2] = 0
    drawn = distort(image, range(3), np.random.default_rng(seed), 0.15)
    assert torch.isfinite(drawn).all()
    assert not drawn[:, :4].any()
    assert not drawn[2].any(), "an absent sequence stays absent"
    torch.testing.assert_close(drawn, distort(image, range(3), np.random.default_rng(seed), 0.15))
    two = distort(image[[1, 0]], [1, 0], np.random.default_rng(seed), 0.15)
    torch.testing.assert_close(two, drawn[[1, 0]])


def test_bias_fields_are_as_strong_as_they_may_be():
    flat = torch.ones(1, 16, 16, 16)

    def uneven(bias):
        drawn = [distort(flat, [0], np.random.default_rng(n), bias) for n in range(60)]
        eighths = [F.avg_pool3d(image, 8) for image in drawn]  # without noise
        return torch.stack([part.std() for part in eighths]).mean()

    assert uneven(0.0) < 0.1 * uneven(0.15) < 0.07 * uneven(0.3)


def test_each_non_empty_subset_of_what_exists_is_drawn_equally_often():
    rng = np.random.default_rng(0)
    drawn = [tuple(random_subset([True, False, True, True], rng, 0.0, {})) for _ in range(7000)]
    counts = {subset: drawn.count(subset) for subset in set(drawn)}
    assert len(counts) == 7
    assert all(not subset[1] for subset in counts)
    assert max(counts.values()) == pytest.approx(1000, abs=150)
    assert min(counts.values()) == pytest.approx(1000, abs=150)


def test_combinations_are_drawn_as_often_as_they_weigh_among_those_that_exist():
    rng = np.random.default_rng(0)
    weights = {(Modality.T1,): 4.0, (Modality.T2,): 9.0, (Modality.FLAIR, Modality.T1GD): 2.0}
    drawn = [tuple(random_subset([True, True, True, False], rng, 0.0, weights)) for _ in range(11000)]
    counts = {subset: drawn.count(subset) for subset in set(drawn)}
    assert len(counts) == 7
    assert counts.pop((False, True, False, False)) == pytest.approx(4000, rel=0.1)
    assert counts.pop((True, False, True, False)) == pytest.approx(2000, rel=0.1)
    assert list(counts.values()) == [pytest.approx(1000, abs=150)] * 5
