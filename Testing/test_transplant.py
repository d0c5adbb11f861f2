"""A transplanted tumour is the donor's inside the recipient's brain, and the recipient's head is left alone."""

import numpy as np
import pytest
import torch
from scipy import ndimage
from small_run import write_patients

from mstkd.data.cache import load_cached
from mstkd.data.datalist import read_datalist
from mstkd.data.real import RealPatients
from mstkd.data.transplant import EDGE, transplant

SIDE = 24


@pytest.fixture
def recipient():
    brain = torch.zeros(SIDE, SIDE, SIDE, dtype=torch.bool)
    brain[4:20, 4:20, 4:20] = True
    return torch.ones(2, SIDE, SIDE, SIDE) * brain, torch.zeros(SIDE, SIDE, SIDE, dtype=torch.uint8), brain


@pytest.fixture
def donor():
    labels = torch.zeros(SIDE, SIDE, SIDE, dtype=torch.uint8)
    labels[14:23, 8:16, 8:16] = 2
    labels[15:18, 10:14, 10:14] = 3
    return torch.full((2, SIDE, SIDE, SIDE), 5.0), labels, torch.ones(SIDE, SIDE, SIDE, dtype=torch.bool)


def test_the_tumour_ends_where_the_brain_does(recipient, donor):
    image, labels = transplant(recipient, donor)
    brain = recipient[2]
    assert not labels[~brain].any()
    torch.testing.assert_close(labels[brain], donor[1][brain])
    torch.testing.assert_close(image[:, ~brain], recipient[0][:, ~brain])


def test_far_from_the_tumour_nothing_changes_and_deep_inside_all_is_the_donors(recipient, donor):
    image, _ = transplant(recipient, donor)
    tumour = ((donor[1] > 0) & recipient[2]).numpy()
    box = np.ones((EDGE,) * 3)
    far = torch.from_numpy(~ndimage.binary_dilation(tumour, box))
    deep = torch.from_numpy(ndimage.binary_erosion(tumour, box))
    assert deep.any()
    torch.testing.assert_close(image[:, far], recipient[0][:, far])
    torch.testing.assert_close(image[:, deep], donor[0][:, deep])


def test_the_recipients_own_tumour_stays(recipient, donor):
    recipient[1][5:7, 5:7, 5:7] = 1
    _, labels = transplant(recipient, donor)
    assert (labels[5:7, 5:7, 5:7] == 1).all()


def test_a_patch_with_a_transplant_has_what_both_patients_have_and_knows_what_both_know(tmp_path):
    datalist = read_datalist(write_patients(tmp_path))
    cases = [load_cached(case, tmp_path / "cache") for case in datalist if case.split == "train"]
    patients = RealPatients(cases, {}, "none", torch.device("cpu"), 0.15)
    sizes: dict[bool, list[int]] = {True: [], False: []}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        picked = patients.pick(rng, 1.0)
        image, labels = patients.draw(picked, picked.available, (32, 32, 32), rng, repainted=0.0, enhancing=False)
        two = picked.donor != picked.number
        sizes[two].append(int((labels > 0).sum()))
        assert image.flatten(1).any(1).tolist() == picked.available
        if two:
            assert picked.available == [True, False, False, False]
            assert picked.known == [True, False, False], "one of the two references knows the whole tumour alone"
    assert 5 < len(sizes[True]) < 25, "a patient that would be its own donor stays as it is"
    assert max(sizes[True]) > max(sizes[False])
