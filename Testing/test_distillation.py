"""The terms against the equations in plain NumPy, and what must hold whatever the networks say."""

from dataclasses import replace

import equations
import numpy as np
import pytest
import torch
from conftest import NAMES, SAMPLE
from hypothesis import given, settings
from hypothesis import strategies as st

from mstkd.distillation import Discriminator, Objective
from mstkd.distillation.logit import kl_loss, mse_loss
from mstkd.distillation.ms_tkd import evd_loss, mst_loss
from mstkd.distillation.objective import outside_first_step_range
from mstkd.distillation.relative import relative_difference
from mstkd.distillation.style import adversarial_loss, cross_grams, discriminator_loss, style_loss
from mstkd.errors import InputError
from mstkd.modalities import CHANNELS, Modality, modality_mask
from mstkd.network import PRESETS, MSTKDNet, Taps
from mstkd.network.transformer import MultiScaleTransformer
from mstkd.preprocessing import prepare, read_labels, read_volume
from mstkd.regions import CONVENTIONS
from mstkd.training.config import PRESET_FOLDER, read_config
from mstkd.training.student import Trainee, taps_of

few = settings(max_examples=15)
seeds = st.integers(0, 2**32 - 1)
TAU = 7.0
TERMS = ["evd", "mst", "logit_mse", "logit_kl", "style", "adversarial"]


def settings_of(preset="compact", *changes):
    return read_config(PRESET_FOLDER / f"{preset}.yaml", changes).distillation


def random_taps(seed, batch=2, side=2, tokens=3):
    """Taps of no network: every value drawn, in 64 bits; attention rows sum to 1."""
    rng = np.random.default_rng(seed)

    def draw(*shape):
        return torch.from_numpy(rng.normal(size=shape))

    return Taps(
        logits=3 * draw(batch, 4, side, 3, 2),
        scales=[draw(batch, 5, 1, 1, tokens) for _ in range(2)],
        attentions=[torch.softmax(2 * draw(batch, 3, tokens, tokens), -1) for _ in range(2)],
        f_enc=draw(batch, 6, side, 1, 3),
        f_t=draw(batch, 6, side, 1, 3),
        f_dec=draw(batch, 4, side, 1, 3),
        f_fused=draw(batch, 6, side, 1, 3),
        levels=[],
    )


@st.composite
def pairs(draw):
    """Teacher's and student's taps of the same shapes."""
    shape = {"batch": draw(st.integers(1, 2)), "side": draw(st.integers(1, 3)), "tokens": draw(st.integers(1, 4))}
    first = draw(seeds)
    return random_taps(first, **shape), random_taps(first + 1, **shape)


def case_of(taps, index):
    """One case of a batch, as a batch of one."""
    return taps.each(lambda tensor: tensor[index : index + 1])


def terms(teacher, student, discriminate=None, relative="true"):
    """All terms as plain numbers."""
    found = Objective(settings_of("compact", f"distillation.relative={relative}")).terms(teacher, student, discriminate)
    return {name: term.item() for name, term in found.items()}


def arrays(tensors):
    return [tensor.numpy() for tensor in tensors]


def style_features(taps):
    return arrays([taps.f_enc, taps.f_dec, taps.f_t])


# The equations


@few
@given(pairs(), st.sampled_from(["heads", "layers"]))
def test_evd_is_equations_2_to_4(pair, over):
    teacher, student = (taps.attentions for taps in pair)
    expected = equations.evd(arrays(teacher), arrays(student), over)
    assert evd_loss(teacher, student, over).item() == pytest.approx(expected, rel=1e-9)


def test_reducing_over_heads_is_not_reducing_over_layers():
    teacher, student = random_taps(1).attentions, random_taps(2).attentions
    heads, layers = evd_loss(teacher, student, "heads"), evd_loss(teacher, student, "layers")
    assert not torch.isclose(heads, layers, rtol=0.01)


@few
@given(pairs())
def test_mst_is_the_second_sum_of_equation_4(pair):
    teacher, student = (taps.scales for taps in pair)
    assert mst_loss(teacher, student).item() == pytest.approx(equations.mst(arrays(teacher), arrays(student)))


@few
@given(pairs())
def test_mse_is_equation_5(pair):
    teacher, student = (taps.logits for taps in pair)
    assert mse_loss(teacher, student).item() == pytest.approx(equations.mse(*arrays([teacher, student])))


@few
@given(pairs(), st.floats(0.5, 20))
def test_kl_is_equations_6_to_8(pair, tau):
    teacher, student = (taps.logits for taps in pair)
    expected = equations.kl(*arrays([teacher, student]), tau)
    assert kl_loss(teacher, student, tau).item() == pytest.approx(expected, rel=1e-8)


@few
@given(pairs())
def test_style_is_equations_10_and_11(pair):
    teacher, student = pair
    expected = equations.style(style_features(teacher), style_features(student))
    assert style_loss(teacher, student).item() == pytest.approx(expected, rel=1e-9)
    enc, dec, t = style_features(teacher)
    for ours, (a, b) in zip(cross_grams(teacher), [(enc, dec), (enc, t), (dec, t)], strict=True):
        np.testing.assert_allclose(ours.numpy(), equations.cross_gram(a, b), atol=1e-12)


@few
@given(pairs())
def test_the_adversaries_losses_are_equation_9(pair):
    # Any maps do as D's.
    of_teacher, of_student = (taps.f_t for taps in pair)
    t, s = arrays([of_teacher, of_student])
    assert adversarial_loss(of_student).item() == pytest.approx(equations.adversarial(s))
    assert discriminator_loss(of_teacher, of_student).item() == pytest.approx(equations.discriminator(t, s))


def test_the_adversaries_want_opposite_things_of_the_student():
    taken_for_teacher, seen_through = torch.full((1, 1, 1, 1, 1), 3.0), torch.full((1, 1, 1, 1, 1), -3.0)
    assert adversarial_loss(taken_for_teacher) < adversarial_loss(seen_through)
    assert discriminator_loss(taken_for_teacher, seen_through) < discriminator_loss(
        taken_for_teacher, taken_for_teacher
    )


# The logits' KL


@few
@given(seeds)
def test_kl_sees_no_positive_factor_and_offset_of_a_voxel(seed):
    logits = random_taps(seed).logits
    rng = np.random.default_rng(seed)
    shape = (logits.shape[0], 1, *logits.shape[2:])
    factor, offset = rng.uniform(0.3, 10, shape), rng.uniform(-50, 50, shape)
    changed = torch.from_numpy(factor) * logits + torch.from_numpy(offset)
    assert kl_loss(logits, changed, TAU).item() == pytest.approx(0, abs=1e-10)
    assert kl_loss(logits, -changed, TAU).item() > 1e-3


def test_kl_sees_swapped_classes_and_swapped_voxels():
    logits = random_taps(3).logits
    assert kl_loss(logits, logits[:, [0, 2, 1, 3]], TAU) > 1e-3
    assert kl_loss(logits, logits.flip(2), TAU) > 1e-3


def test_kl_goes_from_teacher_to_student():
    # One class stands out for the teacher, for the student one sinks: the two directions differ.
    teacher = torch.tensor([3.0, -1, -1, -1], dtype=torch.float64).view(1, 4, 1, 1, 1)
    student = torch.tensor([1.0, 1, 1, -3], dtype=torch.float64).view(1, 4, 1, 1, 1)
    there, back = kl_loss(teacher, student, 1.0).item(), kl_loss(student, teacher, 1.0).item()
    assert there == pytest.approx(equations.kl(teacher.numpy(), student.numpy(), 1.0))
    assert abs(there - back) > 0.1


def test_the_square_of_tau_keeps_kl_of_one_size():
    teacher, student = random_taps(4).logits, random_taps(5).logits
    cold, hot = kl_loss(teacher, student, 10.0), kl_loss(teacher, student, 100.0)
    assert hot.item() == pytest.approx(cold.item(), rel=0.15)


def test_kl_of_equal_logits_has_finite_gradients():
    student = torch.zeros(1, 4, 2, 2, 2, requires_grad=True)
    kl_loss(random_taps(6, batch=1).logits[:, :, :2, :2, :2].float(), student, TAU).backward()
    assert student.grad.isfinite().all()


# Every term


@few
@given(pairs(), st.sampled_from(["true", "false"]))
def test_terms_are_zero_for_a_student_like_its_teacher_and_positive_otherwise(pair, relative):
    teacher, student = pair
    assert all(value == pytest.approx(0, abs=1e-15) for value in terms(teacher, teacher, relative=relative).values())
    # With one token all attention is 1.
    found = terms(teacher, student, relative=relative)
    unequal = {k: v for k, v in found.items() if k != "evd" or teacher.attentions[0].shape[-1] > 1}
    assert all(value > 0 for value in unequal.values())


@few
@given(pairs())
def test_a_share_is_the_equation_over_what_it_gives_for_a_student_that_says_nothing(pair):
    teacher, student = (case_of(taps, 0) for taps in pair)
    nothing = student.each(torch.zeros_like)
    shares = terms(teacher, student)
    whole, empty = (terms(teacher, taps, relative="false") for taps in (student, nothing))
    for name in ("evd", "mst", "logit_mse", "style"):
        assert shares[name] == pytest.approx(whole[name] / empty[name], rel=1e-9), name
    assert shares["logit_kl"] == whole["logit_kl"]


@pytest.mark.parametrize("factor", [0.1, 1e3])
def test_shares_do_not_grow_with_the_features(factor):
    teacher, student = random_taps(7), random_taps(8)
    grown = [replace(taps.each(lambda t: factor * t), attentions=taps.attentions) for taps in (teacher, student)]
    assert terms(*grown) == pytest.approx(terms(teacher, student), rel=1e-5)


def test_no_gradient_flows_through_the_teachers_size():
    logits = torch.full((1, 4, 2, 2, 2), 2.0, requires_grad=True)
    relative_difference([logits], [torch.zeros(1, 4, 2, 2, 2)]).backward()
    torch.testing.assert_close(logits.grad, torch.full_like(logits, 2 * 2.0 / 32 / 4.0))


@pytest.mark.parametrize("relative", ["true", "false"])
def test_a_batch_is_the_mean_of_its_cases(relative):
    teacher, student = random_taps(7), random_taps(8)
    torch.manual_seed(0)
    discriminate = Discriminator(6).double().eval()
    both = terms(teacher, student, discriminate, relative)
    single = [terms(case_of(teacher, i), case_of(student, i), discriminate, relative) for i in (0, 1)]
    assert list(both) == TERMS
    for name, value in both.items():
        assert value == pytest.approx((single[0][name] + single[1][name]) / 2, rel=1e-9), name
    of_teacher, of_student = discriminate(teacher.f_fused), discriminate(student.f_fused)
    losses = [discriminator_loss(of_teacher[i : i + 1], of_student[i : i + 1]) for i in (0, 1)]
    torch.testing.assert_close(discriminator_loss(of_teacher, of_student), torch.stack(losses).mean())


# The discriminator


def test_the_discriminators_slope_is_bounded_however_its_weights_grow():
    torch.manual_seed(0)
    discriminate = Discriminator(8)
    features = torch.randn(1, 8, 4, 4, 4, requires_grad=True)
    (slope,) = torch.autograd.grad(adversarial_loss(discriminate(features)), features)
    with torch.no_grad():
        for name, weights in discriminate.named_parameters():
            if name.endswith("original"):
                weights.mul_(100)
    (steep,) = torch.autograd.grad(adversarial_loss(discriminate(features)), features)
    assert steep.norm() < 2 * slope.norm()


@pytest.mark.parametrize("size", [(1, 1, 1), (1, 2, 3), (3, 3, 3), (4, 4, 4), (5, 7, 9), (13, 1, 6), (20, 24, 16)])
def test_the_discriminator_takes_maps_of_any_size(size):
    torch.manual_seed(0)
    discriminate = Discriminator(8)
    features = torch.randn(2, 8, *size, requires_grad=True)
    out = discriminate(features)
    assert out.shape[:2] == (2, 1)
    assert out.isfinite().all()
    adversarial_loss(out).backward()
    for tensor in (features, *discriminate.parameters()):
        assert tensor.grad.isfinite().all()
        assert tensor.grad.any()


# Sizes at the start


@torch.no_grad()
@pytest.mark.parametrize("size", [(5, 4, 4), (12, 12, 12), (20, 24, 16)])
def test_evd_is_of_order_one_for_any_number_of_tokens(size):
    # The convolutions that decode its tokens do not matter here.
    architecture = replace(PRESETS["compact"], scale_channels=(8, 8))
    found = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        found.append(MultiScaleTransformer(architecture)(torch.randn(1, 128, *size), with_attention=True)[2])
    assert 1e-3 < evd_loss(*found) < 10


@torch.no_grad()
def test_style_of_new_networks_is_felt(small_architecture):
    torch.manual_seed(0)
    teacher, student = (
        MSTKDNet(small_architecture).forward_with_taps(torch.randn(1, 4, 32, 32, 32), torch.ones(1, 4))
        for _ in range(2)
    )
    assert style_loss(teacher, student) > 1e-5


@pytest.fixture(scope="module")
def tumour():
    """64 mm of the sample patient around the tumour, ``(1, 4, 64, 64, 64)``."""
    patient = prepare({m: read_volume(SAMPLE / f"{NAMES[m]}.nii.gz") for m in CHANNELS})
    convention = CONVENTIONS["brats2018-21"]
    labels = patient.labels_to_working(convention.decode(read_labels(SAMPLE / "seg.nii.gz").array))
    centre = np.argwhere(labels).mean(axis=0)
    starts = [int(np.clip(c - 32, 0, n - 64)) for c, n in zip(centre, labels.shape, strict=True)]
    box = tuple(slice(start, start + 64) for start in starts)
    assert (labels[box] > 0).mean() > 0.02
    return torch.from_numpy(np.ascontiguousarray(patient.images[(slice(None), *box)]))[None]


@pytest.fixture(scope="module")
def first_teacher_and_student(tumour):
    """Untrained networks of the compact preset and what the teacher says of the tumour."""
    config = read_config(PRESET_FOLDER / "compact.yaml")
    torch.manual_seed(config.seed)
    student, teacher = (
        Trainee(config.architecture, (), recompute=False).to(memory_format=torch.channels_last_3d) for _ in range(2)
    )
    with torch.no_grad():
        return taps_of(teacher(tumour, torch.ones(1, 4))), student, Discriminator(config.architecture.channels[-1])


@torch.no_grad()
@pytest.mark.parametrize(
    "present", [(Modality.T1,), (Modality.FLAIR, Modality.T2), CHANNELS], ids=["t1", "flair+t2", "all"]
)
def test_each_weighted_term_of_the_preset_is_in_range_at_the_first_step(tumour, first_teacher_and_student, present):
    teacher, student, discriminate = first_teacher_and_student
    mask = torch.tensor([modality_mask(present)]).float()
    found = terms(teacher, taps_of(student(tumour, mask)), discriminate)
    weighted = {name: weight * found[name] for name, weight in Objective(settings_of()).weights().items()}
    assert list(weighted) == TERMS
    assert outside_first_step_range(weighted) == [], weighted


# Weights


def test_terms_too_small_too_large_or_no_number_are_outside():
    weighted = {"a": 0.049, "b": 0.05, "c": 1.0, "d": 1.01, "e": float("nan"), "f": 1e-15}
    assert outside_first_step_range(weighted) == ["a", "d", "e", "f"]


def test_the_logits_weights_rise_and_the_others_stand():
    objective = Objective(settings_of("compact", "distillation.logit={mse: 0.5, kl: 0.2, tau: 7, ramp: 10}"))
    final = objective.weights()
    assert list(final) == TERMS
    assert (final["logit_mse"], final["logit_kl"]) == (0.5, 0.2)
    for step, share in [(0, 0), (1, 0.1), (5, 0.5), (10, 1), (10000, 1)]:
        risen = final | {"logit_mse": 0.5 * share, "logit_kl": 0.2 * share}
        assert objective.weights(step) == pytest.approx(risen)


def test_without_a_ramp_the_first_step_has_all_weights():
    objective = Objective(settings_of("compact", "distillation.logit.ramp=0"))
    assert objective.weights(0) == objective.weights()


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        (["ms_tkd=null"], ["logit_mse", "logit_kl", "style", "adversarial"]),
        (["logit=null"], ["evd", "mst", "style", "adversarial"]),
        (["gsme=null"], ["evd", "mst", "logit_mse", "logit_kl"]),
        (["ms_tkd=null", "gsme=null"], ["logit_mse", "logit_kl"]),
    ],
)
def test_what_is_null_is_neither_measured_nor_weighed(changes, left):
    objective = Objective(settings_of("compact", *(f"distillation.{change}" for change in changes)))
    discriminate = Discriminator(6).double() if objective.settings.adversarial else None
    found = objective.terms(random_taps(1), random_taps(2), discriminate)
    assert list(found) == left
    assert list(objective.weights()) == left


def test_distillation_of_nothing_is_refused():
    with pytest.raises(InputError, match="ms_tkd, logit and gsme"):
        settings_of("compact", *(f"distillation.{name}=null" for name in ("ms_tkd", "logit", "gsme")))


def test_without_a_discriminator_there_is_no_adversarial_term():
    chosen = settings_of("compact", "distillation.gsme.adversarial=0")
    assert not chosen.adversarial
    assert list(Objective(chosen).terms(random_taps(1), random_taps(2), None)) == TERMS[:-1]


def test_the_weighted_sum_is_that_of_equation_12():
    objective = Objective(
        settings_of(
            "compact",
            "distillation.ms_tkd={evd: 0.2, mst: 0.05, reduce: heads}",
            "distillation.logit={mse: 0.1, kl: 0.2, tau: 7, ramp: 2000}",
            "distillation.gsme={style: 4.0, adversarial: 0.1, discriminator_learning_rate: 1.0e-4}",
        )
    )
    values = {name: torch.tensor(value) for name, value in zip(TERMS, (1.0, 2, 3, 4, 5, 6), strict=True)}
    # Half way up the ramp.
    expected = 0.2 * 1 + 0.05 * 2 + 0.5 * (0.1 * 3 + 0.2 * 4) + 4.0 * 5 + 0.1 * 6
    assert objective.weighted(values, 1000).item() == pytest.approx(expected)
