import hashlib
import json
import pickle

import numpy as np
import pytest
import torch
from conftest import ROOT, card
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import load_file, save_file

from mstkd.errors import InputError
from mstkd.models import load_package, write_package
from mstkd.models.encoding import SCALE, STEPS, decoded, encoded
from mstkd.network import EnhancementWithout
from mstkd.store import shipped_model
from mstkd.training.config import PRESET_FOLDER, parse_config, read_config

WEIGHTS, CARD = "weights.safetensors", "card.json"


def test_a_package_gives_back_the_network_in_eight_bits(small_package, small_network):
    loaded = load_package(small_package).network.state_dict()
    for name, tensor in small_network.state_dict().items():
        largest = tensor.abs().flatten(1).amax(1) if tensor.ndim > 1 else tensor.abs()
        most = largest.view(-1, *[1] * (tensor.ndim - 1)) / (2 * STEPS)
        assert ((loaded[name] - tensor).abs() <= 1.001 * most + 1e-6).all(), name
    parameters = sum(p.numel() for p in small_network.parameters())
    assert (small_package / WEIGHTS).stat().st_size < 1.5 * parameters


@given(arrays(np.float32, (3, 2, 2), elements=st.floats(-60000, 60000, width=32)))
def test_weights_are_within_half_a_step_and_stay_what_they_are_when_packaged_again(values):
    weight = torch.from_numpy(values)
    once = decoded(encoded({"kernel": weight}))["kernel"]
    step = weight.abs().flatten(1).amax(1)[:, None, None] / STEPS
    assert ((once - weight).abs() <= 0.501 * step + 1e-30).all()
    torch.testing.assert_close(decoded(encoded({"kernel": once}))["kernel"], once, rtol=1e-6, atol=0)


def test_a_package_in_half_precision_is_still_read(small_package, small_network):
    weights = {name: tensor.half() for name, tensor in small_network.state_dict().items()}
    save_file(weights, small_package / WEIGHTS)
    set_hash(small_package)
    edit_card(small_package, format=2)
    for name, tensor in load_package(small_package).network.state_dict().items():
        torch.testing.assert_close(tensor, weights[name].float(), rtol=0, atol=0)


def test_a_card_says_what_enhancement_is_found_without(small_package, twice_looking_network):
    plain = load_package(small_package)
    write_package(small_package, twice_looking_network, card())
    package = load_package(small_package)
    assert package.card["enhancement_without"] == ["t2"]
    assert package.sha256 != plain.sha256, "its results are others"
    x, mask = torch.randn(1, 4, 16, 16, 16), torch.ones(1, 4)
    other = x.clone()
    other[:, 3] += 1
    with torch.no_grad():
        first, second = (package.network(image, mask).softmax(dim=1) for image in (x, other))
    share, same = (p[:, 3] / (p[:, 1] + p[:, 3]) for p in (first, second))
    torch.testing.assert_close(share, same)
    assert not torch.allclose(first, second)


def edit_card(folder, **changes):
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps({**card, **changes}))


def flip_a_byte(folder):
    data = bytearray((folder / WEIGHTS).read_bytes())
    data[-1] ^= 1
    (folder / WEIGHTS).write_bytes(data)


class Evil:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was loaded",))


def put_a_pickle(folder):
    data = pickle.dumps(Evil())
    (folder / WEIGHTS).write_bytes(data)
    set_hash(folder)


def other_network(folder):
    tensors = load_file(folder / WEIGHTS)
    tensors["encoder.stem.weight"] = torch.zeros(4, 4, 3, 3, 3)
    save_file(tensors, folder / WEIGHTS)
    set_hash(folder)


def spoil_factors(folder):
    tensors = load_file(folder / WEIGHTS)
    tensors["encoder.stem.weight" + SCALE][0] = torch.inf
    save_file(tensors, folder / WEIGHTS)
    set_hash(folder)


def odd_numbers(folder):
    header = json.dumps({"weight": {"dtype": "F8_E8M0", "shape": [8], "data_offsets": [0, 8]}}).encode()
    (folder / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    set_hash(folder)


def lose_factors(folder):
    tensors = load_file(folder / WEIGHTS)
    del tensors["encoder.stem.weight" + SCALE]
    save_file(tensors, folder / WEIGHTS)
    set_hash(folder)


def set_hash(folder):
    card = json.loads((folder / CARD).read_text())
    card["weights"]["sha256"] = hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()
    (folder / CARD).write_text(json.dumps(card))


def leave_out_another(folder):
    architecture = load_package(folder).network.architecture
    write_package(folder, EnhancementWithout(architecture, ["t2"]), card())
    edit_card(folder, enhancement_without=["t1"])


def claim_much_memory(folder):
    card = json.loads((folder / CARD).read_text())
    huge = {**card["architecture"], "hidden": 4096, "layers": 64, "feed_forward": 16384}
    (folder / CARD).write_text(json.dumps({**card, "architecture": huge}))


DAMAGE = {
    "a flipped byte": (flip_a_byte, "SHA-256"),
    "no weights": (lambda f: (f / WEIGHTS).unlink(), "lacks"),
    "no card": (lambda f: (f / CARD).unlink(), "no readable card"),
    "card cut short": (lambda f: (f / CARD).write_text((f / CARD).read_text()[:200]), "no readable card"),
    "unknown field": (lambda f: edit_card(f, surprise=1), "surprise"),
    "enhancement apart by the card alone": (lambda f: edit_card(f, enhancement_without=["t2"]), "another network"),
    "another sequence left out than the card says": (leave_out_another, "another network"),
    "an enhancement without T1Gd": (lambda f: edit_card(f, enhancement_without=["t1gd"]), "enhancement_without"),
    "a threshold that drops everything": (
        lambda f: edit_card(f, least_part_probability=1),
        "least_part_probability",
    ),
    "no research notice": (lambda f: edit_card(f, intended_use="Diagnosis."), "intended_use"),
    "earlier format": (lambda f: edit_card(f, format=1), "the brain alone"),
    "later format": (lambda f: edit_card(f, format=4), "format"),
    "a pickle": (put_a_pickle, "another network"),
    "a network of 70 GB": (claim_much_memory, "another network"),
    "another network": (other_network, "another network"),
    "codes without factors": (lose_factors, "another network"),
    "an infinite factor": (spoil_factors, "another network"),
    "numbers that torch lacks": (odd_numbers, "another network"),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_package_is_refused_in_one_sentence(small_package, kind):
    damage, words = DAMAGE[kind]
    damage(small_package)
    with pytest.raises(InputError, match=words) as caught:
        load_package(small_package)
    assert str(small_package) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_shipped_model_is_whole_small_and_says_what_it_may_be_used_for():
    folder = shipped_model()
    package = load_package(folder)
    assert (folder / WEIGHTS).stat().st_size < 16e6
    assert package.card["accuracy"], "the card's accuracy is measured"
    held_out, trained = set(package.card["training"]["held_out"]), set()
    for data in package.card["training"]["data"]:
        trained |= set(data["patients"])
    assert not held_out & trained
    assert "BraTS2021_01479" in held_out, "the sample patient is one the model never saw"
    for tensor in package.network.state_dict().values():
        assert torch.isfinite(tensor).all()
    assert (ROOT / "Resources" / "Models" / package.card["name"]).is_dir()


def test_the_shipped_models_preset_is_how_it_was_trained():
    preset = read_config(PRESET_FOLDER / "fifth_student.yaml").as_dict()
    for trained in load_package(shipped_model()).card["training"]["configurations"]:
        del trained["from_step"]
        # Settings that are newer than the model were what their defaults are.
        trained = parse_config(trained, "the card").as_dict()
        # Where things lie, and how often a run looks up from its work, change no weight.
        assert without(trained) == without(preset)


def without(settings):
    ignored = ("heads", "start_from", "validation", "checkpoint_every")
    return {name: value for name, value in settings.items() if name not in ignored}
