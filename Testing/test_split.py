"""A split keeps patients whole, meets its shares, and depends on the seed alone."""

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mstkd.data.split import Fractions, split_patients
from mstkd.errors import InputError

strata = st.dictionaries(st.text(min_size=1, max_size=6), st.sampled_from("abcd"), max_size=60)
shares = st.tuples(st.floats(0, 0.45), st.floats(0, 0.45)).map(lambda both: Fractions(*both))


@given(strata, shares, st.integers(0, 99))
def test_every_patient_has_one_side_and_the_shares_are_met_to_the_nearest_patient(patients, fractions, seed):
    sides = split_patients(patients, fractions, seed)
    assert set(sides) == set(patients)
    counts = Counter(sides.values())
    assert counts["test"] == round(fractions.test * len(patients))
    assert counts["validation"] == round(fractions.validation * len(patients))
    assert counts.total() == len(patients)


@given(strata, shares, st.integers(0, 99), st.randoms(use_true_random=False))
def test_the_order_of_the_patients_changes_nothing(patients, fractions, seed, order: random.Random):
    shuffled = list(patients.items())
    order.shuffle(shuffled)
    assert split_patients(dict(shuffled), fractions, seed) == split_patients(patients, fractions, seed)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6), shares, st.integers(0, 99))
def test_each_stratum_gives_its_share_as_far_as_whole_patients_allow(sizes, fractions, seed):
    patients = {f"{s}-{i}": s for s, size in enumerate(sizes) for i in range(size)}
    sides = split_patients(patients, fractions, seed)
    share = round(fractions.test * len(patients)) / len(patients)
    for stratum, size in enumerate(sizes):
        held_out = sum(sides[p] == "test" for p, s in patients.items() if s == stratum)
        assert abs(held_out - share * size) <= 1


def test_another_seed_holds_out_others():
    patients = {str(i): i for i in range(40)}
    assert split_patients(patients, Fractions(0.1, 0.2), 0) != split_patients(patients, Fractions(0.1, 0.2), 1)


@pytest.mark.parametrize(("validation", "test"), [(0.5, 0.5), (-0.1, 0.2), (0.1, 1.2)])
def test_shares_that_leave_nothing_to_train_on_are_refused(validation, test):
    with pytest.raises(InputError, match="leave nothing to train on"):
        Fractions(validation, test)
