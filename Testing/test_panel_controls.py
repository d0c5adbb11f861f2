"""What the panel's controls and sentences say, from plain values, without Qt."""

import pytest
from MSTKDSegmentLib.Controls import Situation, controls
from MSTKDSegmentLib.Sentences import (
    deviceSentence,
    expectationSentence,
    foundSentence,
    resultRows,
    tableText,
)
from MSTKDSegmentLib.States import State

from mstkd.store import ExpectedDice

READY = {"chosen": {"flair": "v1", "t2": "v2"}, "model": "compact-student 1"}
BUSY = (State.PREPARING, State.RUNNING, State.IMPORTING)
MEASURED = {
    "WT": {"ml": 80.44, "longest_mm": 71.2, "perpendicular_mm": 50.0},
    "TC": {"ml": 30.04, "longest_mm": 40.0, "perpendicular_mm": 30.0},
    "ET": {"ml": 10.0, "longest_mm": 25.0, "perpendicular_mm": 20.0},
}
SUMMARY = {
    "sequences": {"FLAIR": {}, "T2": {}},
    "missing": ["T1", "T1Gd"],
    "measurements": MEASURED,
    "warnings": [],
}


def idle(**changes):
    return controls(State.IDLE, Situation(**{**READY, **changes}))


def test_a_chosen_volume_and_a_model_are_enough_to_segment():
    shown = idle(chosen={"t1": "v1"})
    assert shown.segment.enabled
    assert shown.segment.text == "Segment"
    assert not shown.progressVisible
    assert shown.messageLine == ""


def test_when_ready_the_line_under_segment_says_what_computes():
    assert (
        idle(device="PyTorch finds no GPU: on this computer's CPU.").stateLine
        == "PyTorch finds no GPU: on this computer's CPU."
    )


def test_a_report_that_will_be_written_is_said_beside_segment():
    assert idle(device="GPU.", report="/patients").stateLine == "GPU. Report goes to /patients."
    assert idle(device="GPU.", report="/patients", chosen={}).stateLine == "Choose at least one volume."


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"chosen": {}}, "Choose at least one volume."),
        ({"chosen": {"flair": "v", "t2": "v"}}, "FLAIR and T2 are the same volume; choose each once."),
        ({"chosen": {"flair": "v", "t1": "v", "t2": "v"}}, "FLAIR, T1 and T2 are the same volume; choose each once."),
        ({"mixed": "Volumes of different patients."}, "Volumes of different patients."),
        ({"reference": "t1gd"}, "T1Gd is the reference but is not chosen; choose its volume or another reference."),
        ({"model": ""}, "No model is installed; press Install model."),
        (
            {"missingPackages": ("torch",)},
            "The engine's packages are not installed yet; press Install packages.",
        ),
    ],
)
def test_a_disabled_segment_says_why_in_the_panel_and_in_its_tooltip(changes, reason):
    shown = idle(**changes)
    assert not shown.segment.enabled
    assert shown.segment.toolTip == shown.stateLine == reason


@pytest.mark.parametrize("state", BUSY)
def test_while_a_run_is_under_way_segment_is_cancel_and_the_inputs_rest(state):
    shown = controls(state, Situation(**READY, share=0.42, text="Finding the brain", message="old failure"))
    assert (shown.segment.text, shown.segment.enabled) == ("Cancel", True)
    assert (shown.progressVisible, shown.progress) == (True, 42)
    assert shown.stateLine == "Finding the brain"
    assert shown.messageLine == ""
    assert not shown.inputsEnabled
    assert not shown.modelsEnabled


def test_cancelling_cannot_be_pressed_twice():
    shown = controls(State.CANCELLING, Situation(**READY))
    assert not shown.segment.enabled
    assert shown.segment.text == "Cancelling…"


def test_a_failure_is_said_and_segment_works_again():
    shown = controls(State.FAILED, Situation(**READY, message="T1.nii is empty; load it again."))
    assert shown.messageLine == "T1.nii is empty; load it again."
    assert shown.segment.enabled


def test_a_run_that_started_with_installed_packages_can_always_be_cancelled():
    assert controls(State.RUNNING, Situation(missingPackages=("torch",))).segment.enabled


def test_packages_are_offered_only_when_they_are_missing():
    assert idle(missingPackages=("monai",)).installVisible
    assert not idle().installVisible


def test_the_shipped_model_cannot_be_removed_and_says_so():
    assert not idle(removable=False).remove.enabled
    assert "stays" in idle(removable=False).remove.toolTip
    assert idle(removable=True).remove.enabled


def test_the_expectation_names_what_is_missing_and_the_cards_dice():
    expected = {"WT": ExpectedDice(0.86, (0.8, 0.914), 9), "ET": ExpectedDice(0.4, None, 1)}
    assert expectationSentence(["t1gd", "flair"], expected) == (
        "FLAIR and T1Gd; T1 and T2 missing. Expected Dice for this combination, from the model card: "
        "WT 0.86 (95% interval 0.80 to 0.91, 9 cases), ET 0.40 (1 case)."
    )
    missed = expectationSentence(["t1gd"], {"WT": ExpectedDice(0.62, (0.4, 0.8), 9, missed=2)})
    assert missed.endswith("In 2 of 9 cases it found no tumour.")
    assert "no accuracy" in expectationSentence(["t1gd"], {})
    assert "enhancement cannot be seen" in expectationSentence(["flair", "t1"], {})
    assert expectationSentence([], {}) == "No volume is chosen yet."


CPU = {"device": "cpu", "device_name": "x86_64", "threads": 8}
GPU = {"device": "cuda", "device_name": "NVIDIA RTX A4000", "threads": 8}


@pytest.mark.parametrize(
    ("device", "wish", "seconds", "said"),
    [
        (CPU, "auto", 31.4, "PyTorch finds no GPU: this computer's CPU (8 threads), last time 31 s."),
        (
            CPU,
            "auto",
            None,
            "PyTorch finds no GPU: this computer's CPU (8 threads), about half a minute to a few minutes.",
        ),
        (GPU, "auto", 6.0, "GPU: NVIDIA RTX A4000, last time 6 s."),
        (GPU, "cpu", 31.0, "On this computer's CPU (8 threads): last time 31 s."),
        (None, "cpu", None, "This computer's CPU: about half a minute to a few minutes."),
    ],
)
def test_the_device_line_says_what_computes_and_how_long_it_takes(device, wish, seconds, said):
    assert deviceSentence(device, wish, seconds) == said


def test_the_table_has_the_measured_regions_in_ml_and_mm():
    assert [row[2:] for row in resultRows(SUMMARY, tissues=False)] == [
        ("80.4", "71.2", "50.0"),
        ("30.0", "40.0", "30.0"),
        ("10.0", "25.0", "20.0"),
    ]


def test_the_tissues_volumes_add_up_to_the_whole_tumours():
    rows = resultRows(SUMMARY, tissues=True)
    assert [row[0] for row in rows] == ["NETC", "SNFH", "ET"]
    assert sum(float(row[2]) for row in rows) == pytest.approx(80.44, abs=0.15)
    assert rows[0][3:] == ("-", "-")


def test_the_copied_table_has_a_header_and_one_line_for_each_region():
    lines = [line.split("\t") for line in tableText(resultRows(SUMMARY, tissues=False)).split("\n")]
    assert [len(line) for line in lines] == [4, 4, 4, 4]
    assert lines[1][1] == "80.4"


def test_an_empty_result_says_that_nothing_was_found():
    assert foundSentence({**SUMMARY, "missing": []}) == "Segmented from all four sequences."
    nothing = {"ml": 0.0, "longest_mm": 0.0, "perpendicular_mm": 0.0}
    assert "The segments are empty." in foundSentence({**SUMMARY, "measurements": dict.fromkeys(MEASURED, nothing)})
    assert foundSentence(SUMMARY) == "Segmented from FLAIR and T2; T1 and T1Gd missing."
