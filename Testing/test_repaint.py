"""A painted core lies in the real tumour, looks as its tissue does in each sequence, and is labelled as it looks."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from small_run import write_patients

from mstkd.data.cache import load_cached
from mstkd.data.datalist import read_datalist
from mstkd.data.dataset import SamplePlan, SampleStream, Stage
from mstkd.data.repaint import repaint
from mstkd.regions import Tissue

SHAPE = (36, 40, 32)
FLAIR, T1, T1GD, T2 = range(4)
SEEDS = st.integers(0, 2**32 - 1)


def patient(tumour_mm: int = 20) -> tuple[torch.Tensor, torch.Tensor]:
    """A brain of grey 0.1 with fluid on one side and a tumour of oedema alone; FLAIR, T1, T1Gd and T2."""
    image = torch.zeros(4, *SHAPE)
    image[:, 2:34, 2:38, 2:30] = 0.1
    image[:, 2:34, 2:38, 2:5] = -3.0
    image[T2, 2:34, 2:38, 2:5] = 3.0
    labels = torch.zeros(SHAPE, dtype=torch.uint8)
    box = tuple(slice(8, 8 + tumour_mm) for _ in SHAPE)
    labels[box] = Tissue.SNFH
    image[(slice(None), *box)] = torch.tensor([2.0, -0.5, -0.5, 1.5])[:, None, None, None]
    return image, labels


@settings(max_examples=40, deadline=None)
@given(SEEDS, st.booleans())
def test_only_the_tumour_changes_and_it_stays_as_large(seed, known):
    image, labels = patient()
    painted, relabelled = repaint(image, labels, range(4), np.random.default_rng(seed), known=known, enhancing=True)
    healthy = labels == 0
    torch.testing.assert_close(relabelled > 0, labels > 0)
    # The tumour's border is soft by a voxel.
    healthy[7:29, 7:29, 7:29] = False
    torch.testing.assert_close(painted[:, healthy], image[:, healthy])
    assert not painted[image == 0].any(), "outside the brain is nothing"
    assert not torch.equal(painted, image)


@settings(max_examples=40, deadline=None)
@given(SEEDS)
def test_labels_say_what_is_seen(seed):
    image, labels = patient()
    painted, relabelled = repaint(image, labels, range(4), np.random.default_rng(seed), known=True, enhancing=True)
    change = painted - image
    inside, rim = relabelled == Tissue.NETC, relabelled == Tissue.ET
    assert (inside | rim).any()
    # Beside each other they mix, as in voxels that hold something of both.
    deep = torch.from_numpy(ndimage.binary_erosion(inside.numpy(), iterations=2))
    if deep.any():
        assert change[T1, deep].mean() < 0
        assert change[T1GD, deep].mean() < 0
        assert change[T2, deep].mean() > 0
        assert change[FLAIR, deep].mean() <= 0
    if rim.any():
        assert change[T1GD, rim].mean() > abs(change[T1, rim].mean()), "contrast agent shows in T1Gd"


def test_a_rim_is_as_bright_as_its_label_says():
    bright, voxels = 0, 0
    for seed in range(40):
        painted, labels = repaint(*patient(), range(4), np.random.default_rng(seed), known=True, enhancing=True)
        rim = painted[T1GD][labels == Tissue.ET]
        bright, voxels = bright + int((rim > 0.1).sum()), voxels + len(rim)
    assert bright / voxels > 0.9, "brighter than the brain"


def test_without_t1gd_nothing_is_labelled_that_no_sequence_shows():
    channels = [FLAIR, T1, T2]
    image, labels = patient()
    for seed in range(40):
        painted, relabelled = repaint(
            image[channels], labels, channels, np.random.default_rng(seed), known=True, enhancing=False
        )
        assert not (relabelled == Tissue.ET).any()
        core = relabelled == Tissue.NETC
        assert ((painted - image[channels])[:, core].abs().amax(0) > 0.05).float().mean() > 0.9


def test_a_sequence_that_does_not_reach_the_patch_stays_empty():
    image, labels = patient()
    image[T2] = 0
    painted, _ = repaint(image, labels, range(4), np.random.default_rng(0), known=True, enhancing=True)
    assert not painted[T2].any()
    assert painted.isfinite().all()


def test_every_kind_of_core_occurs():
    found = set()
    for seed in range(40):
        _, labels = repaint(*patient(), range(4), np.random.default_rng(seed), known=True, enhancing=True)
        found.add((bool((labels == Tissue.NETC).any()), bool((labels == Tissue.ET).any())))
    assert found == {(True, True), (True, False), (False, True)}


def test_a_reference_that_knows_the_whole_tumour_alone_stays_as_it_is():
    image, labels = patient()
    painted, relabelled = repaint(image, labels, range(4), np.random.default_rng(0), known=False, enhancing=True)
    assert torch.equal(relabelled, labels)
    assert not torch.equal(painted, image)


def test_next_to_no_tumour_is_left_alone():
    image, labels = patient(tumour_mm=8)
    painted, relabelled = repaint(image, labels, range(4), np.random.default_rng(0), known=True, enhancing=True)
    assert torch.equal(painted, image)
    assert torch.equal(relabelled, labels)


def test_a_run_paints_into_its_share_of_the_patients(tmp_path):
    datalist = read_datalist(write_patients(tmp_path))
    cases = [load_cached(case, tmp_path / "cache") for case in datalist if case.split == "train"]

    def drawn(repainted: float) -> list[torch.Tensor]:
        plan = SamplePlan(
            weights={},
            stages=[(0, Stage((24, 24, 24), repainted=repainted))],
            augmentation="none",
            bias_field=0.15,
            subset_weights={},
            full_set_ramp=0,
            all_sequences=True,
            length=40,
            seed=1,
        )
        stream = SampleStream(cases, plan)
        return [stream[number]["image"] for number in range(40)]

    plain, half, all_of_them = (drawn(share) for share in (0.0, 0.5, 1.0))
    changed = [
        sum(not torch.equal(a, b) for a, b in zip(plain, painted, strict=True)) for painted in (half, all_of_them)
    ]
    assert 0 < changed[0] < changed[1]
