"""What a model's card says to a person, and which cards are valid."""

import json

import pytest
from conftest import card
from PIL import Image
from typer.testing import CliRunner

from mstkd.cli.shared import app
from mstkd.errors import InputError
from mstkd.models import read_card, write_card, write_package
from mstkd.network import MSTKDNet

MEASURED = {
    "accuracy": [
        {"sequences": "FLAIR", "region": "WT", "dice": 0.712, "dice_interval": [0.6, 0.8], "cases": 12},
        {
            "sequences": "all available",
            "region": "ET",
            "dice": 0.5,
            "dice_interval": [0.33, 0.66],
            "missed": 1,
            "cases": 2,
        },
    ],
    "calibration": [
        {"sequences": "all available", "region": "WT", "ece": 0.061, "ece_interval": [0.04, 0.09], "cases": 12},
        {"sequences": "all available", "region": "TC", "ece": 0.2, "ece_interval": [0.1, 0.3], "cases": 3},
    ],
    "uncertainty": [
        {"sequences": "all available", "errors_flagged": 0.83, "errors_flagged_interval": [0.7, 0.9], "cases": 11},
        {"sequences": "T2", "errors_flagged": 0.5, "errors_flagged_interval": [0.4, 0.6], "cases": 2},
    ],
    "failures": [
        {"case": "p7", "sequences": "FLAIR, T1", "region": "WT", "dice": 0.12, "caption": "p7: Dice 12 %, 9 mL missed."}
    ],
    "not_for": ["Tumours after surgery: none was in the training data.", "Children."],
}


@pytest.fixture
def a_measured_package(small_architecture, tmp_path):
    training = {
        **card()["training"],
        "data": [{"dataset": "Hospital", "patients": {"p1": "0" * 64, "p2": "1" * 64}, "licence": "CC BY 4.0"}],
        "steps": 400,
        "hours": 2.5,
    }
    folder = tmp_path / "measured"
    write_package(folder, MSTKDNet(small_architecture), {**card(), **MEASURED, "training": training})
    for name in ("failures.png", "curves.png"):
        Image.new("RGB", (8, 8)).save(folder / name)
    return folder


@pytest.mark.parametrize(
    ("hours", "words"),
    [
        (0.001, "under a minute"),
        (0.0558, "3 minutes"),
        (0.99, "59 minutes"),
        (0.999, "1.0 hours"),
        (26.04, "26.0 hours"),
    ],
)
def test_the_time_of_a_training_is_told_in_a_fitting_unit(a_measured_package, hours, words):
    written = read_card(a_measured_package)
    write_card(a_measured_package, {**written, "training": {**written["training"], "hours": hours}})
    assert f"400 steps, {words}" in shown(a_measured_package)


def shown(*arguments):
    answer = CliRunner().invoke(app, ["models", "card", *map(str, arguments)])
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_a_card_with_all_that_is_measured_returns_as_it_was(a_measured_package):
    written = read_card(a_measured_package)
    assert {name: written[name] for name in MEASURED} == MEASURED


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("calibration", [{"sequences": "T2", "region": "WT", "ece": 3.1, "ece_interval": [0, 1], "cases": 2}]),
        ("uncertainty", [{"sequences": "T2", "errors_flagged": 0.5, "cases": 2}]),
        ("failures", [{"case": "a", "sequences": "T2", "region": "XX", "dice": 0.1, "caption": "c"}]),
        ("not_for", [""]),
        ("not_for", "Children."),
    ],
)
def test_a_figure_that_makes_no_sense_is_refused_and_the_earlier_card_stays(small_package, field, value):
    before = read_card(small_package)
    with pytest.raises(InputError, match=field):
        write_card(small_package, {**before, field: value})
    assert read_card(small_package) == before


def test_a_person_reads_what_it_is_what_it_is_not_for_and_how_good_it_is(a_measured_package):
    text = shown(a_measured_package)
    for words in (
        "Research use only.",
        "An untrained network for tests.",
        "Licence: none",
        "| Hospital | 2 | CC BY 4.0 | this model |",
        "Not for this: Children.",
        "| FLAIR | 71.2 (60.0 to 80.0, 12 cases) | - | - |",
        "| all available | - | - | 50.0 (2 cases, 1 missed) |",
        "WT 6.1 % (4.0 to 9.0, cases: 12), TC 20.0 % (cases: 3)",
        "| all available | 6.1 (4.0 to 9.0) | 20.0 | - | 83 (70 to 90) |",
        "| T2 | - | - | - | 50 |",
        "holds 83 % of the wrong voxels (70 to 90, cases: 11)",
        "p7: Dice 12 %, 9 mL missed.",
        "(failures.png)",
        "(curves.png)",
        "400 steps, 2.5 hours",
    ):
        assert words in text


def test_a_card_says_how_much_of_the_weights_is_the_bases(a_measured_package):
    measured = read_card(a_measured_package)
    base = {"name": "before", "version": "1", "licence": "CC0", "sha256": "0" * 64, "data": [], "validation": []}
    measured["training"] |= {"base": base, "base_share": 0.4}
    write_card(a_measured_package, measured)
    assert "40 % of the weights are before 1's" in shown(a_measured_package)


def test_a_card_says_what_enhancement_is_looked_for_without(a_measured_package):
    write_card(a_measured_package, read_card(a_measured_package) | {"enhancement_without": ["t1", "t2"]})
    assert "Given T1Gd, what of the tumour core enhances is decided without T1 and T2." in shown(a_measured_package)


def test_a_card_says_which_parts_are_left_out(a_measured_package):
    write_card(a_measured_package, read_card(a_measured_package) | {"least_part_probability": 0.8})
    assert "Parts of the whole tumour with a mean probability under 80 % are left out." in shown(a_measured_package)


def test_a_card_with_a_share_of_no_base_is_refused(a_measured_package):
    measured = read_card(a_measured_package)
    measured["training"] |= {"base_share": 0.4}
    with pytest.raises(InputError, match="'base' is a dependency of 'base_share'"):
        write_card(a_measured_package, measured)


def test_the_page_holds_its_pictures(a_measured_package, tmp_path):
    shown(a_measured_package, "-o", tmp_path / "card.html")
    page = (tmp_path / "card.html").read_text()
    assert page.count("data:image/png;base64,") == 2
    assert '<p class="notice">Research use only.</p>' in page


def test_a_card_from_before_says_what_was_not_measured(small_package):
    text = shown(small_package)
    assert "Its accuracy has not been measured." in text
    assert "## Accuracy" not in text
    assert "![" not in text


def test_the_sets_behind_a_base_and_its_teacher_are_named_too(a_measured_package):
    own = read_card(a_measured_package)
    origin = {"name": "old", "version": "3", "licence": "l", "sha256": "0" * 64, "validation": []}
    origin["data"] = [{"dataset": "Elsewhere", "patients": {"q": "2" * 64}, "licence": "own"}]
    base = {**origin, "teacher": {**origin, "name": "older"}}
    write_card(a_measured_package, {**own, "training": {**own["training"], "base": base}})
    text = shown(a_measured_package)
    assert "| Elsewhere | 1 | own | its base, old 3; its frozen teacher, older 3 |" in text
    assert text.count("| Elsewhere |") == 1, "the same patients under the same licence are told once"


def test_the_shipped_models_card_is_shown_by_its_name():
    assert "# compact-student" in shown("compact-student")


def test_a_model_that_is_not_there_is_refused_in_one_sentence(tmp_path):
    answer = CliRunner().invoke(app, ["models", "card", "nowhere"])
    assert answer.exit_code == 2
    (tmp_path / "card.json").write_text(json.dumps({"format": 1}))
    assert CliRunner().invoke(app, ["models", "card", str(tmp_path)]).exit_code == 2
