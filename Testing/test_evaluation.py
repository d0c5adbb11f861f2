import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from monai.metrics import compute_dice

from mstkd.evaluation import dice, region_dice
from mstkd.regions import Region

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
