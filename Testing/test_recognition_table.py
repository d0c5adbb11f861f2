"""The acceptance table of names and headers, and what holds for any name."""

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recognition_rows import SEQUENCES, answer, counts, rows

from mstkd.modalities import Modality
from mstkd.recognition import recognise_name

TABLE = rows()
NAMES = sorted({row["name"] for row in TABLE if not row["TR"] and not row["agent"] and row["expected"] in SEQUENCES})
# Where separators carry meaning: BIDS entities, plus signs, stars and C-.
MOVABLE = [name for name in NAMES if re.fullmatch(r"[A-Za-z0-9 _.]+", name)]


def test_the_table_is_large_and_half_of_it_was_not_written_for_the_rules():
    assert len(TABLE) >= 320
    assert sum(row["set"] != "development" for row in TABLE) >= 120
    assert {row["expected"] for row in TABLE} == {*SEQUENCES, "other", "untold"}


@pytest.mark.parametrize("part", ["heldout", "found", "found again", "found at last", "development"])
def test_hardly_a_wrong_answer_and_few_refusals(part):
    total = counts(row for row in TABLE if row["set"] == part)
    assert total["wrong"] < 0.01 * total["rows"]
    assert total["refused"] < 0.05 * total["tellable"]
    assert total["missed"] < 0.05 * total["rows"]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row["name"])
def test_every_answer_has_its_reason(row):
    given = answer(row)
    if given.modality is not None:
        assert given.evidence
        assert not given.conflict
        assert not given.other
    else:
        assert not given.evidence
        assert not (given.conflict and given.other)
        assert bool(given.conflict) >= bool(given.candidates)


@given(st.sampled_from(NAMES), st.sampled_from([str.upper, str.lower, str.swapcase, str.title]))
def test_case_does_not_matter(name, change):
    assert recognise_name(change(name)).modality is recognise_name(name).modality


@given(st.sampled_from(MOVABLE), st.sampled_from([" ", "_", ".", "__", "-"]))
def test_separators_do_not_matter(name, separator):
    changed = re.sub(r"[ _.]+", separator, name)
    assert recognise_name(changed).modality is recognise_name(name).modality


IDS = st.one_of(
    st.dates().map(lambda day: day.strftime("%Y%m%d")),
    st.dates().map(lambda day: day.isoformat()),
    st.from_regex(r"(PAT|MR|GBM|TCGA-0[0-9]|sub-|case)[0-9]{2,6}", fullmatch=True),
    st.integers(1, 99).map(str),
)


@given(st.sampled_from(NAMES), IDS, st.sampled_from(["_", " ", "__"]))
def test_a_date_or_a_patient_before_the_name_does_not_matter(name, patient, separator):
    assert recognise_name(patient + separator + name).modality is recognise_name(name).modality


DIFFUSION = st.sampled_from(["DWI", "DTI", "ADC", "ep2d_diff", "b1000", "TRACEW", "dwi_b0", "Diffusion"])


@given(DIFFUSION, st.sampled_from(NAMES), st.booleans())
def test_diffusion_never_becomes_a_sequence(word, name, first):
    given = recognise_name(f"{word} {name}" if first else f"{name} {word}")
    assert given.modality is None
    assert given.other


@given(st.text(max_size=40))
def test_any_text_is_answered_with_words_that_stand_in_it(text):
    given = recognise_name(text)
    for clause in given.evidence:
        assert clause.removeprefix("its name says '").removesuffix("'") in unicodedata.normalize("NFC", text)


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_may_be_characters_of_their_own(form):
    assert recognise_name(unicodedata.normalize(form, "T1 après injection")).modality is Modality.T1GD
    assert "localiser" in recognise_name(unicodedata.normalize(form, "Übersicht")).other
