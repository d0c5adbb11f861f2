import itertools

from mstkd.modalities import CHANNELS, COMBINATIONS, Modality, describe, missing

F, T1, GD, T2 = CHANNELS


def test_the_combinations_are_all_non_empty_subsets_once():
    subsets = {frozenset(c) for n in range(1, 5) for c in itertools.combinations(CHANNELS, n)}
    assert len(COMBINATIONS) == 15
    assert {frozenset(c) for c in COMBINATIONS} == subsets


def test_the_combinations_stand_in_the_order_of_the_papers_tables():
    # Bullets of table 1, read column by column.
    columns = {
        F: "000100101111101",
        T1: "001001110011011",
        GD: "010011000110111",
        T2: "100010011001111",
    }
    for modality, column in columns.items():
        assert "".join("1" if modality in c else "0" for c in COMBINATIONS) == column


def test_missing_sequences_are_said_in_channel_order():
    assert describe(missing([Modality.T1GD])) == "FLAIR, T1, T2"
    assert describe(missing(CHANNELS)) == "none"
