import copy
import math
from dataclasses import replace

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from mstkd.network import PRESETS, EnhancementWithout, MSTKDNet
from mstkd.network.transformer import SelfAttention

PUBLISHED_INPUT = (160, 192, 128)


def meta_cost(preset):
    """Parameters and multiply-accumulates at the paper's size, without computing anything."""
    with torch.device("meta"):
        network = MSTKDNet(PRESETS[preset])
        x, mask = torch.zeros(1, 4, *PUBLISHED_INPUT), torch.ones(1, 4)
    with FlopCounterMode(display=False) as counter:
        network(x, mask)
    return sum(p.numel() for p in network.parameters()), counter.get_total_flops() / 2


def test_compact_keeps_its_limits():
    parameters, macs = meta_cost("compact")
    assert parameters <= 8e6
    assert macs <= 120e9


def test_paper_has_about_the_published_size():
    parameters, macs = meta_cost("paper")
    assert parameters == pytest.approx(154.3e6, rel=0.1)
    assert macs == pytest.approx(449.5e9, rel=0.2)


def test_paper_has_the_published_maps_tokens_and_heads():
    with torch.device("meta"):
        taps = MSTKDNet(PRESETS["paper"]).forward_with_taps(torch.zeros(1, 4, *PUBLISHED_INPUT), torch.ones(1, 4))
    assert taps.logits.shape == (1, 4, *PUBLISHED_INPUT)
    assert [tuple(a.shape) for a in taps.attentions] == [(1, 12, 120, 120)] * 4
    assert [tuple(z.shape) for z in taps.scales] == [(1, 768, 5, 6, 4)] * 4
    for features in (taps.f_enc, taps.f_t, taps.f_fused):
        assert features.shape == (1, 128, 20, 24, 16)
    assert taps.f_dec.shape[2:] == (20, 24, 16)


@pytest.mark.parametrize("size", [(8, 8, 8), (16, 40, 24), (64, 32, 48), (72, 56, 104)])
def test_any_size_divisible_by_8_works(small_network, size):
    assert small_network(torch.randn(2, 4, *size), torch.ones(2, 4)).shape == (2, 4, *size)


def test_other_sizes_are_refused(small_network):
    with pytest.raises(ValueError, match="multiple of 8"):
        small_network(torch.randn(1, 4, 16, 16, 20), torch.ones(1, 4))


@torch.no_grad()
def test_both_forwards_agree_and_only_one_builds_attention(small_network):
    x, mask = torch.randn(1, 4, 64, 48, 32), torch.tensor([[True, False, True, False]])
    taps = small_network.forward_with_taps(x, mask)
    torch.testing.assert_close(small_network(x, mask), taps.logits, atol=1e-5, rtol=1e-4)
    assert [a.shape for a in taps.attentions] == [(1, 2, 4, 4)] * 2
    for attention in taps.attentions:
        torch.testing.assert_close(attention.sum(-1), torch.ones(attention.shape[:-1]))
    _, _, none = small_network.transformer(torch.randn(1, 16, 8, 6, 4))
    assert none == []


@torch.no_grad()
def test_attention_is_the_one_torch_computes():
    ours, theirs = SelfAttention(24, 3).eval(), nn.MultiheadAttention(24, 3, batch_first=True).eval()
    theirs.in_proj_weight.copy_(ours.qkv.weight)
    theirs.in_proj_bias.copy_(ours.qkv.bias)
    theirs.out_proj.load_state_dict(ours.out.state_dict())
    z = torch.randn(2, 10, 24)
    expected, weights = theirs(z, z, z, average_attn_weights=False)
    for with_attention in (False, True):
        mixed, attention = ours(z, with_attention)
        torch.testing.assert_close(mixed, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(attention, weights, atol=1e-6, rtol=1e-4)


@torch.no_grad()
def test_an_absent_sequence_differs_from_a_dark_one(small_network):
    x = torch.randn(1, 4, 16, 16, 16)
    x[:, 1] = 0
    absent = small_network(x, torch.tensor([[True, False, True, True]]))
    dark = small_network(x, torch.ones(1, 4, dtype=torch.bool))
    assert (absent - dark).abs().max() > 1e-3


@torch.no_grad()
def test_enhancement_is_the_share_of_the_core_that_it_is_without_the_sequence(small_network, twice_looking_network):
    x = torch.randn(3, 4, 16, 24, 16)
    # The second lacks T1Gd, the third has no T2: neither is looked at twice.
    mask = torch.tensor([[1, 0, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]])
    x *= mask[..., None, None, None]
    found, plain = (network(x, mask).softmax(dim=1) for network in (twice_looking_network, small_network))
    torch.testing.assert_close(found[1:], plain[1:])

    fewer = small_network(x[:1] * torch.tensor([1, 1, 1, 0])[:, None, None, None], torch.tensor([[1, 0, 1, 0]]))
    background, netc, snfh, et = plain[0]
    without = fewer.softmax(dim=1)[0]
    share = without[3] / (without[1] + without[3])
    expected = torch.stack([background, (netc + et) * (1 - share), snfh, (netc + et) * share])
    torch.testing.assert_close(found[0], expected, atol=1e-6, rtol=1e-4)
    assert (found[0, 3] - et).abs().max() > 1e-3, "the sequence did decide"
    taps = twice_looking_network.forward_with_taps(x, mask)
    torch.testing.assert_close(taps.logits.softmax(dim=1), found, atol=1e-5, rtol=1e-4)


def test_enhancement_needs_t1gd(small_architecture):
    with pytest.raises(ValueError, match="T1Gd"):
        EnhancementWithout(small_architecture, ["t1gd"])


def test_every_weight_takes_part(small_network):
    small_network(torch.randn(1, 4, 64, 64, 64), torch.ones(1, 4)).square().mean().backward()
    idle = [name for name, p in small_network.named_parameters() if p.grad is None or not p.grad.any()]
    assert idle == []


@pytest.mark.parametrize("size", [(8, 8, 8), (16, 40, 24), (72, 32, 48)])
def test_taps_of_any_size_divisible_by_8_lie_on_their_grids(small_network, size):
    with torch.no_grad():
        taps = small_network.forward_with_taps(torch.randn(2, 4, *size), torch.ones(2, 4))
    eighth, quarter = tuple(n // 8 for n in size), tuple(n // 4 for n in size)
    grid = tuple(math.ceil(n / 4) for n in eighth)
    assert taps.logits.shape == (2, 4, *size)
    assert [tuple(z.shape) for z in taps.scales] == [(2, 16, *grid)] * 2
    assert [tuple(a.shape) for a in taps.attentions] == [(2, 2, math.prod(grid), math.prod(grid))] * 2
    assert taps.f_enc.shape == taps.f_t.shape == taps.f_fused.shape == (2, 16, *eighth)
    assert taps.f_dec.shape == (2, 8, *eighth)
    assert [tuple(level.shape) for level in taps.levels] == [(2, 8, *quarter)]


@pytest.mark.parametrize(
    ("preset", "levels"),
    [("paper", [(32, 80, 96, 64), (64, 40, 48, 32)]), ("compact", [(48, 40, 48, 32)])],
)
def test_levels_lie_below_the_heads_finest_first(preset, levels):
    with torch.device("meta"):
        taps = MSTKDNet(PRESETS[preset]).forward_with_taps(torch.zeros(1, 4, *PUBLISHED_INPUT), torch.ones(1, 4))
    assert [tuple(level.shape[1:]) for level in taps.levels] == levels


def test_detached_taps_are_the_same_values_without_gradients(small_network):
    taps = small_network.forward_with_taps(torch.randn(1, 4, 16, 16, 16), torch.ones(1, 4))
    held = taps.detached()
    for name, before in vars(taps).items():
        now = getattr(held, name)
        for ours, theirs in zip(*([t] if torch.is_tensor(t) else t for t in (now, before)), strict=True):
            assert theirs.requires_grad, name
            assert not ours.requires_grad, name
            torch.testing.assert_close(ours, theirs.detach())


@pytest.mark.parametrize("stride", [1, 2])
def test_computing_fine_maps_again_changes_neither_logits_nor_gradients(small_architecture, stride):
    stages = {"channels": (8, 8, 8, 16), "blocks": (1, 1, 1, 1)} if stride == 1 else {}
    torch.manual_seed(0)
    network = MSTKDNet(replace(small_architecture, stem_stride=stride, **stages))
    frugal = copy.deepcopy(network)
    frugal.recompute_fine_maps()
    x, mask = torch.randn(2, 4, 16, 24, 16), torch.tensor([[1.0, 0, 1, 1], [0, 1, 0, 0]])
    kept, again = network(x, mask), frugal(x, mask)
    torch.testing.assert_close(again, kept)
    for logits in (kept, again):
        logits.square().mean().backward()
    for (name, ours), theirs in zip(network.named_parameters(), frugal.parameters(), strict=True):
        assert ours.grad is not None, name
        torch.testing.assert_close(theirs.grad, ours.grad)


def test_computing_fine_maps_again_keeps_fewer_of_them(small_architecture):
    def kept(network):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(lambda t: sizes.append(t.numel()) or t, lambda t: t):
            network(torch.randn(1, 4, 32, 32, 32), torch.ones(1, 4))
        return sum(sizes)

    network = MSTKDNet(small_architecture)
    before = kept(network)
    network.recompute_fine_maps()
    assert kept(network) < 0.7 * before
