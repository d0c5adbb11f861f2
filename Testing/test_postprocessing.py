import numpy as np
import SimpleITK as sitk
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mstkd.inference.postprocessing import clean
from mstkd.regions import Region, Tissue, region_mask


@given(hnp.arrays(np.uint8, (10, 11, 12), elements=st.sampled_from([0, 0, 0, 0, 0, 1, 2, 3])))
def test_small_parts_go_as_in_simpleitk(tissues):
    voxel_ml = 0.02
    out, left_out = clean(tissues, np.ones(tissues.shape), voxel_ml)
    assert not left_out.any()
    before = sitk.GetImageFromArray(region_mask(tissues, Region.WT).astype(np.uint8))
    parts = sitk.RelabelComponent(sitk.ConnectedComponent(before, True), minimumObjectSize=1)
    parts = sitk.GetArrayFromImage(parts)
    sizes = np.bincount(parts.ravel(), minlength=2)[1:] * voxel_ml
    largest = sizes.max() if sizes.any() else 0.0
    kept = region_mask(out, Region.WT)
    for number, size in enumerate(sizes, start=1):
        part = kept[parts == number]
        if size >= 0.1:
            assert part.all()
        elif size < largest:
            assert not part.any()
    assert not kept[parts == 0].any()


@given(
    hnp.arrays(np.uint8, (8, 9, 10), elements=st.sampled_from([0, 0, 0, 0, 0, 1, 2, 3])),
    hnp.arrays(np.float32, (8, 9, 10), elements=st.floats(0.5, 1, width=32)),
    st.sampled_from([0.0, 0.6, 0.75, 0.9]),
)
def test_parts_are_left_out_whose_mean_probability_in_simpleitk_is_lower(tissues, probability, least):
    whole = sitk.GetImageFromArray(region_mask(tissues, Region.WT).astype(np.uint8))
    statistics = sitk.LabelStatisticsImageFilter()
    labels = sitk.ConnectedComponent(whole, True)
    statistics.Execute(sitk.GetImageFromArray(probability), labels)
    parts = sitk.GetArrayFromImage(labels)
    out, left_out = clean(tissues, probability, 1.0, least)
    for number in range(1, parts.max() + 1):
        if abs(statistics.GetMean(number) - least) > 1e-6:
            stays = statistics.GetMean(number) > least
            assert region_mask(out, Region.WT)[parts == number].all() == stays
            (told,) = np.unique(left_out[parts == number])
            assert (told > 0) != stays
            assert stays or not (left_out == told)[parts != number].any(), "a number of its own"
    assert not out[parts == 0].any()
    assert not left_out[parts == 0].any()


def test_specks_beside_an_unsure_part_neither_stay_nor_count_as_left_out():
    tissues = np.zeros((30, 30, 30), np.uint8)
    probability = np.full(tissues.shape, 0.75)
    tissues[2:12, 2:12, 2:12] = Tissue.SNFH
    tissues[20, 20, 20] = tissues[25, 25, 25] = Tissue.SNFH
    probability[20, 20, 20] = 0.95
    out, left_out = clean(tissues, probability, 0.001, 0.8)
    assert not out.any()
    np.testing.assert_array_equal(left_out > 0, tissues * (np.indices(tissues.shape).sum(0) < 36) > 0)


def test_a_tiny_tumour_that_is_all_there_is_stays_if_it_is_sure_and_else_is_a_speck():
    tissues = np.zeros((9, 9, 9), np.uint8)
    tissues[4, 4, 4] = Tissue.SNFH
    out, _ = clean(tissues, np.full(tissues.shape, 0.9), 0.001, 0.8)
    np.testing.assert_array_equal(out, tissues)
    out, left_out = clean(tissues, np.full(tissues.shape, 0.7), 0.001, 0.8)
    assert not out.any()
    assert not left_out.any()


def test_a_speck_of_enhancement_inside_the_tumour_becomes_core():
    tissues = np.zeros((12, 12, 12), np.uint8)
    tissues[2:10, 2:10, 2:10] = Tissue.SNFH
    tissues[3, 3, 3] = Tissue.ET
    tissues[6:9, 6:9, 6:9] = Tissue.ET
    out, _ = clean(tissues, np.ones(tissues.shape), 0.002)
    assert out[3, 3, 3] == Tissue.NETC
    assert (out[6:9, 6:9, 6:9] == Tissue.ET).all()


def test_nothing_found_stays_nothing():
    out, left_out = clean(np.zeros((5, 5, 5), np.uint8), np.ones((5, 5, 5)), 1.0, 0.8)
    assert not out.any()
    assert not left_out.any()
