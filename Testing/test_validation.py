"""What training validates is what a user would get: cut to the brain, without specks."""

import numpy as np
import pytest
import torch
from conftest import call_all_tumour
from scipy import ndimage
from small_run import write_patients
from spherical_head import from_middle

from mstkd.data.cache import CachedCase
from mstkd.data.datalist import read_datalist
from mstkd.modalities import Modality
from mstkd.training.devices import make_fabric
from mstkd.training.validation import validation_dice

SHAPE = (48, 48, 48)
BRAIN_RADIUS, TUMOUR_RADIUS = 12, 6


@pytest.fixture
def head_on(tmp_path):
    """A prepared patient whose image reaches far beyond the brain."""
    case = next(c for c in read_datalist(write_patients(tmp_path)) if c.split == "validation")
    distance = from_middle(SHAPE)
    images = np.zeros((4, *SHAPE), np.float16)
    images[Modality.FLAIR.channel] = 1
    np.save(tmp_path / "images.npy", images)
    np.save(tmp_path / "labels.npy", (2 * (distance < TUMOUR_RADIUS)).astype(np.uint8))
    np.save(tmp_path / "brain.npy", distance < BRAIN_RADIUS)
    mask = [modality is Modality.FLAIR for modality in sorted(Modality, key=lambda m: m.channel)]
    return CachedCase(case, tmp_path, (mask[0], mask[1], mask[2], mask[3]))


def test_what_is_found_outside_the_brain_does_not_count_as_it_is_removed_for_a_user(head_on, small_network):
    call_all_tumour(small_network, 0.99)
    found = []
    rows = validation_dice(
        small_network,
        [head_on],
        [(Modality.FLAIR,)],
        make_fabric(torch.device("cpu"), "32-true"),
        lambda: False,
        lambda case, subset, tissues: found.append(tissues > 0),
    )
    from_brain = ndimage.distance_transform_edt(~head_on.brain)
    assert found[0][from_brain <= 3].all()
    assert not found[0][from_brain >= 4].any()
    tumour, kept = int((head_on.labels > 0).sum()), int(found[0].sum())
    whole = next(row for row in rows if row.region == "WT")
    assert whole.dice == pytest.approx(100 * 2 * tumour / (tumour + kept), abs=1e-3)


def test_what_a_model_is_too_unsure_of_does_not_count_either(head_on, small_network):
    call_all_tumour(small_network, 0.7)

    def whole_tumour(least):
        fabric = make_fabric(torch.device("cpu"), "32-true")
        given = [(Modality.FLAIR,)]
        rows = validation_dice(small_network, [head_on], given, fabric, lambda: False, least_part_probability=least)
        return next(row.dice for row in rows if row.region == "WT")

    assert whole_tumour(0.8) == 0
    assert whole_tumour(0.6) == whole_tumour(0) > 0
