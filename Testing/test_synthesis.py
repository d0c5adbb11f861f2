"""Synthetic patients are what a trainer takes them for."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch
from spherical_head import CORTEX, CSF, SKIN, from_middle, write_head
from test_cli import mstkd
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from mstkd.data.datalist import read_datalist
from mstkd.data.synthesis import Head, contrast, draw, load_heads, synthesise
from mstkd.data.synthesis.anatomy import Anatomy
from mstkd.data.synthesis.contrast import draw_contrast
from mstkd.data.synthesis.fields import Noise
from mstkd.errors import InputError
from mstkd.modalities import CHANNELS, Modality
from mstkd.preprocessing import read_labels, read_volume

FLAIR, T1, T1GD, T2 = range(4)
NETC, SNFH, ET = 1, 2, 3
Patient = tuple[np.ndarray, np.ndarray]
SIZE = (112, 112, 112)
"""Holds the whole head however it is turned and enlarged."""
PATIENTS = 6


@pytest.fixture(scope="module")
def heads_folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("heads")
    write_head(folder)
    return folder


@pytest.fixture(scope="module")
def head(heads_folder, tmp_path_factory) -> Head:
    return load_heads(heads_folder, tmp_path_factory.mktemp("cache"))[0]


@pytest.fixture(scope="module")
def stripped(head) -> list[Patient]:
    """Patients with a tumour whose skull was removed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "STRIPPED", 1.0)
        return [patient(head, seed) for seed in range(PATIENTS)]


@pytest.fixture(scope="module")
def with_skull(head) -> list[Patient]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "STRIPPED", 0.0)
        return [patient(head, seed) for seed in range(PATIENTS, 2 * PATIENTS)]


@pytest.fixture(scope="module")
def healthy(head) -> list[Patient]:
    return [patient(head, seed, tumour=False) for seed in range(PATIENTS)]


def patient(head: Head, seed: int, size=SIZE, **how) -> Patient:
    image, label = synthesise(head, size, np.random.default_rng(seed), **how)
    assert image.shape == (4, *size)
    assert image.dtype == torch.float32
    assert label.shape == size
    assert label.dtype == torch.uint8
    return image.numpy(), label.numpy()


def radius(mask) -> float:
    """Of a ball of the mask's volume."""
    return float((3 * np.count_nonzero(mask) / (4 * np.pi)) ** (1 / 3))


def median(image, where) -> float:
    return float(np.median(image[where]))


def share(facts) -> float:
    facts = list(facts)
    assert len(facts) > 2
    return sum(facts) / len(facts)


def test_the_same_seed_draws_the_same_patient(head):
    first, again, other = patient(head, 5), patient(head, 5), patient(head, 6)
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])


def test_a_tumour_lies_in_the_brain(with_skull):
    for image, label in with_skull:
        shown = image.any(axis=0)
        enlarged = radius(shown) / SKIN
        assert from_middle(label.shape)[label > 0].max(initial=0) < CSF * enlarged * 1.15 + 3


def test_nothing_is_shown_or_labelled_outside_a_stripped_brain(stripped, with_skull):
    assert np.mean([radius(i.any(axis=0)) for i, _ in stripped]) == pytest.approx(CORTEX, rel=0.1)
    assert np.mean([radius(i.any(axis=0)) for i, _ in with_skull]) == pytest.approx(SKIN, rel=0.1)
    for image, label in stripped:
        assert not image[:, from_middle(label.shape) > CSF * 1.25 + 6].any()
        assert not label[~image.any(axis=0)].any()


def test_a_patient_without_a_tumour_has_no_label(healthy):
    assert not any(label.any() for _, label in healthy)


def test_tumours_come_with_all_three_tissues_and_of_all_sizes(stripped, with_skull):
    labels = [label for _, label in stripped + with_skull]
    for tissue in (NETC, SNFH, ET):
        assert share((label == tissue).any() for label in labels) > 0.3
    volumes = [np.count_nonzero(label) / 1000 for label in labels]
    assert min(volumes) < 10 < 30 < max(volumes)


def test_fluid_and_white_matter_have_the_order_of_physics(healthy):
    distance = from_middle(SIZE)
    fluid, white = distance < 4, (distance > 14) & (distance < 20)
    for channel, brighter in ((FLAIR, white), (T1, white), (T2, fluid)):
        darker = fluid if brighter is white else white
        assert share(median(image[channel], brighter) > median(image[channel], darker) for image, _ in healthy) > 0.7


def test_grey_and_white_matter_have_the_order_of_physics():
    rng = np.random.default_rng(0)
    means = np.stack([draw_contrast("ring", rng).means for _ in range(50)])
    difference = means[:, :, Anatomy.CORTEX] - means[:, :, Anatomy.WHITE]
    for channel, sign in ((FLAIR, 1), (T1, -1), (T1GD, -1), (T2, 1)):
        assert share(sign * difference[:, channel] > 0) > 0.85


def test_necrosis_is_anything_from_bright_to_as_dark_as_fluid_in_flair():
    rng = np.random.default_rng(0)
    flair = np.stack([draw_contrast("ring", rng).means[FLAIR] for _ in range(200)])
    fluid, oedema, core = flair[:, Anatomy.VENTRICLE], flair[:, contrast.SNFH], flair[:, contrast.NETC]
    dark = (oedema - core) / (oedema - fluid)
    assert share(dark > 0.85) > 0.05
    assert share(dark < 0.15) > 0.05


def test_oedema_is_brighter_than_the_brain_in_flair(stripped):
    drawn = [(image[FLAIR], label) for image, label in stripped if np.count_nonzero(label == SNFH) > 200]
    assert (
        share(median(flair, label == SNFH) > median(flair, (label == 0) & (flair != 0)) for flair, label in drawn) > 0.8
    )


def test_contrast_agent_brightens_enhancing_tumour(stripped, with_skull):
    drawn = [(image, label == ET) for image, label in stripped + with_skull if np.count_nonzero(label == ET) > 200]
    assert share(median(image[T1GD], et) > median(image[T1], et) + 0.5 for image, et in drawn) > 0.8


def test_whole_brains_are_z_scored(head):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(draw, "STRIPPED", 1.0)
        patch.setattr(draw, "RIM_MM", (0.0, 0.0))
        brains = [patient(head, seed, tumour=False)[0] for seed in range(PATIENTS)]
    values = [image[:, image.any(axis=0)] for image in brains]
    means, deviations = [v.mean(axis=1) for v in values], [v.std(axis=1) for v in values]
    assert np.mean(means) == pytest.approx(0, abs=0.2)
    assert np.abs(means).max() < 0.8
    assert np.mean(deviations) == pytest.approx(1, abs=0.2)
    assert 0.6 < np.min(deviations) < np.max(deviations) < 1.7


def test_patches_mostly_hold_a_tumour_and_need_not_fit_the_head(head):
    patches = [patient(head, seed, (32, 48, 40)) for seed in range(16)]
    assert share(label.any() for _, label in patches) > 0.7
    image, _ = patient(head, 0, (144, 64, 128))
    assert not image[:, :12].any()
    assert image[:, 72].any()


def test_half_of_the_tumours_take_a_real_shape(head):
    oedema_alone = torch.full((30, 24, 20), SNFH, dtype=torch.uint8)
    labels = [patient(head, seed, (48, 48, 48), shape=oedema_alone)[1] for seed in range(16)]
    alone = [set(np.unique(label)) <= {0, SNFH} for label in labels if label.any()]
    assert 0.25 < share(alone) < 0.85


class OneDevice(TorchDispatchMode):
    """Refuses an operation on tensors of two devices, but for copies and single numbers, and any answer from a device.

    The meta device stands for the accelerator that this machine may lack.
    """

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
        devices = {tensor.device.type for tensor in tensors if tensor.dim() or tensor.device.type != "cpu"}
        assert len(devices) < 2, f"{operation} takes tensors of {devices}"
        if "meta" in devices:
            assert operation not in (torch.ops.aten._local_scalar_dense.default, torch.ops.aten.nonzero.default)
            assert (kwargs or {}).get("device") != torch.device("cpu"), f"{operation} reads back from the device"
        return operation(*args, **(kwargs or {}))


def test_an_accelerator_draws_without_being_waited_for(head, monkeypatch):
    monkeypatch.setattr(
        Noise, "__init__", lambda noise, seed, device: vars(noise).update(generator=None, device=device)
    )
    there = head.to("meta")
    shape = torch.empty((30, 24, 20), dtype=torch.uint8, device="meta")
    for seed in range(6):
        with OneDevice():
            image, label = synthesise(
                there, (64, 64, 64), np.random.default_rng(seed), shape=shape if seed % 2 else None
            )
        assert (image.device.type, label.device.type) == ("meta", "meta")


def test_heads_are_prepared_once(heads_folder, tmp_path):
    (first,) = load_heads(heads_folder, tmp_path)
    files = {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()}
    (second,) = load_heads(heads_folder, tmp_path)
    assert torch.equal(first.tissues, second.tissues)
    assert {file: file.stat().st_mtime_ns for file in tmp_path.iterdir()} == files
    assert first.name == "ball"
    assert all(abs(n - 2 * SKIN - 8) <= 2 for n in first.tissues.shape)


def test_what_is_no_head_is_refused_in_one_sentence(tmp_path):
    with pytest.raises(InputError, match=r"holds no \.nii\.gz file"):
        load_heads(tmp_path, tmp_path / "cache")
    image = nib.Nifti1Image(np.random.default_rng(0).random((40, 40, 40)), np.eye(4))
    nib.save(image, tmp_path / "image.nii.gz")
    with pytest.raises(InputError, match=r"image\.nii\.gz is no label map"):
        load_heads(tmp_path, tmp_path / "cache")


def test_the_command_writes_patients_that_the_check_accepts(heads_folder, tmp_path):
    out, cache = tmp_path / "out", ("--cache", tmp_path / "cache")
    command = ["data", "synthesise", heads_folder, "-o", out, "--number", "3", "--seed", "4"]
    assert mstkd(*command, "--page", *cache).returncode == 0
    listed = tmp_path / "list.json"
    assert mstkd("data", "check", out, "--labels", "brats2023", "-o", listed).returncode == 0
    cases = read_datalist(listed)
    assert [(case.id, list(case.images)) for case in cases] == [
        (f"Synthetic_000{n}", list(CHANNELS)) for n in (1, 2, 3)
    ]
    assert read_labels(cases[0].label).array.any()
    assert read_volume(cases[0].images[Modality.T2]).spacing.tolist() == [1, 1, 1]
    assert (out / "page.html").read_text().count("<figure>") == 3 * 5


def test_the_command_draws_patients_without_a_tumour(heads_folder, tmp_path):
    out = tmp_path / "out"
    command = ["data", "synthesise", heads_folder, "-o", out, "--number", "1", "--free"]
    assert mstkd(*command, "--cache", tmp_path / "cache").returncode == 0
    assert not read_labels(out / "Synthetic_0001" / "seg.nii.gz").array.any()
