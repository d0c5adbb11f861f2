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
