"""The arms of an ablation: what each leaves out, how they are compared, and the command from end to end."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from small_run import write_config, write_patients
from test_cli import mstkd, sentence

from mstkd.errors import InputError
from mstkd.evaluation import measured
from mstkd.evaluation.ablation import Arm, ablation_report, arm_means
from mstkd.evaluation.layout import to_markdown
from mstkd.evaluation.scores import Score
from mstkd.runs import RunState, ask_stop, read_journal, read_run
from mstkd.store.card import FEWEST
from mstkd.training.ablation import ARMS, CONTROL, FULL, arm_config, run_ablation
from mstkd.training.config import PRESET_FOLDER, read_config
from mstkd.training.devices import make_fabric
from mstkd.training.locks import alone_on_device

CONFIG = read_config(PRESET_FOLDER / "quick.yaml")


def test_each_arm_leaves_out_one_thing_and_shares_the_rest():
    arms = {name: arm_config(CONFIG, name) for name in ARMS}
    assert arms[FULL] == CONFIG
    assert arms[CONTROL].teacher is None
    assert arms[CONTROL].distillation is None
    distillation = {name: config.distillation for name, config in arms.items() if name != CONTROL}
    assert distillation["without-ms-tkd"].ms_tkd is None
    assert distillation["without-gsme"].gsme is None
    assert distillation["without-slkd"].logit.kl == 0
    assert distillation["without-slkd"].logit.mse == CONFIG.distillation.logit.mse
    for config in arms.values():
        assert config.model_copy(update={"teacher": None, "distillation": None}) == arms[CONTROL]


@pytest.mark.parametrize("arm", [CONTROL, "without-gsme", "without-slkd"])
def test_an_ablation_of_a_part_is_refused(arm):
    with pytest.raises(InputError, match="starts from the full method"):
        arm_config(arm_config(CONFIG, arm), FULL)


def arm(name, shift, spread=0.0):
    """Twenty patients with two combinations each."""
    rng = np.random.default_rng(1)
    scores = []
    for case, extra in enumerate(rng.normal(0, 1, 20)):
        for modalities in ("FLAIR", "T1Gd", "all available"):
            for region in ("WT", "TC"):
                dice = 50 + extra + shift + spread * (-1) ** case
                scores.append(Score(str(case), modalities, region, dice, 10.0, False, False))
    return Arm(name, 10, 0.5, scores)


def test_the_interval_decides_whether_the_method_beats_the_control_arm():
    def verdict(shift, spread):
        arms = [arm(CONTROL, 0), arm(FULL, shift, spread)]
        return ablation_report(arms, CONTROL, FULL, {"X": 20}, {}).facts

    assert "WT: the full method is better than the control arm at this budget: +3.0 Dice points" in " ".join(
        verdict(3, 1)
    )
    assert "worse than" in " ".join(verdict(-3, 1))
    assert "not distinguishable from" in " ".join(verdict(1, 8))


def test_few_patients_decide_nothing():
    arms = [arm(CONTROL, 0), arm(FULL, 3)]
    few = [replace(one, scores=[score for score in one.scores if int(score.case) < FEWEST - 1]) for one in arms]
    said = " ".join(ablation_report(few, CONTROL, FULL, {"X": FEWEST - 1}, {}).facts)
    assert f"WT: too few patients ({FEWEST - 1})" in said
    assert "better than" not in said


def test_a_mean_is_first_taken_within_a_patient():
    scores = [Score("a", name, "WT", 80.0, 5.0, False, False) for name in ("FLAIR", "T1", "T2")]
    scores += [
        Score("b", "FLAIR", "WT", 40.0, 9.0, False, False),
        Score("b", "all available", "WT", 0.0, 9.0, False, False),
    ]
    (mean,) = arm_means(Arm("x", 1, 1.0, scores), {})
    assert (mean.dice, mean.hd95, mean.patients) == (60.0, 7.0, 2)


def test_table_4_stands_beside_the_arms_where_the_data_set_is_the_papers():
    arms = [arm(name, 0) for name in ARMS]
    with_paper = to_markdown(ablation_report(arms, CONTROL, FULL, {"BraTS2024": 20}, {}))
    for published in ("79.8", "78.3", "80.0", "81.8"):
        assert published in with_paper
    assert "81.8" not in to_markdown(ablation_report(arms, CONTROL, FULL, {"BraTS2021": 20}, {}))


def test_an_ablation_trains_measures_compares_and_goes_on_where_it_was(tmp_path):
    datalist = write_patients(tmp_path / "patients")
    phases = [{"steps": 2, "patch": [16, 16, 16], "learning_rate": 1e-3}]
    config = read_config(write_config(tmp_path / "config.yaml", phases=phases))
    said: list[str] = []

    def run(*arms, settings=config):
        return run_ablation(
            settings,
            datalist,
            tmp_path / "ablation",
            arms=arms,
            cache=tmp_path / "cache",
            fabric=make_fabric(torch.device("cpu"), "32-true"),
            device="cpu",
            listeners=(),
            say=said.append,
        )

    assert run(CONTROL, FULL)
    assert "No table yet: without-ms-tkd, without-gsme, without-slkd not measured." in said
    journal = tmp_path / "ablation" / FULL / "run" / "journal.jsonl"
    before = journal.read_bytes()
    assert run(*ARMS)
    assert journal.read_bytes() == before, "what is finished is not done again"
    rows = list(csv.DictReader((tmp_path / "ablation" / "ablation.csv").open()))
    assert [row["arm"] for row in rows] == [name for name in ARMS for _ in range(3)]
    assert {row["steps"] for row in rows} == {"2"}
    assert "too few patients (1) to tell" in (tmp_path / "ablation" / "ablation.md").read_text()
    assert (tmp_path / "ablation" / "ablation.html").stat().st_size > 1000
    card = json.loads((tmp_path / "ablation" / FULL / "model" / "card.json").read_text())
    assert card["accuracy"], "each arm's card carries its evaluation"
    samples = [
        [event["images"] for event in read_journal(tmp_path / "ablation" / name / "run") if event["event"] == "step"]
        for name in ARMS
    ]
    assert all(images == samples[0] for images in samples)
    with pytest.raises(InputError, match="started with another configuration"):
        run(FULL, settings=config.model_copy(update={"seed": 2}))


def test_the_command_refuses_an_unknown_arm_and_data_without_test_cases(tmp_path):
    datalist = write_patients(tmp_path / "patients")
    config = write_config(tmp_path / "config.yaml")
    answer = mstkd("ablate", config, "--data", datalist, "-o", tmp_path / "out", "--arm", "fulll")
    assert answer.returncode == 2
    assert "no arm 'fulll'" in sentence(answer)
    assert not (tmp_path / "out").exists()


def test_an_ablation_that_is_asked_to_stop_before_its_first_arm_trains_none(tmp_path):
    datalist, folder = write_patients(tmp_path / "patients"), tmp_path / "five"
    folder.mkdir()
    (folder / "stop").touch()
    complete = run_ablation(
        CONFIG,
        datalist,
        folder,
        arms=list(ARMS),
        cache=tmp_path / "cache",
        fabric=make_fabric(torch.device("cpu"), CONFIG.precision),
        device="cpu",
        listeners=(),
        say=lambda text: None,
    )
    assert not complete
    assert list(folder.iterdir()) == []


@pytest.fixture
def one_arm(tmp_path, fabric):
    """Train and measure the control arm, or go on with it."""
    datalist = write_patients(tmp_path / "patients")
    phases = [{"steps": 2, "patch": [16, 16, 16], "learning_rate": 1e-3}]
    config = read_config(write_config(tmp_path / "config.yaml", phases=phases))

    def run():
        return run_ablation(
            config,
            datalist,
            tmp_path / "five",
            arms=[CONTROL],
            cache=tmp_path / "cache",
            fabric=fabric,
            device="cpu",
            listeners=(),
            say=lambda text: None,
        )

    run.folder = tmp_path / "five" / CONTROL / "run"
    return run


@pytest.fixture
def fabric():
    return make_fabric(torch.device("cpu"), "32-true")


@pytest.fixture
def at_a_pass(monkeypatch):
    """Does something before each pass of the network that measures a model."""

    def _at(act):
        segment = measured.segment
        monkeypatch.setattr(measured, "segment", lambda *given, **options: (act(), segment(*given, **options))[1])

    return _at


def test_an_arm_that_is_measured_is_at_work_and_holds_its_device(one_arm, fabric, at_a_pass):
    seen = []

    def look():
        now = read_run(one_arm.folder)
        seen.append((now.state, now.text, now.step, now.steps))
        with (
            pytest.raises(InputError, match="is training on the CPU"),
            alone_on_device(Path("another"), fabric, share=False),
        ):
            pass

    at_a_pass(look)
    assert one_arm()
    assert set(seen) == {(RunState.RUNNING, "Measuring on the test cases: 1 of 1", 2, 2)}
    told = read_run(one_arm.folder)
    assert (told.state, told.text, told.step) == (RunState.FINISHED, "", 2)


def test_a_measurement_obeys_a_stop_and_is_taken_up_again(one_arm, at_a_pass):
    passes = []

    def stop_once():
        passes.append(1)
        if len(passes) == 1:
            ask_stop(one_arm.folder)

    at_a_pass(stop_once)
    assert not one_arm()
    assert len(passes) == 1
    assert read_run(one_arm.folder).state is RunState.STOPPED
    assert not (one_arm.folder / "stop").exists()
    assert not (one_arm.folder.parent / "evaluation").exists()
    trained = (one_arm.folder / "checkpoint.pt").read_bytes()
    assert one_arm()
    assert read_run(one_arm.folder).state is RunState.FINISHED
    assert (one_arm.folder / "checkpoint.pt").read_bytes() == trained


def test_a_measurement_that_fails_says_so_in_the_arm(one_arm, at_a_pass):
    def fail():
        raise InputError("The network's memory is too small; close other programs.")

    at_a_pass(fail)
    with pytest.raises(InputError, match="too small"):
        one_arm()
    told = read_run(one_arm.folder)
    assert (told.state, told.message) == (
        RunState.FAILED,
        "The network's memory is too small; close other programs.",
    )


def test_a_stop_left_by_an_earlier_ablation_stops_no_new_one(one_arm):
    stop = one_arm.folder.parents[1] / "stop"
    stop.parent.mkdir()
    stop.touch()
    os.utime(stop, (1e9, 1e9))
    assert one_arm()
    assert not stop.exists()
