"""Who learns from whom: gradients of student, teacher and discriminator in one step of training."""

import copy
import json
from dataclasses import asdict

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from torch.utils.data import default_collate

from mstkd.data.cache import CachedCase
from mstkd.data.datalist import Case
from mstkd.distillation import Objective
from mstkd.distillation.style import discriminator_loss
from mstkd.network import Architecture
from mstkd.regions import CONVENTIONS
from mstkd.runs import read_journal
from mstkd.training.adversary import Adversary
from mstkd.training.config import PRESET_FOLDER, read_config
from mstkd.training.devices import make_fabric
from mstkd.training.journal import Journal
from mstkd.training.loop import Trainer
from mstkd.training.loss import segmentation_loss
from mstkd.training.optimization import Trained
from mstkd.training.student import Trainee, segmentation, taps_of
from mstkd.training.teacher import StillTeacher

CPU = torch.device("cpu")


@pytest.fixture
def a_config(small_architecture):
    """The compact preset's settings for a small network and one step on small patches of two tokens."""

    def read(*changes):
        return read_config(
            PRESET_FOLDER / "compact.yaml",
            [
                f"network={json.dumps(asdict(small_architecture))}",
                "phases=[{steps: 1, patch: [40, 16, 16], learning_rate: 1.0e-3}]",
                "sampling={batch_size: 2, dataset_weights: {}, augmentation: none, full_set_ramp: 0, workers: 0}",
                "distillation.logit.ramp=0",
                *changes,
            ],
        )

    return read


@pytest.fixture
def a_case(tmp_path):
    """A training case of noise, on its working grid."""
    rng = np.random.default_rng(1)
    np.save(tmp_path / "images.npy", rng.normal(size=(4, 40, 24, 24)).astype(np.float16))
    np.save(tmp_path / "labels.npy", rng.integers(0, 4, (40, 24, 24)).astype(np.uint8))
    np.save(tmp_path / "brain.npy", np.ones((40, 24, 24), bool))
    case = Case("a", "a", {}, tmp_path / "seg.nii.gz", CONVENTIONS["brats2018-21"], "train")
    return CachedCase(case, tmp_path, (True, True, True, True))


class Step:
    """The first step of a run, in which nothing moves.

    Attributes:
        gradients: Of the student, the teacher and the discriminator, as their optimisers got them.
    """

    def __init__(self, config, case, monkeypatch):
        seen = {}

        def record(trained, rate):
            seen[trained] = {name: p.grad.clone() for name, p in trained.module.named_parameters()}
            trained.optimizer.zero_grad()
            return torch.tensor(1.0)

        monkeypatch.setattr(Trained, "step", record)
        self.config, self.run = config, case.folder
        self.trainer = Trainer(
            config,
            [case],
            self.run,
            fabric=make_fabric(CPU, "32-true"),
            validate=lambda *_: {},
            journal=Journal(self.run),
        )
        # As it was before the step, which moves its estimates of spectral norms.
        self.discriminator = copy.deepcopy(self.trainer.adversary.trained.module)
        assert self.trainer.train(stop=lambda: False, pause=lambda: False)
        self.batch = default_collate([self.trainer.stream[i] for i in range(config.sampling.batch_size)])
        self.student, self.teacher = self.trainer.student.module, self.trainer.teacher.trainee.module
        trained = (self.trainer.student, self.trainer.teacher.trainee, self.trainer.adversary.trained)
        self.gradients = dict(zip(("student", "teacher", "discriminator"), (seen[t] for t in trained), strict=True))

    def losses(self, hold_teacher):
        """The teacher's own loss and the student's whole one, with the distillation written out."""
        told = self.teacher(self.batch["image"], self.batch["available"].float())
        out = self.student(self.batch["image"], self.batch["mask"].float())
        own, seen = (segmentation(o, self.batch, self.config.deep_supervision) for o in (told, out))
        teacher = taps_of(told).detached() if hold_teacher else taps_of(told)
        objective = Objective(self.config.distillation)
        terms = objective.terms(teacher, taps_of(out), self.discriminator.eval())
        weights = objective.weights()
        return 0.4 * own, 0.6 * seen + sum(weights[name] * term for name, term in terms.items())


def gradients(loss, module):
    """Of a loss with respect to a module's parameters, by name."""
    names, parameters = zip(*module.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(loss, parameters, retain_graph=True), strict=True))


def assert_same(ours, theirs):
    for name, gradient in ours.items():
        torch.testing.assert_close(
            gradient, theirs[name], atol=1e-6, rtol=1e-4, msg=lambda m, name=name: f"{name}: {m}"
        )


@pytest.fixture
def a_step(a_config, a_case, monkeypatch):
    return Step(a_config(), a_case, monkeypatch)


def test_no_gradient_of_the_terms_reaches_the_teacher(a_step):
    own, _ = a_step.losses(hold_teacher=True)
    assert_same(a_step.gradients["teacher"], gradients(own, a_step.teacher))


def test_two_backward_passes_give_what_one_joint_one_with_a_held_teacher_gives(a_step):
    own, taught = a_step.losses(hold_teacher=True)
    assert_same(a_step.gradients["teacher"], gradients(own + taught, a_step.teacher))
    assert_same(a_step.gradients["student"], gradients(own + taught, a_step.student))


def test_gradients_reach_the_teacher_when_wanted(a_config, a_case, monkeypatch):
    step = Step(a_config("distillation.teacher_gradients=true"), a_case, monkeypatch)
    own, taught = step.losses(hold_teacher=False)
    assert_same(step.gradients["teacher"], gradients(own + taught, step.teacher))
    assert_same(step.gradients["student"], gradients(taught, step.student))
    alone = gradients(own, step.teacher)
    weight = "network.transformer.layers.0.attention.qkv.weight"
    assert (step.gradients["teacher"][weight] - alone[weight]).norm() > 0.01 * alone[weight].norm()


def test_the_discriminator_learns_from_its_own_loss_alone(a_step):
    # Had the student's backward pass left something, the optimiser would have got it too.
    with torch.no_grad():
        told = a_step.teacher(a_step.batch["image"], a_step.batch["available"].float())["f_fused"]
        out = a_step.student(a_step.batch["image"], a_step.batch["mask"].float())["f_fused"]
    loss = discriminator_loss(*a_step.discriminator.train()(torch.cat([told, out])).chunk(2))
    assert_same(a_step.gradients["discriminator"], gradients(loss, a_step.discriminator))


def test_the_first_step_logs_its_weighted_terms(a_step):
    first = next(e for e in read_journal(a_step.run) if e["event"] == "first_terms")
    logged = next(e for e in read_journal(a_step.run) if e["event"] == "step")
    for name, weight in Objective(a_step.config.distillation).weights().items():
        assert first["weighted"][name] == pytest.approx(weight * logged[name], rel=1e-3)
    assert set(first["outside"]) == {n for n, v in first["weighted"].items() if not 0.05 <= v <= 1}


# The discriminator in training


@pytest.fixture
def an_adversary(a_config):
    torch.manual_seed(0)
    config = a_config("distillation.gsme.discriminator_learning_rate=1.0e-3")
    return Adversary(make_fabric(CPU, "32-true"), config)


def test_the_held_discriminator_passes_gradients_on_and_keeps_none(an_adversary):
    features = torch.randn(1, 16, 4, 4, 4, requires_grad=True)
    with an_adversary.held() as discriminate:
        out = discriminate(features)
    out.sum().backward()
    assert features.grad.abs().sum() > 0
    parameters = list(an_adversary.trained.module.parameters())
    assert all(p.grad is None for p in parameters)
    assert all(p.requires_grad for p in parameters)


def test_the_discriminator_learns_to_tell_two_kinds_of_features_apart(an_adversary):
    draw = torch.Generator().manual_seed(1)
    losses = []
    for _ in range(20):
        noise = torch.randn(2, 2, 16, 4, 4, 4, generator=draw)
        losses.append(an_adversary.learn(noise[0] + 0.5, noise[1] - 0.5).item())
    assert losses[0] == pytest.approx(2 * np.log(2), abs=0.1)
    assert losses[-1] < 0.1
    moments = an_adversary.state()["optimizer"]["state"].values()
    assert all(moment["step"] == 20 for moment in moments), "one optimiser, for all steps"
    assert all(moment["exp_avg"].any() for moment in moments)


def test_the_discriminators_moments_survive_a_checkpoint(an_adversary, a_config):
    features = torch.randn(2, 1, 16, 3, 3, 3)
    an_adversary.learn(*features)
    torch.manual_seed(5)
    other = Adversary(make_fabric(CPU, "32-true"), a_config("distillation.gsme.discriminator_learning_rate=1.0e-3"))
    other.restore(copy.deepcopy(an_adversary.state()))
    for adversary in (an_adversary, other):
        adversary.learn(*features)
    ours, theirs = (a.trained.module.state_dict() for a in (an_adversary, other))
    for name, tensor in ours.items():
        torch.testing.assert_close(theirs[name], tensor)


# Precision


@pytest.fixture
def half_precision():
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    fabric.launch()
    return fabric


@pytest.fixture
def a_batch():
    rng = torch.Generator().manual_seed(3)
    return {
        "image": torch.randn(2, 4, 40, 16, 16, generator=rng),
        "label": torch.randint(0, 4, (2, 40, 16, 16), generator=rng),
        "available": torch.tensor([[True, True, True, True], [True, False, True, True]]),
        "mask": torch.tensor([[True, False, False, False], [True, False, False, True]]),
        "known": torch.ones(2, 3, dtype=torch.bool),
    }


def test_terms_keep_32_bits_where_the_networks_have_16(half_precision, a_config, a_batch, small_network):
    config = a_config()
    torch.manual_seed(0)
    lesson = StillTeacher(half_precision, small_network).observe(a_batch)
    assert {lesson.taps.logits.dtype, lesson.taps.f_dec.dtype} == {torch.float32}
    student = Trained(half_precision, Trainee(config.architecture, (), recompute=False), config.optimizer)
    out = taps_of(student(a_batch["image"], a_batch["mask"].float()))
    with Adversary(half_precision, config).held() as discriminate:
        terms = Objective(config.distillation).terms(lesson.taps, out, discriminate)
    alone = Objective(config.distillation).terms(lesson.taps, out, None)
    assert {term.dtype for term in terms.values()} == {torch.float32}
    for name, term in alone.items():
        torch.testing.assert_close(terms[name], term, msg=f"{name} depends on whether there is a discriminator")


def test_a_still_teacher_is_told_nothing_by_absent_sequences_and_takes_no_gradient(a_batch, small_network):
    teacher = StillTeacher(make_fabric(CPU, "32-true"), small_network)
    before = teacher.observe(a_batch).taps
    assert not before.logits.requires_grad
    a_batch["image"][1, 1] = 100
    torch.testing.assert_close(teacher.observe(a_batch).taps.logits, before.logits)


# The student's own loss


@pytest.fixture
def full_resolution():
    """A small network with a full-resolution stem, hence two coarser levels."""
    return Architecture(
        stem_stride=1,
        channels=(8, 8, 16, 16),
        blocks=(1, 1, 1, 1),
        hidden=16,
        heads=2,
        layers=1,
        taps=(1,),
        feed_forward=16,
        scale_channels=(8, 8),
    )


def test_without_levels_the_loss_is_that_of_the_logits(a_batch, small_architecture):
    torch.manual_seed(0)
    out = Trainee(small_architecture, (), recompute=False)(a_batch["image"], a_batch["mask"].float())
    plain = segmentation_loss(out["logits"], a_batch["label"], a_batch["known"])
    torch.testing.assert_close(segmentation(out, a_batch, ()), plain)


def test_deep_supervision_is_the_weighted_mean_of_the_levels(a_batch, full_resolution):
    torch.manual_seed(0)
    out = Trainee(full_resolution, (0.5, 0.25), recompute=False)(a_batch["image"], a_batch["mask"].float())
    half, quarter = out["level_logits"]
    assert half.shape == (2, 4, 20, 8, 8)
    assert quarter.shape == (2, 4, 10, 4, 4)
    full, known = a_batch["label"], a_batch["known"]
    at = [
        segmentation_loss(out["logits"], full, known),
        segmentation_loss(half, full[:, ::2, ::2, ::2], known),
        segmentation_loss(quarter, full[:, ::4, ::4, ::4], known),
    ]
    expected = (at[0] + 0.5 * at[1] + 0.25 * at[2]) / 1.75
    torch.testing.assert_close(segmentation(out, a_batch, (0.5, 0.25)), expected)


def test_levels_are_learned_through_their_heads(a_batch, small_architecture):
    torch.manual_seed(0)
    trainee = Trainee(small_architecture, (0.5,), recompute=False)
    segmentation(trainee(a_batch["image"], a_batch["mask"].float()), a_batch, (0.5,)).backward()
    assert all(p.grad is not None and p.grad.any() for p in trainee.heads.parameters())


def test_a_sequence_left_out_says_nothing_to_the_student(a_batch, small_architecture):
    torch.manual_seed(0)
    trainee = Trainee(small_architecture, (), recompute=False).eval()
    mask = a_batch["mask"].float()
    before = trainee(a_batch["image"], mask)["logits"]
    changed = torch.where(a_batch["mask"][:, :, None, None, None], a_batch["image"], torch.tensor(7.0))
    torch.testing.assert_close(trainee(changed, mask)["logits"], before)
