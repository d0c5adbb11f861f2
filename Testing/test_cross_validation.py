"""Cross-validation: who is in which fold, what is trained when, what the table says, and what is refused."""

import csv
import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import card
from hypothesis import given
from hypothesis import strategies as st
from run_parts import PLAIN
from small_run import write_config, write_patients
from test_cli import mstkd, sentence

from mstkd.data.cache import load_cached
from mstkd.data.datalist import Case, read_datalist
from mstkd.errors import InputError
from mstkd.inference.postprocessing import clean
from mstkd.inference.predictor import predict
from mstkd.models import write_package
from mstkd.network import MSTKDNet
from mstkd.preprocessing.grid import widened
from mstkd.regions import CONVENTIONS
from mstkd.runs import RunState, ask_stop, list_runs, read_journal, read_run
from mstkd.training import cross_validation
from mstkd.training.candidates import read_candidates
from mstkd.training.cross_validation import cross_validate, divide_folds

STEPS = 2
people = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=4),
    st.tuples(st.sampled_from("XYZ"), st.sampled_from(["train", "validation", "test"]), st.integers(1, 3)),
    min_size=2,
    max_size=40,
)


def known_as(patients):
    """Cases of patients, each with its data set, split and number of examinations."""
    convention = CONVENTIONS["whole-tumour"]
    return [
        Case(f"{name}-{number}", dataset, {}, Path("x"), convention, split, patient=name)
        for name, (dataset, split, cases) in patients.items()
        for number in range(cases)
    ]


@given(people, st.integers(2, 6), st.integers(0, 9))
def test_every_patient_but_those_of_the_test_is_in_one_fold_and_each_data_set_is_spread(patients, folds, seed):
    cases = known_as(patients)
    known = {name: dataset for name, (dataset, split, _) in patients.items() if split != "test"}
    if len(known) < folds:
        with pytest.raises(InputError, match="cannot be divided"):
            divide_folds(cases, folds, seed)
        return
    divided = divide_folds(cases, folds, seed)
    assert divided == divide_folds(cases, folds, seed)
    own = [{case.patient for case in fold if case.split == "validation"} for fold in divided]
    assert Counter(name for fold in own for name in fold) == Counter(list(known)), "disjoint, and all are there"
    for fold, held_out in zip(divided, own, strict=True):
        assert {case.id for case in fold} == {case.id for case in cases if case.patient in known}
        assert {case.patient for case in fold if case.split == "train"} == set(known) - held_out
    for group in [set(known), *({n for n in known if known[n] == dataset} for dataset in "XYZ")]:
        sizes = [len(fold & group) for fold in own]
        assert max(sizes) - min(sizes) <= 1


def with_another_examination(datalist):
    """The patient c, whose case is in the split validation, has a second one."""
    entries = json.loads(datalist.read_text())["cases"]
    entries += [{**entry, "id": "c-later", "patient": "c"} for entry in entries if entry["id"] == "c"]
    datalist.write_text(json.dumps({"cases": entries}))
    return datalist


class Commands:
    """One cross-validation in two folds of two candidates that start from one package each."""

    def __init__(self, place):
        self.place, self.folder = place, place / "choice"
        self.datalist = with_another_examination(write_patients(place / "patients"))
        self.base = write_config(
            place / "base.yaml",
            phases=[{"steps": STEPS, "patch": [16, 16, 16], "learning_rate": 3e-3}],
            ema_decay=0.99,
            **PLAIN,
        )
        self.changes = [f"start_from={place / 'first'}"]
        self.tries = [f"tuned: start_from={place / 'second'} seed=2"]

    def give(self, *changes, at=None, folds=2, tries=None):
        return cross_validate(
            read_candidates(self.base, [*self.changes, *changes], self.tries if tries is None else tries),
            self.datalist,
            self.folder,
            folds=folds,
            cache=self.place / "cache",
            device=torch.device("cpu"),
            listeners=(at or (lambda event: None),),
            say=lambda text: None,
        )

    def run(self, candidate, fold):
        return self.folder / candidate / f"fold-{fold}"

    def rows(self, name):
        with (self.folder / name).open(newline="") as file:
            return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def commands(tmp_path_factory, small_architecture):
    place = tmp_path_factory.mktemp("choice")
    for seed, name in ((1, "first"), (0, "second")):  # an untrained network of seed 1 finds a tumour
        torch.manual_seed(seed)
        write_package(place / name, MSTKDNet(small_architecture), card() | {"name": name})
    return Commands(place)


@pytest.fixture(scope="module")
def finished(commands):
    """Finished by the third command: one ended after the first run, one within the second run."""

    def after_the_first(event):
        if event["event"] == "finished":
            (commands.folder / "stop").touch()

    def within_the_second(event):
        if event["event"] == "step" and event["step"] == 1:
            ask_stop(commands.run("base", 2))

    assert not commands.give(at=after_the_first)
    first = (commands.run("base", 1) / "journal.jsonl").read_bytes()
    assert not commands.run("base", 2).exists()
    assert not commands.give(at=within_the_second)
    assert not commands.run("tuned", 1).exists()
    assert not (commands.folder / "choice.csv").exists()
    assert commands.give()
    assert (commands.run("base", 1) / "journal.jsonl").read_bytes() == first, "what is finished is not done again"
    return commands


def test_an_interrupted_command_goes_on_with_what_is_missing_and_no_step_is_made_twice(finished):
    for candidate in ("base", "tuned"):
        for fold in (1, 2):
            lines = (finished.run(candidate, fold) / "journal.jsonl").read_text().splitlines()
            made = [event["step"] for event in map(json.loads, lines) if event["event"] == "step"]
            assert made == [1, 2]


def test_the_runs_are_seen_by_name_when_runs_are_listed(finished):
    runs = list_runs(finished.place)
    assert {run.name for run in runs} == {f"choice/{name}/fold-{n}" for name in ("base", "tuned") for n in (1, 2)}
    assert {run.state for run in runs} == {RunState.FINISHED}


def test_test_cases_are_in_no_folds_datalist_and_a_patient_is_on_one_side(finished):
    held_out = []
    for fold in (1, 2):
        for candidate in ("base", "tuned"):
            cases = read_datalist(finished.run(candidate, fold) / "datalist.json")
            assert {case.id for case in cases} == {"a", "b", "c", "c-later"}
            sides = {
                split: {case.patient for case in cases if case.split == split} for split in ("train", "validation")
            }
            assert not sides["train"] & sides["validation"]
        held_out += sides["validation"]
    assert sorted(held_out) == ["a", "b", "c"]


def test_a_candidate_may_start_from_a_package_of_its_own(finished):
    for candidate, package in (("base", "first"), ("tuned", "second")):
        for fold in (1, 2):
            assert json.loads((finished.run(candidate, fold) / "base.json").read_text())["name"] == package


def test_the_tables_means_and_differences_follow_from_the_scores_of_patients(finished):
    values: dict[tuple[str, str], dict[str, list[float]]] = {}
    for row in finished.rows("choice_cases.csv"):
        own = values.setdefault((row["candidate"], row["region"]), {})
        own.setdefault(row["patient"], []).append(float(row["dice"]))
    means = {key: {patient: np.mean(dice) for patient, dice in own.items()} for key, own in values.items()}
    rows = finished.rows("choice.csv")
    assert list(dict.fromkeys(row["candidate"] for row in rows)) == ["base", "base, flips", "base, no EMA", "tuned"]
    assert {row["region"]: row["patients"] for row in rows} == {"WT": "3", "TC": "2", "ET": "2"}
    for row in rows:
        own, base = means[row["candidate"], row["region"]], means["base", row["region"]]
        assert float(row["dice"]) == pytest.approx(np.mean(list(own.values())), abs=1e-3)
        difference = np.mean([own[patient] - base[patient] for patient in base])
        assert float(row["difference"]) == pytest.approx(difference, abs=1e-3)
        assert float(row["difference_low"]) <= float(row["difference"]) <= float(row["difference_high"])
        assert min(own.values()) - 1e-3 <= float(row["dice_low"]) <= float(row["dice_high"])
    page = (finished.folder / "choice.md").read_text()
    assert "start_from=" in page
    assert "3 of the splits train and validation in 2 folds; a (1), b (1), c (1)" in page
    assert (finished.folder / "choice.html").stat().st_size > 1000


def test_each_patient_is_scored_by_the_student_that_did_not_see_it(finished, small_network):
    """Whole-tumour Dice from FLAIR of every case, computed anew from weights and cached images."""
    found = {
        (row["candidate"], row["case"]): float(row["dice"])
        for row in finished.rows("choice_cases.csv")
        if (row["modalities"], row["region"]) == ("FLAIR", "WT")
    }
    assert len(found) == 4 * 4
    uses = {name: [found[name, case] for case in ("a", "b", "c")] for name in ("base", "base, flips", "base, no EMA")}
    assert len(set(map(tuple, uses.values()))) == 3, "else one could be taken for the other"
    for fold in (1, 2):
        state = torch.load(finished.run("base", fold) / "checkpoint.pt", weights_only=True)
        trainee = state["student"]["module"]
        last = {name[len("network.") :]: w for name, w in trainee.items() if name.startswith("network.")}
        average = state["average"]["network"]
        for case in read_datalist(finished.run("base", fold) / "datalist.json"):
            if case.split != "validation":
                continue
            cached = load_cached(case, finished.place / "cache")
            for name, weights, flips in (
                ("base", average, False),
                ("base, flips", average, True),
                ("base, no EMA", last, False),
            ):
                assert found[name, case.id] == pytest.approx(
                    whole_tumour(small_network, weights, cached, flips), abs=1e-3
                )


def whole_tumour(network, weights, cached, flips):
    network.load_state_dict(weights)
    images = np.array(cached.images, np.float32)
    images[1:] = 0
    mask = (True, False, False, False)
    tumour = predict(network, images, mask, device=torch.device("cpu"), flips=flips)[1:].sum(0) > 0.5
    tissues, _ = clean(2 * (tumour & widened(cached.brain, 3)), np.ones(tumour.shape), 0.001)
    p = tissues > 0
    r = np.asarray(cached.labels) > 0
    return 100 * (2 * (p & r).sum() / (p.sum() + r.sum()) if p.any() or r.any() else 1)


def test_a_runs_own_file_holds_what_its_journal_means(finished):
    run = finished.run("tuned", 1)
    told = [event["dice"] for event in read_journal(run) if event["event"] == "validation"]
    assert len(told) == 1, "validated once, after the last step"
    values: dict[tuple[str, str], list[float]] = {}
    with (run / "validation.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            values.setdefault((row["modalities"], row["region"]), []).append(float(row["dice"]) / 100)
    assert {(names, region) for names, own in told[0].items() for region in own} == set(values)
    for (names, region), own in values.items():
        assert told[0][names][region] == pytest.approx(np.mean(own), abs=1e-4)


def test_a_measurement_obeys_a_stop_and_is_taken_up_again(finished, monkeypatch):
    run = finished.run("base", 1)
    wanted = (run / "validation_flips.csv").read_bytes()
    (run / "validation_flips.csv").unlink()
    measured = cross_validation.validation_dice
    with monkeypatch.context() as patch:
        patch.setattr(cross_validation, "validation_dice", lambda *a, **k: (ask_stop(run), measured(*a, **k))[1])
        assert not finished.give()
    assert not (run / "validation_flips.csv").exists()
    assert read_run(run).state is RunState.STOPPED
    assert finished.give()
    assert (run / "validation_flips.csv").read_bytes() == wanted
    assert read_run(run).state is RunState.FINISHED


def test_other_settings_folds_or_patients_in_the_same_folder_are_refused(finished):
    before = {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*")}
    with pytest.raises(InputError, match="base/fold-1 was started with another configuration; choose another folder"):
        finished.give("optimizer.warmup=1")
    with pytest.raises(InputError, match="tuned/fold-1 was started with another configuration"):
        finished.give(tries=["tuned: seed=3"])
    with pytest.raises(InputError, match="divides other patients, or them otherwise"):
        finished.give(folds=3)
    assert {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*")} == before


WRONG = {
    "no name": ("seed=2", "no candidate"),
    "no settings": ("more:", "no candidate"),
    "a name that is a path": ("../more: seed=2", "no candidate"),
    "an open quotation mark": ("more: 'seed=2", "no candidate"),
    "the base's name": ("base: seed=2", "is there already"),
    "an unknown setting": ("more: sampling.sized=2", "--try more: .*sampling.sized"),
    "a value of a wrong kind": ("more: seed=no-number", "--try more: "),
    "other combinations": ("more: validation.combinations=all", "changes how it is measured"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_candidate_is_refused(case, tmp_path):
    text, reason = WRONG[case]
    with pytest.raises(InputError, match=reason):
        read_candidates(write_config(tmp_path / "config.yaml"), [], [text])


def test_a_value_with_spaces_stands_in_quotes(tmp_path):
    text = "long: 'phases=[{steps: 5, patch: [16, 16, 16], learning_rate: 1.0e-3}]' seed=4"
    _, config = read_candidates(write_config(tmp_path / "config.yaml"), ["ema_decay=0.25"], [text])["long"]
    assert (config.steps, config.seed, config.ema_decay, config.validation.every) == (5, 4, 0.25, 5)


def test_the_command_refuses_a_candidate_of_which_no_run_can_be_made_before_anything_is(tmp_path):
    datalist, config = write_patients(tmp_path / "patients"), write_config(tmp_path / "config.yaml")
    given_ = ["cross-validate", config, "--data", datalist, "-o", tmp_path / "out", "--folds", "2"]
    answer = mstkd(*given_, "--try", f"tuned: start_from={tmp_path / 'nowhere'}")
    assert answer.returncode == 2
    assert "nowhere" in sentence(answer)
    assert not (tmp_path / "out").exists()
