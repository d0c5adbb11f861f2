import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mstkd.errors import InputError
from mstkd.regions import (
    CONVENTIONS,
    REGIONS,
    Region,
    Tissue,
    from_probabilities,
    from_regions,
    region_mask,
    region_probabilities,
    segment_descriptions,
    tissue_descriptions,
    to_regions,
)

SHAPE = (3, 4, 5)
tissue_maps = hnp.arrays(np.uint8, SHAPE, elements=st.integers(0, 3))


@pytest.mark.parametrize(
    ("convention", "whole", "core", "enhancing"),
    [
        # From the data sets' own papers: which label values make up WT, TC and ET.
        ("brats2015", {1, 2, 3, 4}, {1, 3, 4}, {4}),
        ("brats2018-21", {1, 2, 4}, {1, 4}, {4}),
        ("brats2023", {1, 2, 3}, {1, 3}, {3}),
        ("brats2024-post", {1, 2, 3}, {1, 3}, {3}),
        ("decathlon", {1, 2, 3}, {2, 3}, {3}),
        ("fets", {1, 2, 4}, {1, 4}, {4}),
    ],
)
def test_each_convention_gives_the_published_regions(convention, whole, core, enhancing):
    values = np.array(sorted(CONVENTIONS[convention].to_tissue), dtype=np.uint8)
    tissues = CONVENTIONS[convention].decode(values)
    for region, expected in [(Region.WT, whole), (Region.TC, core), (Region.ET, enhancing)]:
        assert set(values[region_mask(tissues, region)].tolist()) == expected


@given(tissue_maps)
def test_regions_are_nested_and_lead_back_to_the_same_label_map(tissues):
    wt, tc, et = masks = to_regions(tissues)
    assert not (et & ~tc).any()
    assert not (tc & ~wt).any()
    np.testing.assert_array_equal(from_regions(masks), tissues)


@given(hnp.arrays(bool, (3, *SHAPE)))
def test_any_three_masks_become_nested_regions(masks):
    wt, tc, et = to_regions(from_regions(masks))
    np.testing.assert_array_equal(et, masks[2])
    np.testing.assert_array_equal(tc, masks[1] | masks[2])
    np.testing.assert_array_equal(wt, masks.any(axis=0))


@pytest.mark.parametrize("name", [n for n in CONVENTIONS if n != "whole-tumour"])
@given(tissues=tissue_maps)
def test_writing_in_a_convention_and_reading_back_keeps_the_tissues(name, tissues):
    convention = CONVENTIONS[name]
    np.testing.assert_array_equal(convention.decode(convention.encode(tissues)), tissues)


@given(tissue_maps)
def test_a_whole_tumour_reference_knows_only_the_whole_tumour(tissues):
    convention = CONVENTIONS["whole-tumour"]
    assert convention.regions == (Region.WT,)
    back = convention.decode(convention.encode(tissues))
    np.testing.assert_array_equal(region_mask(back, Region.WT), tissues > 0)


def test_the_resection_cavity_belongs_to_no_region():
    assert CONVENTIONS["brats2024-post"].decode(np.array([4])).item() == Tissue.BACKGROUND


@pytest.mark.parametrize(("values", "words"), [([0, 3], "label 3"), ([0.5], "fractions")])
def test_labels_that_do_not_fit_the_convention_are_refused(values, words):
    with pytest.raises(InputError, match=words):
        CONVENTIONS["brats2018-21"].decode(np.array(values), "seg.nii.gz")


@given(hnp.arrays(np.float64, (4, *SHAPE), elements=st.floats(0.001, 1)))
def test_probabilities_become_the_regions_whose_summed_share_reaches_one_half(raw):
    shares = raw / raw.sum(axis=0)
    tissues = from_probabilities(region_probabilities(shares))
    for region in REGIONS:
        expected = sum(shares[t] for t in region.tissues) >= 0.5
        np.testing.assert_array_equal(region_mask(tissues, region), expected)


def test_tissues_look_like_what_is_seen_of_the_nested_regions_and_do_not_overlap():
    regions = {entry["name"]: entry for entry in segment_descriptions()}
    tissues = {entry["name"]: entry for entry in tissue_descriptions()}
    assert [entry["labels"] for entry in tissues.values()] == [[1], [2], [3]]
    for tissue, region in {"NETC": "TC", "SNFH": "WT", "ET": "ET"}.items():
        assert tissues[tissue]["colour"] == regions[region]["colour"]
    assert tissues["SNFH"]["code"][0] == "79654002"
    assert tissues["NETC"]["code"][1] != "Necrosis", "not all of it is necrosis"
    assert all(d["code"] for d in [*tissues.values(), *segment_descriptions()]), "DICOM SEG needs one for each"
