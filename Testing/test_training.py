"""A run as a whole: it trains, stops, resumes, fails in a sentence, becomes a package."""

import json
import math
import shutil
import sys
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
import torch
from conftest import card
from filelock import FileLock
from safetensors.torch import load_file
from small_run import write_config, write_patients
from test_cli import mstkd, sentence

from mstkd.errors import InputError
from mstkd.evaluation.case_dice import CaseDice
from mstkd.models import load_package, write_package
from mstkd.models.encoding import decoded, encoded
from mstkd.network import MSTKDNet
from mstkd.runs import read_journal
from mstkd.training import loop
from mstkd.training.average import MovingAverage
from mstkd.training.checkpoint import BEST, load_checkpoint, save_checkpoint
from mstkd.training.config import read_config
from mstkd.training.curves import curve_points, draw_curves, smoothing
from mstkd.training.devices import make_fabric
from mstkd.training.export import Description, package_run, read_description
from mstkd.training.journal import Journal
from mstkd.training.provenance import revision
from mstkd.training.randomness import random_states, seed_all, set_random_states
from mstkd.training.run import continue_run, start_run

WORDS = Description(name="x", version="1", summary="s", licence="l", dataset_licences={"a": "l", "b": "l"})
TERMS = {"dice", "evd", "mst", "logit_mse", "logit_kl", "style", "adversarial", "teacher_dice", "discriminator"}


@pytest.fixture(scope="module")
def fabric():
    return make_fabric(torch.device("cpu"), "32-true")


@pytest.fixture
def datalist(tmp_path):
    return write_patients(tmp_path / "patients")


@pytest.fixture
def config_file(tmp_path):
    return write_config(tmp_path / "config.yaml")


@pytest.fixture
def train(tmp_path, datalist, config_file, fabric):
    """Train a run in a folder of that name, or go on with it; with changed settings if any are given."""

    def _train(name, *changes):
        run = tmp_path / name
        config = read_config(run / "config.yaml" if run.exists() else config_file, changes)
        if not run.exists():
            start_run(config, datalist, run)
        return continue_run(run, config, cache=tmp_path / "cache", fabric=fabric)

    return _train


@pytest.fixture(scope="module")
def whole(tmp_path_factory, fabric):
    """A run that nothing befell."""
    folder = tmp_path_factory.mktemp("whole")
    config, run = read_config(write_config(folder / "config.yaml")), folder / "run"
    start_run(config, write_patients(folder / "patients"), run)
    assert continue_run(run, config, cache=folder / "cache", fabric=fabric)
    return run


def events(run, kind):
    return [event for event in read_journal(run) if event["event"] == kind]


def packaged(weight):
    return decoded(encoded({"weight": weight}))["weight"].float()


def stop_after(monkeypatch, step):
    train = loop.Trainer.train
    monkeypatch.setattr(loop.Trainer, "train", lambda self, stop, pause: train(self, lambda: self.step >= step, pause))


def test_a_run_trains_validates_and_becomes_a_package_of_student_or_teacher(tmp_path, whole):
    steps = events(whole, "step")
    assert [event["step"] for event in steps] == [1, 2, 3, 4, 5, 6]
    assert [event["images"] for event in steps] == [2, 4, 6, 8, 10, 12]
    for event in steps:
        assert set(event) >= TERMS | {"loss", "learning_rate", "gradient_norm", "seconds", "memory_gb"}
        assert all(math.isfinite(event[name]) for name in TERMS)
    assert [event["step"] for event in events(whole, "validation")] == [4, 6]
    assert set(events(whole, "validation")[0]["dice"]) == {"FLAIR"}, "the only validation patient has no T1Gd"

    package_run(whole, tmp_path / "student", WORDS.model_copy(update={"not_for": ["Children."]}))
    package_run(whole, tmp_path / "teacher", WORDS, teacher=True)
    student, teacher = (load_package(tmp_path / name) for name in ("student", "teacher"))
    assert student.card["not_for"] == ["Children."]
    assert "not_for" not in teacher.card
    training = student.card["training"]
    assert training["steps"] == 6
    assert [set(data["patients"]) for data in training["data"]] == [{"a"}, {"b"}]
    assert training["chosen"] == events(whole, "validation")[-1]["best"]
    assert [point[0] for point in training["curves"]["losses"]["dice"]] == [1, 2, 3, 4, 5, 6]
    assert (tmp_path / "student" / "curves.png").stat().st_size > 10_000
    weights = load_checkpoint(whole)["teacher"]["module"]
    for name, value in teacher.network.state_dict().items():
        torch.testing.assert_close(value, packaged(weights[f"network.{name}"]))
    assert (student.card["name"], teacher.card["name"]) == ("x", "x-teacher")
    assert not torch.equal(student.network.encoder.stem.weight, teacher.network.encoder.stem.weight)


def test_the_best_validated_student_is_packaged_not_the_last(tmp_path, train, monkeypatch):
    scores = iter([90.0, 20.0])
    monkeypatch.setattr("mstkd.training.run.validation_dice", lambda *_: [CaseDice("c", "FLAIR", "WT", next(scores))])
    train("run")
    package_run(tmp_path / "run", tmp_path / "package", WORDS)
    best = load_file(tmp_path / "run" / BEST)
    packed = load_package(tmp_path / "package")
    assert packed.card["training"]["chosen"] == {"score": 0.9, "step": 4}
    for name, value in packed.network.state_dict().items():
        torch.testing.assert_close(value, packaged(best[name]))


def test_the_last_student_is_packaged_as_such_where_the_best_one_was_removed(tmp_path, train):
    train("run")
    (tmp_path / "run" / BEST).unlink()
    package_run(tmp_path / "run", tmp_path / "package", WORDS)
    assert "chosen" not in load_package(tmp_path / "package").card["training"]


def test_weights_that_the_checkpoint_does_not_call_best_are_not_packaged(tmp_path, train, monkeypatch):
    train("run")
    first = load_file(tmp_path / "run" / BEST)
    longer = ["phases.1.steps=8", "validation.every=100", "validation.combinations=[flair, t1]"]
    stop_after(monkeypatch, 8)
    assert not train("run", *longer)
    package_run(tmp_path / "run", tmp_path / "package", WORDS)
    packed = load_package(tmp_path / "package")
    assert "chosen" not in packed.card["training"]
    assert any(not torch.equal(value, packaged(first[name])) for name, value in packed.network.state_dict().items())


def test_scores_of_other_combinations_are_not_compared_after_a_resumption(tmp_path, train, monkeypatch):
    scores = iter([90.0, 80.0, 20.0])
    monkeypatch.setattr("mstkd.training.run.validation_dice", lambda *_: [CaseDice("c", "FLAIR", "WT", next(scores))])
    train("run")
    run = tmp_path / "run"
    first = load_file(run / BEST)
    train("run", "validation.combinations=[flair, t1]")
    assert events(run, "validation")[-1]["best"] == {"score": 0.2, "step": 6}
    assert any(not torch.equal(value, first[name]) for name, value in load_file(run / BEST).items())


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        (["teacher=null", "distillation=null"], TERMS - {"dice"}),
        (["distillation.ms_tkd=null"], {"evd", "mst"}),
        (["distillation.gsme=null"], {"style", "adversarial", "discriminator"}),
        (["distillation.gsme.adversarial=0"], {"adversarial", "discriminator"}),
        (["teacher.kind=ema"], {"teacher_dice"}),
        (["distillation.teacher_gradients=true"], set()),
        (["distillation.ms_tkd.reduce=layers", "activation_checkpointing=true", "ema_decay=0"], set()),
        (["optimizer.name=adam", "sampling.augmentation=paper", "deep_supervision=[]"], set()),
    ],
)
def test_every_variant_trains_and_leaves_out_just_its_terms(tmp_path, train, changes, absent):
    assert train("run", "phases.0.steps=1", "phases.1.steps=1", *changes)
    for event in events(tmp_path / "run", "step"):
        assert {name for name in TERMS if name not in event} == absent


def test_a_finished_model_can_teach_and_one_of_another_architecture_only_by_its_logits(tmp_path, train, small_package):
    frozen = ["teacher.kind=frozen", f"teacher.package={small_package}"]
    assert train("run", *frozen)
    assert "teacher_dice" not in events(tmp_path / "run", "step")[0]
    with pytest.raises(InputError, match="trained no teacher beside its student"):
        package_run(tmp_path / "run", tmp_path / "new", WORDS, teacher=True)
    with pytest.raises(InputError, match="another architecture"):
        train("other", *frozen, "network.hidden=32")
    assert train("logits", *frozen, "network.hidden=32", "distillation.ms_tkd=null", "distillation.gsme=null")


def test_a_term_that_drowns_is_reported_at_the_first_step(tmp_path, train):
    train("run", "distillation.gsme.style=1000000", "distillation.ms_tkd.mst=1e-9")
    (first,) = events(tmp_path / "run", "first_terms")
    assert {"style", "mst"} <= set(first["outside"])
    assert "logit_kl" in first["weighted"], "measured as after the ramp, not as 0"


def test_a_stopped_run_resumes_to_the_same_weights_bit_for_bit(tmp_path, train, whole, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 3)
        assert not train("halved")
    assert load_checkpoint(tmp_path / "halved")["step"] == 3
    assert train("halved")
    assert_same(load_checkpoint(whole), load_checkpoint(tmp_path / "halved"))


def assert_same(a, b):
    assert type(a) is type(b)
    if isinstance(a, torch.Tensor):
        assert torch.equal(a, b)
    elif isinstance(a, dict):
        assert a.keys() == b.keys()
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, list | tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    else:
        assert a == b


def test_a_run_goes_on_with_changed_settings_and_says_so(tmp_path, train, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        train("run")
    assert train("run", "phases.1.learning_rate=1e-5", "optimizer.weight_decay=0.5")
    starts = events(tmp_path / "run", "start")
    assert [start["config"]["phases"][1]["learning_rate"] for start in starts] == [5e-4, 1e-5]
    assert read_config(tmp_path / "run" / "config.yaml").phases[1].learning_rate == 1e-5
    (group,) = load_checkpoint(tmp_path / "run")["student"]["optimizer"]["param_groups"]
    assert group["weight_decay"] == 0.5, "the optimiser uses what the card will say"


def test_a_change_that_does_not_fit_the_checkpoint_is_refused_and_leaves_the_run_as_it_is(tmp_path, train, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        train("run")
    before = (tmp_path / "run" / "config.yaml").read_text()
    with pytest.raises(InputError, match="another network, teacher or optimiser"):
        train("run", "network.hidden=32")
    assert (tmp_path / "run" / "config.yaml").read_text() == before
    assert train("run")


def test_a_run_stopped_in_a_validation_owes_it_and_ends_as_an_uninterrupted_one(tmp_path, train, whole, monkeypatch):
    run = loop.Trainer.train
    with monkeypatch.context() as patch:
        asked = []

        def stop_in_validation(self, stop, pause):
            def impatient():
                asked.append(self._validation_due())
                return asked[-1]

            return run(self, impatient, pause)

        patch.setattr(loop.Trainer, "train", stop_in_validation)
        assert not train("owing")
    assert load_checkpoint(tmp_path / "owing")["step"] == 4
    assert events(tmp_path / "owing", "validation") == []
    assert train("owing")
    assert [event["step"] for event in events(tmp_path / "owing", "validation")] == [4, 6]
    assert_same(load_checkpoint(whole), load_checkpoint(tmp_path / "owing"))


def test_a_run_keeps_to_the_teacher_it_began_with(tmp_path, train, small_package, small_architecture, monkeypatch):
    frozen = ["teacher.kind=frozen", f"teacher.package={small_package}"]
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        train("run", *frozen)
    write_package(small_package, MSTKDNet(small_architecture), card())
    with pytest.raises(InputError, match="another teacher"):
        train("run")


def test_a_refused_start_leaves_no_folder(tmp_path, train, fabric):
    with pytest.raises(InputError, match="lacks the data set 'x', which the configuration weighs"):
        train("run", "sampling.dataset_weights={x: 2}")
    with pytest.raises(InputError, match="is no model package"):
        train("run", "teacher.kind=frozen", "teacher.package=nowhere")
    assert not (tmp_path / "run").exists()
    assert train("run", "phases.1.steps=1")


def test_two_processes_do_not_train_one_run(tmp_path, train, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        train("run")
    with FileLock(tmp_path / "run" / "lock"), pytest.raises(InputError, match="is being trained by another process"):
        train("run")
    assert train("run")


def test_a_run_cannot_be_shortened_below_where_it_is(tmp_path, train, whole):
    shutil.copytree(whole, tmp_path / "run")
    with pytest.raises(InputError, match="has made 6 steps already"):
        train("run", "phases.0.steps=1")


def test_a_package_wants_every_licence_and_a_new_folder(tmp_path, train):
    train("run", "phases.1.steps=1")
    with pytest.raises(InputError, match="names no licence for b"):
        package_run(tmp_path / "run", tmp_path / "new", WORDS.model_copy(update={"dataset_licences": {"a": "l"}}))
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match="is not empty"):
        package_run(tmp_path / "run", tmp_path / "patients", WORDS)


def test_a_run_needs_no_git(monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert revision() == "unknown"


def test_a_case_that_vanishes_from_the_cache_ends_the_run_in_a_sentence(tmp_path, train, monkeypatch):
    with monkeypatch.context() as patch:
        stop_after(patch, 2)
        train("run", "sampling.workers=1")
    real = loop.Trainer._batches

    def without_cache(self):
        for folder in (tmp_path / "cache").iterdir():
            (folder / "images.npy").unlink()
        return real(self)

    with monkeypatch.context() as patch:
        patch.setattr(loop.Trainer, "_batches", without_cache)
        with pytest.raises(InputError) as refusal:
            train("run")
    assert "the prepared a, vanished" in str(refusal.value) or "the prepared b, vanished" in str(refusal.value)
    assert "\n" not in str(refusal.value), "also from a worker process it is one sentence"
    assert load_checkpoint(tmp_path / "run")["step"] == 2
    assert train("run"), "what is missing is prepared anew"


def test_two_processes_train_as_one_with_the_same_batch(tmp_path):
    sys.path.append(str(Path(__file__).parent / "experiments"))
    from two_processes import LIMIT, experiment  # an experiment of its own, smaller here

    report = experiment(tmp_path, steps=6)
    assert len(report["one"]) == 6
    assert report["worst_relative_difference"] < LIMIT
    one, two = report["validations"]
    assert two[0]["FLAIR"]["WT"] == pytest.approx(one[0]["FLAIR"]["WT"], abs=0.01)


def test_a_run_killed_at_random_moments_ends_with_the_same_weights(tmp_path):
    sys.path.append(str(Path(__file__).parent / "experiments"))
    from kill_and_resume import experiment  # an experiment of its own, with fewer kills here

    report = experiment(tmp_path, kills=2, steps=16)
    assert [kill["exit"] for kill in report["kills"]] == [-9, -9]
    assert report["tensors"] > 100
    assert report["differing"] == []


def test_the_command_trains_resumes_draws_and_refuses(tmp_path, datalist, config_file):
    run = tmp_path / "a run"
    answer = mstkd(
        "train", config_file, "--data", datalist, "-o", run, "--cache", tmp_path / "cache", "--set", "phases.1.steps=1",
        "--tensorboard",
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    assert "Weighted terms at the first step" in answer.stderr
    assert "Finished." in answer.stderr
    assert list((run / "tensorboard").glob("events.*"))
    assert mstkd("train", "--resume", run, "--cache", tmp_path / "cache").returncode == 0
    assert mstkd("curves", run, "-o", tmp_path / "curves.png").returncode == 0
    again = mstkd("train", config_file, "--data", datalist, "-o", run)
    assert again.returncode == 2
    assert "holds a run already" in sentence(again)
    assert "is a training run" in sentence(mstkd("evaluate", run, datalist, "-o", tmp_path / "report"))
    assert "did you mean 'quick'" in sentence(mstkd("train", "quik", "--data", datalist, "-o", tmp_path / "new"))
    assert "is a folder" in sentence(mstkd("train", "quick", "--data", tmp_path, "-o", tmp_path / "new"))
    assert "a new run needs CONFIG" in sentence(mstkd("train", config_file))
    both = mstkd("train", config_file, "--resume", run)
    assert "--resume RUN alone" in sentence(both)
    assert "holds no run" in sentence(mstkd("train", "--resume", tmp_path / "nowhere"))


def test_a_batch_that_the_processes_cannot_share_is_refused(train, fabric, monkeypatch):
    monkeypatch.setattr(type(fabric), "world_size", property(lambda self: 4))
    with pytest.raises(InputError, match="cannot be shared equally by 4 processes"):
        train("run")


def test_a_wrong_description_of_a_model_is_refused(tmp_path):
    path = tmp_path / "card.json"
    path.write_text(json.dumps({"name": "x"}))
    with pytest.raises(InputError, match=r"card\.json is no description of a model \('version'"):
        read_description(path)
    path.write_text(json.dumps({**WORDS.model_dump(), "not_for": [""]}))
    with pytest.raises(InputError, match=r"'not_for\.0'"):
        read_description(path)


def test_a_runs_curves_are_drawn_from_its_journal(tmp_path):
    with pytest.raises(InputError, match="no journal"):
        draw_curves(tmp_path, tmp_path / "curves.png")
    journal = Journal(tmp_path)
    for step in range(1, 300):
        journal.write("step", step=step, dice=1 / step, evd=1 / step, learning_rate=1e-3)
    journal.write("validation", step=39, dice={"FLAIR": {"WT": 0.5}})
    with journal.path.open("a") as file:
        file.write('{"event": "step", "st')
    draw_curves(tmp_path, tmp_path / "curves")
    drawn = matplotlib.image.imread(tmp_path / "curves", format="png")
    assert drawn[..., :3].std() > 0.01
    assert [smoothing(n) for n in (1, 40, 2000)] == [1, 4, 51], "a short run is not smoothed flat"
    points = curve_points(read_journal(tmp_path))
    assert len(points["losses"]["dice"]) == 100
    assert points["losses"]["dice"][-1][0] == 299
    assert points["validation"] == [{"step": 39, "dice": {"FLAIR": {"WT": 0.5}}}]


def test_a_journal_tells_steps_once_though_a_killed_run_made_some_twice(tmp_path):
    journal = Journal(tmp_path)
    journal.write("start", step=0)
    for step in (1, 2, 3):
        journal.write("step", step=step, loss=0.1)
    with journal.path.open("a") as file:
        file.write('{"event": "step", "st')
    journal.write("start", step=2)
    journal.write("step", step=3, loss=0.2)
    told = read_journal(tmp_path)
    assert [(e["event"], e["step"]) for e in told] == [
        ("start", 0), ("step", 1), ("step", 2), ("start", 2), ("step", 3),
    ]  # fmt: skip
    assert told[-1]["loss"] == 0.2


def test_the_average_follows_the_published_recursion(small_network):
    average = MovingAverage(small_network, 0.9)
    weight = next(small_network.parameters())
    expected = weight.detach().clone()
    for n in range(200):
        with torch.no_grad():
            weight.add_(0.1)
        decay = min(0.9, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * weight.detach()
        average.update(small_network)
    torch.testing.assert_close(next(average.network.parameters()), expected)


def test_random_states_go_on_where_they_were(tmp_path):
    import random

    cpu = torch.device("cpu")
    seed_all(3)
    save_checkpoint(tmp_path, random_states(cpu))
    first = random.random(), np.random.rand(), torch.rand(1).item()
    set_random_states(load_checkpoint(tmp_path), cpu)
    assert (random.random(), np.random.rand(), torch.rand(1).item()) == first
