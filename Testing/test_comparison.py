"""Bootstrap intervals, paired differences and the published figures."""

from dataclasses import replace
from statistics import NormalDist

import numpy as np
import pytest

from mstkd.evaluation.against import OVERALL, paired
from mstkd.evaluation.bootstrap import interval
from mstkd.evaluation.metric import DICE
from mstkd.evaluation.published import AVERAGE, published_ablation, published_dataset, published_tables
from mstkd.evaluation.scores import NAMES, Score
from mstkd.evaluation.summary import accuracy, average, summarise
from mstkd.regions import REGIONS, Region
from mstkd.store.card import ALL, FEWEST

VALUES = np.random.default_rng(0).normal(70, 10, 400)


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_the_interval_of_many_values_is_the_normal_one(level):
    low, high = interval(VALUES, level=level)
    half = NormalDist().inv_cdf((1 + level) / 2) * VALUES.std() / np.sqrt(len(VALUES))
    assert low == pytest.approx(VALUES.mean() - half, abs=0.05 * half)
    assert high == pytest.approx(VALUES.mean() + half, abs=0.05 * half)


def test_the_interval_covers_the_true_mean_as_often_as_it_says():
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(300):
        low, high = interval(rng.exponential(1, 60), draws=1000)
        inside += low <= 1 <= high
    assert 0.89 < inside / 300 < 0.98


def test_an_interval_is_repeatable_and_follows_its_seed():
    assert interval(VALUES) == interval(VALUES)
    assert interval(VALUES) != interval(VALUES, seed=1)


def test_one_patient_has_no_width_and_none_no_interval():
    assert interval([3.0]) == (3, 3)
    with pytest.raises(ValueError, match="at least one"):
        interval([])


def scores(patients=8, names=(*NAMES, ALL), better=0.0, seed=0):
    rng = np.random.default_rng(seed)
    return [
        Score(f"p{p}", name, r.value, rng.uniform(40, 60) + better, rng.uniform(5, 9) - better / 10, False, False)
        for p in range(patients)
        for name in names
        for r in REGIONS
    ]


def test_a_model_against_itself_differs_by_nothing():
    found = paired(scores(), scores()[::-1], {})
    assert len(found) == (15 + 2) * 3
    assert {(d.dice, d.dice_low, d.dice_high, d.hd95, d.hd95_low, d.hd95_high) for d in found} == {(0,) * 6}
    assert {d.patients for d in found} == {8}


def test_the_better_model_has_more_dice_and_less_hd95():
    for ours, theirs, sign in [(scores(better=20), scores(seed=1), 1), (scores(seed=1), scores(better=20), -1)]:
        for row in paired(ours, theirs, {}):
            assert sign * row.dice_low > 0
            assert sign * row.dice_high > 0
            assert sign * row.hd95 < 0
            assert row.dice_low <= row.dice <= row.dice_high


def test_a_constant_lead_is_found_exactly():
    ours = scores()
    theirs = [replace(s, dice=s.dice - 2, hd95=s.hd95 + 1) for s in ours]
    assert {(d.dice, d.dice_low, d.dice_high, d.hd95) for d in paired(ours, theirs, {})} == {(2, 2, 2, -1)}


def test_only_pairs_count():
    theirs = [s for s in scores(4) if s.modalities in ("T2", ALL) and (s.case, s.region) != ("p0", "ET")]
    found = {(d.modalities, d.region): d.patients for d in paired(scores(8), theirs, {})}
    assert set(found) == {(name, r.value) for name in ("T2", OVERALL, ALL) for r in REGIONS}
    assert found["T2", "WT"] == 4
    assert found[OVERALL, "ET"] == 3
    assert paired(scores(), [replace(s, case="another") for s in theirs], {}) == []


def test_patients_are_resampled_and_not_their_rows():
    """One patient with 15 rows and one with a single row weigh the same."""
    ours = [*scores(1, NAMES), replace(scores(1, NAMES[:1])[0], case="other")]
    theirs = [replace(s, dice=s.dice - (10 if s.case == "other" else 0)) for s in ours]
    row = next(d for d in paired(ours, theirs, {}) if (d.modalities, d.region) == (OVERALL, "WT"))
    assert (row.patients, row.dice, row.dice_low, row.dice_high) == (2, 5, 0, 10)


@pytest.mark.parametrize("patients", [FEWEST - 1, FEWEST])
def test_an_interval_of_few_patients_is_not_shown(patients):
    drawn = [Score(str(n), "T2", "WT", 50 + n, 4, False, False) for n in range(patients)]
    cell, change = DICE.cell(summarise(drawn, {})[0]), DICE.change_cell(paired(drawn, drawn, {})[0])
    assert (" to " in cell.small, " to " in change.small) == (patients == FEWEST,) * 2


def test_means_averages_and_counts():
    some = [
        Score("a", "T2", "ET", 50, 4, False, False),
        Score("b", "T2", "ET", 0, 373.13, True, False),
        Score("a", "FLAIR", "ET", 0, 373.13, False, True),
        Score("a", ALL, "ET", 90, 1, False, False),
    ]
    means = summarise(some, {})
    assert [(m.modalities, m.cases, m.dice, m.missed, m.invented) for m in means] == [
        ("T2", 2, 25, 1, 0),
        ("FLAIR", 1, 0, 0, 1),
        (ALL, 1, 90, 0, 0),
    ]
    assert (means[0].dice_low, means[0].dice_high) == (0, 50)
    found = average(means, Region.ET)
    assert (found.combinations, found.dice, found.missed, found.invented) == (2, 12.5, 1, 1)
    assert average(means, Region.WT) is None
    assert accuracy(means)[0] == {
        "sequences": "T2",
        "region": "ET",
        "dice": 0.25,
        "dice_interval": [0.0, 0.5],
        "hd95_mm": 188.56,
        "missed": 1,
        "invented": 0,
        "cases": 2,
    }


@pytest.mark.parametrize("dataset", ["BraTS 2024", "FeTS 2024"])
@pytest.mark.parametrize("region", [r.value for r in REGIONS])
def test_the_published_averages_are_nearly_those_of_their_combinations(dataset, region):
    table = published_tables()[dataset]
    assert {name for name, _ in table} == {*NAMES, AVERAGE}
    for metric in ("dice", "hd95"):
        mean = np.mean([getattr(table[name, region], metric) for name in NAMES])
        assert getattr(table[AVERAGE, region], metric) == pytest.approx(mean, abs=0.3)


def test_the_ablation_ends_with_the_full_method():
    for dataset, table in published_ablation().items():
        assert {variant for variant, _ in table} == {"w/o MS-TKD", "w/o GSME", "w/o SLKD", "MST-KDNet"}
        full = published_tables()[dataset][AVERAGE, "ET"]
        assert table["MST-KDNet", "ET"] == full


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (["BraTS2024"], "BraTS 2024"),
        (["brats-2024", "BraTS 2024"], "BraTS 2024"),
        (["BraTS2024-GLI"], "BraTS 2024"),
        (["FeTS2024"], "FeTS 2024"),
        (["FeTS2024", "BraTS2024"], None),
        (["BraTS2024", "BraTS2021"], None),
        (["BraTS2024-PED"], None),
        (["BraTS2021"], None),
    ],
)
def test_a_data_set_is_the_papers_only_by_its_name(names, meant):
    assert published_dataset(names) == meant


def test_two_scans_of_a_patient_count_as_one():
    rows = [("a-1", 10.0), ("a-2", 20.0), ("b", 60.0)]
    found = [Score(case, "FLAIR", "WT", dice, 1.0, False, False) for case, dice in rows]
    patients = {"a-1": "a", "a-2": "a", "b": "b"}
    (mean,) = summarise(found, patients)
    assert (mean.cases, mean.patients, mean.dice) == (3, 2, 37.5), "the mean of patient a's 15 and of patient b's 60"
    assert (mean.dice_low, mean.dice_high) == (15, 60)
    worse = [replace(score, dice=score.dice - 5) for score in found]
    assert {d.patients for d in paired(found, worse, patients)} == {2}
