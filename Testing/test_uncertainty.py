import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from mstkd.inference.uncertainty import entropy_percent
from mstkd.regions import region_probabilities

logits = hnp.arrays(np.float32, (4, 3, 4, 2), elements=st.floats(-30, 30, width=32))


@given(logits)
def test_it_is_the_normalised_entropy_of_the_four_classes_in_per_cent(logits):
    classes = np.exp(logits - logits.max(axis=0))
    classes /= classes.sum(axis=0)
    expected = 100 * stats.entropy(classes.astype(float), base=4, axis=0)
    found = entropy_percent(region_probabilities(classes))
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found, expected, atol=0.51)


@pytest.mark.parametrize(
    ("classes", "percent"),
    [
        ((1, 0, 0, 0), 0),
        ((0, 0, 1, 0), 0),
        ((0.25, 0.25, 0.25, 0.25), 100),
        ((0.5, 0, 0.5, 0), 50),
        ((0, 0.5, 0, 0.5), 50),
    ],
)
def test_certainty_is_0_and_equal_classes_are_100(classes, percent):
    regions = region_probabilities(np.reshape(np.array(classes, np.float32), (4, 1, 1, 1)))
    assert entropy_percent(regions).item() == percent


def test_rounding_beyond_the_limits_of_a_probability_is_harmless():
    tiny = np.float32(1e-6)
    for regions in [(1 + tiny, 1 + 2 * tiny, 0 - tiny), (-tiny, -tiny, -tiny), (1 + tiny, 1 + tiny, 1 + tiny)]:
        assert entropy_percent(np.reshape(np.array(regions, np.float32), (3, 1, 1, 1))).item() == 0
