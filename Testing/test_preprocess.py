"""Everything before the network, on the sample patient."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mstkd.errors import InputError
from mstkd.evaluation import dice
from mstkd.modalities import CHANNELS
from mstkd.preprocessing import Method, preprocess, read_volume

F, T1, GD, T2 = CHANNELS
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def volumes(sample_files):
    return {m: read_volume(path) for m, path in sample_files.items()}


def test_what_lies_together_is_not_touched(volumes):
    before = {m: (v.array.copy(), v.affine.copy()) for m, v in volumes.items()}
    done = preprocess(volumes, device=CPU)
    for modality, volume in volumes.items():
        assert done.aligned[modality] is volume
        np.testing.assert_array_equal(volume.array, before[modality][0])
        np.testing.assert_array_equal(volume.affine, before[modality][1])
    assert done.brain.method is Method.STRIPPED
    assert not done.prepared.warnings


def test_a_sequence_that_sees_half_the_head_does_not_halve_the_brain(volumes):
    middle = volumes[T1].shape[2] // 2
    lower = replace(volumes[T1], array=volumes[T1].array[..., :middle], header=None)
    done = preprocess({**volumes, T1: lower}, device=CPU)
    assert done.brain_from is not T1
    assert dice(done.brain.mask, done.gathered.images[GD] != 0) > 0.98
    assert any("T1 covers only" in warning for warning in done.prepared.warnings)


def shifted(volume, mm):
    affine = volume.affine.copy()
    affine[2, 3] += mm
    return replace(volume, affine=affine, header=None)


def test_the_users_mask_moves_with_the_sequence_on_which_it_was_drawn(volumes):
    moved = shifted(volumes[F], 12)
    mask = replace(moved, array=(moved.array != 0).astype(np.float32))
    done = preprocess({F: moved, GD: volumes[GD]}, brain=mask, device=CPU)
    assert dice(done.brain.mask, done.gathered.images[GD] != 0) > 0.97
    assert not any("mask" in warning for warning in done.prepared.warnings)


def test_a_mask_on_the_grid_of_one_that_moved_and_one_that_stayed_is_doubted(volumes):
    affine = volumes[GD].affine
    there, moved = replace(volumes[GD], header=None), replace(volumes[F], array=np.roll(volumes[F].array, 12, 2))
    assert np.array_equal(affine, moved.affine), "the patient moved, not the slices"
    mask = replace(there, array=(there.array != 0).astype(np.float32))
    done = preprocess({F: moved, GD: there}, brain=mask, device=CPU)
    assert any("though FLAIR moved" in warning for warning in done.prepared.warnings)
    assert dice(done.brain.mask, done.gathered.images[GD] != 0) > 0.99


def test_a_mask_that_lies_on_no_sequence_is_doubted_where_one_moved(volumes):
    mask = replace(volumes[GD], array=(volumes[GD].array != 0)[:-1].astype(np.float32), header=None)
    given = {F: shifted(volumes[F], 12), GD: volumes[GD]}
    warnings = preprocess(given, brain=mask, device=CPU).prepared.warnings
    assert any("though FLAIR moved" in warning for warning in warnings)
    still = {F: volumes[F], GD: volumes[GD]}
    assert not preprocess(still, brain=mask, device=CPU).prepared.warnings


def test_a_reference_that_ends_within_the_brain_is_named_with_the_one_that_shows_more(volumes):
    slab = replace(volumes[GD], array=volumes[GD].array[..., :-45], header=None)
    warnings = preprocess({F: volumes[F], GD: slab}, device=CPU).prepared.warnings
    assert any("T1Gd ends within the brain" in warning and "choose FLAIR" in warning for warning in warnings)
    for others in ({}, {F: replace(volumes[F], array=volumes[F].array[..., :-45], header=None)}):
        warnings = preprocess({GD: slab, **others}, device=CPU).prepared.warnings
        assert any("reaches the edge" in warning for warning in warnings)
        assert not any("ends within" in warning for warning in warnings), "no other shows what lies beyond"


def test_a_sequence_that_shows_no_brain_is_named_and_refused(volumes):
    middle = volumes[T2].shape[2] // 2
    lower = replace(volumes[T2], array=volumes[T2].array[..., :middle], source="neck.nii.gz", header=None)
    brain = (volumes[T1].array != 0).astype(np.uint8)
    brain[..., : middle + 10] = 0
    given = {T1: volumes[T1], T2: lower}
    with pytest.raises(InputError, match=r"neck.nii.gz shows next to nothing of the brain; leave it out"):
        preprocess(given, brain=replace(volumes[T1], array=brain, header=None), registration=False, device=CPU)


def test_every_warning_is_said_once(volumes):
    doubtful = replace(volumes[T2], warnings=("T2 is doubtful.",))
    swapped = {F: doubtful, T2: replace(volumes[F], source="other"), GD: volumes[GD]}
    warnings = preprocess(swapped, device=CPU).prepared.warnings
    assert len(warnings) == len(set(warnings))
    assert "T2 is doubtful." in warnings
    assert any("FLAIR" in warning and "T2" in warning for warning in warnings), "images that look swapped are doubted"


def test_nothing_given_is_refused_in_words():
    with pytest.raises(InputError, match="at least one"):
        preprocess({}, device=CPU)
