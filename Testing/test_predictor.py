import importlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mstkd.errors import CancelledError, InputError
from mstkd.inference import choose_device, predict
from mstkd.inference import device as device_room
from mstkd.inference.device import plan_tiles
from mstkd.network import PRESETS

segment_room = importlib.import_module("mstkd.inference.segment")  # the package exports a function of that name
CPU = torch.device("cpu")
ALL = (True, True, True, True)


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(4, 45, 50, 37)).astype(np.float32)


def test_probabilities_of_any_size_sum_to_one_and_equal_the_networks(small_network, images):
    out = predict(small_network, images, ALL, device=CPU)
    assert out.shape == images.shape
    np.testing.assert_allclose(out.sum(axis=0), 1, atol=1e-5)
    even = np.ascontiguousarray(images[:, :40, :48, :32])
    with torch.no_grad():
        expected = torch.softmax(small_network(torch.from_numpy(even)[None], torch.ones(1, 4)), 1)[0].numpy()
    np.testing.assert_allclose(predict(small_network, even, ALL, device=CPU), expected, atol=1e-5)


def test_one_tile_that_holds_all_is_the_whole_pass(small_network, images):
    whole = predict(small_network, images, ALL, device=CPU)
    np.testing.assert_allclose(predict(small_network, images, ALL, device=CPU, tile=(64, 64, 64)), whole, atol=1e-5)


def test_tiles_cover_the_image_and_report_each(small_network, images):
    shares = []
    out = predict(small_network, images, ALL, device=CPU, tile=(32, 32, 32), flips=True, progress=shares.append)
    np.testing.assert_allclose(out.sum(axis=0), 1, atol=1e-4)
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1.0)
    assert len(shares) > 8


def test_flips_make_the_answer_mirror_with_the_head(small_network, images):
    images = images[:, :40]
    out = predict(small_network, images, ALL, device=CPU, flips=True)
    mirrored = predict(small_network, images[:, ::-1], ALL, device=CPU, flips=True)
    np.testing.assert_allclose(mirrored[:, ::-1], out, atol=1e-5)


def test_stopping_between_tiles_ends_the_work(small_network, images):
    shares = []
    with pytest.raises(CancelledError):
        predict(
            small_network,
            images,
            ALL,
            device=CPU,
            tile=(32, 32, 32),
            progress=shares.append,
            stop=lambda: len(shares) >= 2,
        )
    assert len(shares) == 2


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "cuda:x", "", "tpu:0"])
def test_an_unknown_device_is_refused(name):
    with pytest.raises(InputError, match="device"):
        choose_device(name)


def test_the_head_is_tiled_only_when_memory_is_short(monkeypatch):
    head = (240, 240, 160)
    monkeypatch.setattr(device_room.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 64 * 2**30}))
    assert plan_tiles(PRESETS["compact"], head, CPU)[0] is None
    monkeypatch.setattr(device_room.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 2**30}))
    tile = plan_tiles(PRESETS["compact"], head, CPU)[0]
    assert tile is not None
    assert all(t % 8 == 0 for t in tile)
    monkeypatch.setattr(device_room.psutil, "virtual_memory", lambda: type("Memory", (), {"available": 2**20}))
    with pytest.raises(InputError, match="memory"):
        plan_tiles(PRESETS["compact"], head, CPU)


def test_what_pytorch_keeps_of_a_gpus_freed_memory_counts_as_free(monkeypatch):
    gpu, cuda = torch.device("cuda", 0), device_room.torch.cuda
    monkeypatch.setattr(cuda, "mem_get_info", lambda device: (2**28, 2**33))
    monkeypatch.setattr(cuda, "memory_allocated", lambda device: 2**30)
    monkeypatch.setattr(cuda, "memory_reserved", lambda device: 2**30)
    with pytest.raises(InputError, match="free memory of cuda"):
        plan_tiles(PRESETS["compact"], (160, 192, 128), gpu)
    monkeypatch.setattr(cuda, "memory_reserved", lambda device: 7 * 2**30)
    assert plan_tiles(PRESETS["compact"], (160, 192, 128), gpu)[0] is None


def test_when_memory_runs_out_smaller_tiles_are_tried(small_network, monkeypatch):
    patient = SimpleNamespace(images=np.zeros((4, 100, 100, 100), np.float32), mask=ALL)
    tried = []

    def scarce(network, images, mask, *, tile, **_):
        tried.append(tile)
        if tile is None or tile[0] > 96:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return images

    monkeypatch.setattr(segment_room, "predict", scarce)
    options = {"flips": False, "progress": lambda share: None, "stop": lambda: False}
    _, tile = segment_room.predict_within_memory(small_network, patient.images, patient.mask, CPU, **options)
    assert tile == (96, 96, 96)
    assert tried[0] is None
