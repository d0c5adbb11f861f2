"""The brain mask: stripped images recognised, whole heads masked, the user's own mask read, failures said."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import save_nifti
from scipy import ndimage

from mstkd.errors import InputError
from mstkd.modalities import Modality
from mstkd.preprocessing import Grid, Volume, preprocess, read_volume, resample, world_grid
from mstkd.preprocessing.brain import (
    Method,
    available,
    deep_bet,
    find_brain,
    hd_bet,
    is_stripped,
    place_brain_mask,
    read_brain_mask,
)

CPU = torch.device("cpu")


def grid_of(volume: Volume) -> Grid:
    return Grid(volume.shape, volume.affine)


def dice(a, b) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.fixture(scope="module")
def stripped(sample_files) -> Volume:
    return read_volume(sample_files[Modality.T1])


@pytest.fixture(scope="module")
def brain(stripped) -> np.ndarray:
    """The sample patient's brain on its working grid."""
    grid = world_grid(grid_of(stripped))
    return resample(stripped.array, grid_of(stripped), grid) != 0


@pytest.fixture(scope="module")
def head(stripped, brain) -> Volume:
    """The sample patient's T1 with fluid, skull and scalp put around its brain, and a neck and noise."""
    grid = world_grid(grid_of(stripped))
    image = resample(stripped.array, grid_of(stripped), grid)
    tissue = float(np.median(image[brain]))
    hull = ndimage.binary_fill_holes(brain)
    depth = ndimage.distance_transform_edt(~hull)
    shells = [(3, 0.25), (10, 0.08), (17, 1.5)]  # fluid, bone, scalp with its fat
    out = np.where(brain, image, 0)
    for outer, share in reversed(shells):
        out[~hull & (depth <= outer)] = share * tissue
    height = np.arange(brain.shape[2])
    neck = np.hypot(*np.ogrid[-brain.shape[0] // 2 : brain.shape[0] // 2, -brain.shape[1] // 2 : brain.shape[1] // 2])
    neck = (neck[: brain.shape[0], : brain.shape[1], None] < 50) & (height < height[brain.any(axis=(0, 1))][0])
    out[neck & (depth > 8)] = 0.8 * tissue
    noise = np.random.default_rng(0).normal(0, 0.03 * tissue, (2, *out.shape))
    return Volume(np.hypot(out + noise[0], noise[1]).astype(np.float32), grid.affine, "head")


@pytest.fixture
def no_network(monkeypatch, tmp_path):
    """Neither deepbet nor HD-BET is installed."""
    monkeypatch.setattr(deep_bet, "weights_folder", lambda: None)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_stripped_image_is_its_own_mask(stripped):
    grid = world_grid(grid_of(stripped))
    found = find_brain(stripped, grid, CPU)
    assert found.method is Method.STRIPPED
    assert np.array_equal(found.mask, resample(stripped.array, grid_of(stripped), grid) != 0)
    assert found.warnings == ()


def test_stripped_images_are_recognised_whatever_their_values_and_field_of_view(stripped):
    image = stripped.array
    where = image != 0
    z_scored = np.where(where, (image - image[where].mean()) / image[where].std(), 0)
    assert is_stripped(z_scored.astype(np.float32), 0.0)
    assert is_stripped(image * 0.1 - 7, float(np.float32(-7)))
    box = tuple(slice(w.min(), w.max() + 1) for w in np.nonzero(where))
    assert is_stripped(image[box], 0.0)
    assert is_stripped(image[: image.shape[0] // 2], 0.0)


def test_a_head_is_not_stripped_even_when_its_background_is_exactly_zero(head):
    image = head.array
    assert not is_stripped(image, 0.0)
    tissue = ndimage.gaussian_filter(image, 2) > 0.25 * np.median(image[image > image.mean()])
    masked = np.where(ndimage.binary_fill_holes(tissue), image, 0)
    assert (masked == 0).mean() > 0.3
    assert not is_stripped(masked, 0.0)
    assert not is_stripped(masked[:, : image.shape[1] // 2], 0.0)
    assert not is_stripped(np.zeros((40, 40, 40), dtype=np.float32), 0.0)


def test_deepbet_finds_the_brain_of_a_head(head, brain):
    pytest.importorskip("deepbet")
    found = find_brain(head, grid_of(head), CPU, Method.DEEPBET)
    assert found.method is Method.DEEPBET, found.warnings
    assert dice(found.mask, brain) > 0.93


def test_without_a_network_the_brain_is_found_roughly_and_that_is_said(head, brain, no_network):
    found = find_brain(head, grid_of(head), CPU)
    assert found.method is Method.BUILT_IN
    assert available() == (Method.BUILT_IN,)
    assert dice(found.mask, brain) > 0.88
    assert any("deepbet is not installed" in sentence for sentence in found.warnings)
    assert any("rough" in sentence for sentence in found.warnings)


def seen_outside(head, truth, **how):
    """Distances from the brain, in mm, at which the network sees something."""
    done = preprocess({Modality.T1: head}, device=CPU, **how)
    grid = done.prepared.grid
    there = resample(truth.astype(np.float32), grid_of(head), grid) > 0.5
    return ndimage.distance_transform_edt(~there)[done.prepared.images[Modality.T1.channel] != 0]


def test_the_network_sees_the_brain_and_its_margin_alone(head, brain):
    seen = seen_outside(head, brain, brain=Volume(brain.astype(np.float32), head.affine, "mask"))
    assert 3 <= seen.max() < 4
    assert np.count_nonzero(seen == 0) > 0.99 * brain.sum()


def test_behind_a_rough_mask_the_network_sees_little_else(head, brain, no_network):
    seen = seen_outside(head, brain)
    assert np.count_nonzero(seen == 0) > 0.9 * brain.sum()
    assert np.quantile(seen, 0.99) < 10, "of a head that has 20 mm and more around it"


def test_half_a_head_gives_a_mask_and_a_warning(head, brain, no_network):
    half = Volume(head.array[: head.shape[0] // 2], head.affine, "half")
    found = find_brain(half, grid_of(half), CPU)
    assert dice(found.mask, brain[: head.shape[0] // 2]) > 0.75
    assert any("edge of the image" in sentence for sentence in found.warnings)


def test_weights_that_are_not_deepbets_are_not_read(head, monkeypatch, tmp_path):
    for name in deep_bet.WEIGHTS:
        (tmp_path / name).write_bytes(b"anything")
    monkeypatch.setattr(deep_bet, "weights_folder", lambda: tmp_path)
    monkeypatch.setattr(torch.jit, "load", lambda *_: pytest.fail("the weights were read"))
    small = Volume(head.array[::4, ::4, ::4], head.affine @ np.diag([4.0, 4, 4, 1]), "head")
    found = find_brain(small, world_grid(grid_of(small)), CPU, Method.DEEPBET)
    assert found.method is Method.BUILT_IN
    assert any("bbox_model.pt" in sentence and "1.0.2" in sentence for sentence in found.warnings)


STAND_IN = """#!{python}
import argparse, pathlib, numpy, nibabel
parser = argparse.ArgumentParser()
parser.add_argument("-i", required=True); parser.add_argument("-o", required=True)
parser.add_argument("-device", default="cuda"); parser.add_argument("--disable_tta", action="store_true")
parser.add_argument("--save_bet_mask", action="store_true"); parser.add_argument("--no_bet_image", action="store_true")
a = parser.parse_args()
assert a.o.endswith(".nii.gz") and a.device == "cpu" and a.disable_tta and a.no_bet_image
image = nibabel.load(a.i)
mask = (image.get_fdata() > {threshold}).astype(numpy.uint8)
if a.save_bet_mask:
    nibabel.save(nibabel.Nifti1Image(mask, image.affine), a.o[:-7] + "_bet.nii.gz")
"""


@pytest.fixture
def hd_bet_command(monkeypatch, tmp_path) -> Path:
    """A program with HD-BET's command line in its place: the brain is where the image is above 50."""
    command = tmp_path / "hd-bet"
    command.write_text(STAND_IN.format(python=sys.executable, threshold=50))
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    weights = hd_bet.weights_file()
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"")
    return command


@pytest.fixture
def block() -> Volume:
    """A bright block in the dark with a grid of its own: 2 mm, flipped, shifted."""
    image = np.random.default_rng(1).uniform(0, 20, (40, 50, 30)).astype(np.float32)
    image[10:30, 10:40, 5:25] += 80
    affine = np.diag([-2.0, 2, 2, 1])
    affine[:3, 3] = 30, -40, 10
    return Volume(image, affine, "block")


not_on_windows = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a script with a shebang")


@not_on_windows
def test_hd_bet_is_preferred_where_its_weights_are(hd_bet_command, block):
    assert available()[0] is Method.HD_BET
    found = find_brain(block, world_grid(grid_of(block)), CPU)
    assert found.method is Method.HD_BET
    expected = resample((block.array > 50).astype(np.float32), grid_of(block), world_grid(grid_of(block))) > 0.5
    assert np.array_equal(found.mask, expected)


@not_on_windows
def test_hd_bet_is_left_alone_when_it_would_download_its_weights(hd_bet_command, block, monkeypatch):
    monkeypatch.setattr(deep_bet, "weights_folder", lambda: None)
    hd_bet.weights_file().unlink()
    hd_bet_command.write_text(f"#!{sys.executable}\nimport pathlib\npathlib.Path(__file__ + '.ran').touch()\n")
    assert Method.HD_BET not in available()
    find_brain(block, world_grid(grid_of(block)), CPU, Method.HD_BET)
    assert not hd_bet_command.with_name("hd-bet.ran").exists()


@not_on_windows
def test_a_failing_hd_bet_is_named_and_the_next_method_used(hd_bet_command, block, monkeypatch):
    hd_bet_command.write_text(f"#!{sys.executable}\nraise SystemExit(1)\n")
    monkeypatch.setattr(deep_bet, "weights_folder", lambda: None)
    found = find_brain(block, world_grid(grid_of(block)), CPU)
    assert found.method is Method.BUILT_IN
    assert any("HD-BET failed" in sentence for sentence in found.warnings)


def test_the_users_mask_may_have_a_grid_of_its_own(tmp_path):
    grid = Grid((100, 110, 90), np.diag([1.0, 1, 1, 1]))
    mask = np.zeros((40, 50, 30), dtype=np.uint8)
    mask[5:35, 5:45, 5:25] = 255
    affine = np.diag([-2.0, 2, 3, 1])
    affine[:3, 3] = 90, 3, 2
    given = read_brain_mask(save_nifti(tmp_path / "mask.nii.gz", mask, affine))
    found = place_brain_mask(given, grid, np.ones(grid.shape, dtype=bool))
    assert found.method is Method.GIVEN
    index = np.stack(np.meshgrid(*map(np.arange, grid.shape), indexing="ij"), axis=-1)
    source = np.rint((index - affine[:3, 3]) / np.diag(affine)[:3] - 1e-6).astype(int)
    inside = ((source >= 0) & (source < mask.shape)).all(axis=-1)
    nearest = inside & (mask[tuple(np.where(inside, source[..., a], 0) for a in range(3))] > 0)
    assert dice(found.mask, nearest) > 0.97


@pytest.mark.parametrize(
    ("fill", "words"),
    [
        (lambda m: m, "every voxel is 0"),
        (lambda m: m + np.arange(m.size).reshape(m.shape) % 9, "9 different values"),
        (lambda m: m + (np.indices(m.shape)[0] < 5), "does not overlap"),
    ],
    ids=["empty", "an image", "elsewhere"],
)
def test_what_is_no_brain_mask_of_this_patient_is_refused(tmp_path, fill, words):
    path = save_nifti(tmp_path / "mask.nii.gz", fill(np.zeros((30, 30, 30))).astype(np.int16))
    far = np.eye(4)
    far[:3, 3] = 500
    with pytest.raises(InputError, match=words) as refusal:
        place_brain_mask(read_brain_mask(path), Grid((50, 50, 50), far), np.ones((50, 50, 50), dtype=bool))
    sentence = str(refusal.value)
    assert "mask.nii.gz" in sentence
    assert sentence.count(". ") == 0


def test_a_mask_that_lies_half_beside_the_head_is_doubted_with_what_that_costs(tmp_path):
    grid = Grid((160, 160, 160), np.eye(4))
    head = np.zeros(grid.shape, dtype=bool)
    head[20:120, 20:120, 20:120] = True
    mask = np.roll(head, 40, axis=0).astype(np.uint8)
    found = place_brain_mask(read_brain_mask(save_nifti(tmp_path / "mask.nii.gz", mask, np.eye(4))), grid, head)
    assert any("Only 60% of the brain mask" in sentence for sentence in found.warnings)
    assert "not segmented" in found.warnings[-1]
    right = place_brain_mask(
        read_brain_mask(save_nifti(tmp_path / "right.nii.gz", head.astype(np.uint8), np.eye(4))), grid, head
    )
    assert right.warnings == ()


def test_a_tumour_given_as_brain_is_doubted(tmp_path):
    mask = np.zeros((60, 60, 60), dtype=np.uint8)
    mask[20:40, 20:40, 20:40] = 1
    grid = Grid((120, 120, 120), np.eye(4))
    given = read_brain_mask(save_nifti(tmp_path / "mask.nii.gz", mask))
    found = place_brain_mask(given, grid, np.ones(grid.shape, dtype=bool))
    assert any("no usual brain" in sentence for sentence in found.warnings)
