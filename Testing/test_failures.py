"""The cases in which a model was worst are shown as they are."""

import io

import numpy as np
import pytest
from PIL import Image

from mstkd.evaluation.failures import (
    FOUND_COLOUR,
    REFERENCE_COLOUR,
    Failure,
    failure,
    failure_values,
    failures_picture,
    worst,
)
from mstkd.inference import Segmentation
from mstkd.modalities import Modality
from mstkd.preprocessing import Grid, Volume, prepare


@pytest.fixture
def patient():
    """A head of 40 mm in a field of 60 mm, 1 mm voxels, as FLAIR and as T2."""
    head = np.zeros((60, 60, 60), np.float32)
    head[10:50, 10:50, 10:50] = 100 + np.random.default_rng(0).normal(0, 5, (40, 40, 40))
    return prepare({m: Volume(head + 1 + m.channel, np.eye(4), m.label) for m in (Modality.FLAIR, Modality.T2)})


def box(low, high, shape=(60, 60, 60)):
    out = np.zeros(shape, np.uint8)
    out[low:high, low:high, low:high] = 2
    return out


def seen(patient, found, truth, grid=None):
    result = Segmentation(found, found, found, np.zeros_like(found), patient, (), None, "cpu")
    return failure("p1", result, found, truth, grid or Grid((60, 60, 60), np.eye(4)))


def test_it_is_seen_where_most_is_wrong_with_what_was_missed_and_invented(patient):
    truth, found = box(20, 30), box(20, 30)
    found[20:30, 20:30, 25] = 0  # a slice of 10 x 10 mm missed
    found[35:40, 35:40, 40] = 2  # 25 voxels invented elsewhere
    one = seen(patient, found, truth)
    assert (one.sequences, one.dice) == ("FLAIR, T2", round(100 * 2 * 900 / (1000 + 925), 4))
    assert one.missed_ml == pytest.approx(0.1)
    assert one.invented_ml == pytest.approx(0.025)
    assert (one.reference.sum(), one.found.sum()) == (100, 0)
    assert set(one.slices) == {Modality.FLAIR, Modality.T2}
    assert one.caption == (
        "p1 with FLAIR, T2: whole-tumour Dice 93.5 %, 0.1 mL of the reference missed, 0.0 mL invented."
    )


def test_volumes_are_those_of_the_references_own_voxels(patient):
    grid = Grid((30, 60, 60), np.diag([2.0, 1, 1, 1]))
    truth, found = np.zeros((2, 30, 60, 60), np.uint8)
    truth[10:15, 20:30, 20:30] = 1
    one = seen(patient, found, truth, grid)
    assert (one.dice, one.missed_ml) == (0, pytest.approx(1.0))
    assert one.reference.sum() == pytest.approx(100, abs=20), "drawn on the working grid of 1 mm"


def a_failure(case, dice):
    image = np.zeros((30, 20), np.float32)
    image[5:25, 4:16] = 0.5
    reference, found = np.zeros((2, 30, 20), bool)
    reference[8:14, 6:12], found[15:20, 6:12] = True, True
    return Failure(case, "FLAIR", dice, 1.0, 2.0, {Modality.FLAIR: image}, reference, found)


def test_the_three_worst_are_kept_the_worst_first_and_what_is_right_is_no_failure():
    given = [a_failure(name, dice) for name, dice in (("a", 80), ("b", 0), ("c", 100), ("d", 50), ("e", 90))]
    assert [one.case for one in worst(given)] == ["b", "d", "a"]
    assert worst([a_failure("c", 100)]) == []
    assert failure_values(worst(given))[1] == {
        "case": "d",
        "sequences": "FLAIR",
        "region": "WT",
        "dice": 0.5,
        "caption": given[3].caption,
    }


@pytest.mark.parametrize("count", [1, 3])
def test_the_picture_has_a_row_for_each_case_with_both_outlines(count):
    picture = failures_picture([a_failure(name, 10) for name in "abc"[:count]])
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("RGB")) / 255
    rows = np.array_split(pixels, count)
    for row in rows:
        for colour in (REFERENCE_COLOUR, FOUND_COLOUR):
            assert (abs(row - colour).max(axis=-1) < 0.02).sum() > 20
