"""Training that starts from a finished model."""

import json
import shutil

import pytest
import torch
from conftest import card
from small_run import write_config, write_patients

from mstkd.data.cache import load_cached
from mstkd.data.datalist import Case, read_datalist
from mstkd.errors import InputError
from mstkd.evaluation.sweep import seen_cases
from mstkd.modalities import Modality
from mstkd.models import load_package, write_package
from mstkd.network import MSTKDNet
from mstkd.training import loop
from mstkd.training.config import read_config
from mstkd.training.devices import make_fabric
from mstkd.training.export import Description, package_run
from mstkd.training.journal import Journal
from mstkd.training.loop import Trainer
from mstkd.training.run import continue_run, start_run
from mstkd.worker.requests import parse
from mstkd.worker.tasks import run as do

SHORT = [{"steps": 2, "patch": [16, 16, 16], "learning_rate": 1e-3}]
WORDS = Description(name="tuned", version="2", summary="s", licence="l", dataset_licences={"a": "l", "b": "l"})


@pytest.fixture
def datalist(tmp_path):
    return write_patients(tmp_path / "patients")


@pytest.fixture
def base(small_network, tmp_path):
    """A model that was trained on the patient d, and validated on e."""
    own = card()
    own["training"] |= {
        "data": [{"dataset": "Clinic", "patients": {"d": "0" * 64}, "licence": "of the clinic"}],
        "validation": ["e"],
    }
    write_package(tmp_path / "base", small_network, own)
    return tmp_path / "base"


@pytest.fixture
def config(tmp_path, base):
    return read_config(write_config(tmp_path / "config.yaml", phases=SHORT), [f"start_from={base}", "ema_decay=0"])


@pytest.fixture
def train(tmp_path, datalist):
    fabric = make_fabric(torch.device("cpu"), "32-true")

    def _train(config, name="run"):
        run = tmp_path / name
        if not run.exists():
            start_run(config, datalist, run)
        return continue_run(run, config, cache=tmp_path / "cache", fabric=fabric)

    return _train


def test_student_average_and_joint_teacher_start_from_the_models_weights(tmp_path, datalist, config, base):
    start_run(config, datalist, tmp_path / "run")
    training = [load_cached(case, tmp_path / "cache") for case in read_datalist(datalist) if case.split == "train"]
    trainer = Trainer(
        config,
        training,
        tmp_path / "run",
        fabric=make_fabric(torch.device("cpu"), "32-true"),
        validate=lambda *_: {},
        journal=Journal(tmp_path / "run"),
    )
    wanted = load_package(base).network.state_dict()
    for network in (
        trainer.student.module.network,
        trainer.average.network,
        trainer.teacher.trainee.module.network,
    ):
        for name, value in network.state_dict().items():
            torch.testing.assert_close(value, wanted[name], rtol=0, atol=0)


def test_a_resumed_run_goes_on_from_its_checkpoint_and_needs_the_model_no_more(
    tmp_path, train, config, base, monkeypatch
):
    whole = loop.Trainer.train
    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "train", lambda self, stop, pause: whole(self, lambda: self.step >= 1, pause))
        assert not train(config)
    (base / "weights.safetensors").unlink()
    assert train(config)


def test_the_card_names_the_model_it_comes_from_and_that_models_patients_count_as_seen(
    tmp_path, train, config, base, datalist
):
    assert train(config)
    (base / "card.json").unlink()  # the run has its own copy
    facts = package_run(tmp_path / "run", tmp_path / "tuned", WORDS)["training"]["base"]
    packed = load_package(tmp_path / "tuned")
    assert packed.card["training"]["base"] == facts
    assert (facts["name"], facts["version"], facts["licence"]) == ("small", "1", "none")
    assert facts["data"][0]["licence"] == "of the clinic"
    assert packed.card["training"]["configurations"][0]["start_from"] == "base", "not where it lay"
    cases = {case.id: case for case in read_datalist(datalist)}
    patients = {case.id: case.patient for case in cases.values()}
    assert seen_cases(packed.card, [cases["d"]], patients) == ["d"], "held out here, but the base trained on it"
    again = Case(**vars(cases["d"]) | {"id": "x", "patient": "e"})
    assert seen_cases(packed.card, [again], {**patients, "x": "e"}) == ["x"], "another scan of one that chose the base"

    second = read_config(tmp_path / "config.yaml", [f"start_from={tmp_path / 'tuned'}"])
    assert train(second, "second")
    package_run(tmp_path / "second", tmp_path / "twice", WORDS)
    twice = load_package(tmp_path / "twice").card
    assert twice["training"]["base"]["base"]["name"] == "small"
    assert seen_cases(twice, [cases["d"]], patients) == ["d"]


def test_a_package_may_take_a_share_of_its_weights_from_the_base(tmp_path, train, config, base):
    train(config)
    alone, half = tmp_path / "alone", tmp_path / "half"
    package_run(tmp_path / "run", alone, WORDS)
    package_run(tmp_path / "run", half, WORDS, base_share=0.5)
    begun, trained, mean = (load_package(folder).network.state_dict() for folder in (base, alone, half))
    for name, weight in mean.items():
        # As near as the steps of packaged weights are.
        near = 0.03 * float(weight.abs().max())
        torch.testing.assert_close(weight, (begun[name] + trained[name]) / 2, atol=near, rtol=0)
    assert any(not torch.equal(trained[name], mean[name]) for name in mean)
    assert load_package(half).card["training"]["base_share"] == 0.5
    assert "base_share" not in load_package(alone).card["training"]


def test_a_share_of_a_base_that_is_another_by_now_or_never_was_is_refused(tmp_path, train, config, base):
    train(config)
    card_file = base / "card.json"
    other = json.loads(card_file.read_text())
    other["weights"]["sha256"] = "0" * 64
    card_file.write_text(json.dumps(other))
    with pytest.raises(InputError, match="is another model than"):
        package_run(tmp_path / "run", tmp_path / "model", WORDS, base_share=0.5)
    train(read_config(write_config(tmp_path / "plain.yaml", phases=SHORT)), "plain")
    with pytest.raises(InputError, match="did not start from a model"):
        package_run(tmp_path / "plain", tmp_path / "model", WORDS, base_share=0.5)
    with pytest.raises(InputError, match="leave out --teacher"):
        package_run(tmp_path / "run", tmp_path / "model", WORDS, teacher=True, base_share=0.5)
    assert not (tmp_path / "model").exists()


def test_a_package_may_leave_out_what_it_is_unsure_of(tmp_path, train, config):
    train(config)
    package_run(tmp_path / "run", tmp_path / "model", WORDS, least_part_probability=0.8)
    assert load_package(tmp_path / "model").least_part_probability == 0.8
    with pytest.raises(InputError, match="is not from"):
        package_run(tmp_path / "run", tmp_path / "other", WORDS, least_part_probability=1.0)
    assert not (tmp_path / "other").exists()


def test_a_package_may_find_enhancement_without_a_sequence(tmp_path, train, config):
    train(config)
    package_run(tmp_path / "run", tmp_path / "model", WORDS, enhancement_without=[Modality.T2])
    assert load_package(tmp_path / "model").card["enhancement_without"] == ["t2"]
    with pytest.raises(InputError, match="shows in T1Gd alone"):
        package_run(tmp_path / "run", tmp_path / "other", WORDS, enhancement_without=[Modality.T1GD])
    assert not (tmp_path / "other").exists()


def test_a_model_with_a_second_look_can_be_base_and_teacher_and_hands_it_to_nobody(
    tmp_path, train, twice_looking_network
):
    write_package(tmp_path / "both", twice_looking_network, card())
    teacher = {"kind": "frozen", "package": str(tmp_path / "both"), "dice_weight": 0.0}
    config = write_config(tmp_path / "both.yaml", teacher=teacher, phases=SHORT)
    assert train(read_config(config, [f"start_from={tmp_path / 'both'}"]))
    package_run(tmp_path / "run", tmp_path / "model", WORDS, base_share=0.5)
    assert "enhancement_without" not in load_package(tmp_path / "model").card


def test_a_frozen_teachers_patients_count_as_seen_by_its_student(tmp_path, train, base, datalist):
    teacher = {"kind": "frozen", "package": str(base), "dice_weight": 0.0}
    taught = read_config(write_config(tmp_path / "taught.yaml", teacher=teacher, phases=SHORT))
    assert train(taught)
    shutil.rmtree(base)  # the run has its own copy
    package_run(tmp_path / "run", tmp_path / "student", WORDS)
    student = load_package(tmp_path / "student").card
    assert student["training"]["teacher"]["name"] == "small"
    cases = {case.id: case for case in read_datalist(datalist)}
    patients = {case.id: case.patient for case in cases.values()}
    assert seen_cases(student, [cases["d"]], patients) == ["d"], "held out here, but the teacher trained on it"

    tuned = read_config(write_config(tmp_path / "c.yaml", phases=SHORT), [f"start_from={tmp_path / 'student'}"])
    assert train(tuned, "second")
    package_run(tmp_path / "second", tmp_path / "twice", WORDS)
    twice = load_package(tmp_path / "twice").card
    assert seen_cases(twice, [cases["d"]], patients) == ["d"], "its base learnt from that teacher"


def test_a_student_whose_teacher_left_no_card_is_not_packaged_as_if_it_had_none(tmp_path, train, base):
    teacher = {"kind": "frozen", "package": str(base), "dice_weight": 0.0}
    assert train(read_config(write_config(tmp_path / "taught.yaml", teacher=teacher, phases=SHORT)))
    (tmp_path / "run" / "teacher.json").unlink()  # as of a run that is older than the copies
    with pytest.raises(InputError, match="which patients its teacher saw; put a copy"):
        package_run(tmp_path / "run", tmp_path / "student", WORDS)
    shutil.copy(base / "card.json", tmp_path / "run" / "teacher.json")
    assert package_run(tmp_path / "run", tmp_path / "student", WORDS)["training"]["teacher"]["name"] == "small"


def test_a_base_that_does_not_fit_is_refused_before_anything_is_made(tmp_path, datalist, config):
    for changes, words in (
        ({"start_from": tmp_path / "nowhere"}, "is no model package"),
        ({"network": "compact"}, r"is of another network than the configuration.*--set 'network="),
    ):
        with pytest.raises(InputError, match=words):
            start_run(config.model_copy(update=changes), datalist, tmp_path / "run")
        assert not (tmp_path / "run").exists()


def test_the_network_that_the_refusal_names_is_accepted(tmp_path, datalist, config):
    with pytest.raises(InputError) as refusal:
        start_run(config.model_copy(update={"network": "compact"}), datalist, tmp_path / "run")
    change = str(refusal.value).partition("--set '")[2].removesuffix("'.")
    start_run(
        read_config(tmp_path / "config.yaml", [change, f"start_from={config.start_from}"]), datalist, tmp_path / "run"
    )


def test_checked_settings_have_the_network_of_the_model_they_start_from(config, small_architecture):
    settings = config.as_dict() | {"network": "compact"}
    answer = do(parse(json.dumps({"task": "check_config", "settings": settings}).encode()), print, bool)
    assert answer["settings"]["network"] == {
        name: list(value) if isinstance(value, tuple) else value for name, value in vars(small_architecture).items()
    }
    del settings["network"]
    assert do(parse(json.dumps({"task": "check_config", "settings": settings}).encode()), print, bool) == answer


def test_a_run_keeps_to_the_model_it_was_made_for(tmp_path, datalist, train, config, base, small_architecture):
    start_run(config, datalist, tmp_path / "run")
    with pytest.raises(InputError, match="make a new run"):
        train(config.model_copy(update={"start_from": None}))
    torch.manual_seed(5)
    write_package(base, MSTKDNet(small_architecture), card())
    with pytest.raises(InputError, match="is another model than"):
        train(config)


def test_a_begun_run_takes_no_other_model_to_start_from(tmp_path, datalist, train, config, base, monkeypatch):
    whole = loop.Trainer.train
    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "train", lambda self, stop, pause: whole(self, lambda: self.step >= 1, pause))
        assert not train(config)
    shutil.copytree(base, tmp_path / "other")
    with pytest.raises(InputError, match="keeps the weights that it started from"):
        train(config.model_copy(update={"start_from": tmp_path / "other"}))
    assert read_config(tmp_path / "run" / "config.yaml").start_from == base
