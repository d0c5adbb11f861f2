"""What a model is too unsure of is left out of the result, and said."""

import json
import re

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from conftest import card
from test_cli import found, mstkd

from mstkd.inference.left_out import left_out_sentences
from mstkd.models import write_package
from mstkd.preprocessing import read_volume
from mstkd.regions import Tissue

PROBABILITY = 0.7


@pytest.fixture
def unsure(small_network):
    """A network that calls every voxel SNFH, with the same probability but at the image's border."""
    head = small_network.decoder.head.conv_block
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        logits = head.bias.view(4, -1)
        logits[:] = -20
        logits[Tissue.BACKGROUND], logits[Tissue.SNFH] = np.log(1 - PROBABILITY), np.log(PROBABILITY)
    return small_network


@pytest.fixture
def segmented(unsure, tumour_box, tmp_path):
    def run(**fields):
        write_package(tmp_path / "model", unsure, card() | fields)
        out = tmp_path / "out"
        answer = mstkd("segment", "--flair", tumour_box / "flair.nii.gz", "--model", tmp_path / "model", "-o", out)
        assert answer.returncode == 0, answer.stderr
        return out, json.loads((out / "summary.json").read_text())

    return run


def test_parts_under_the_models_threshold_are_left_out_and_their_volume_is_said(segmented):
    out, summary = segmented(least_part_probability=0.8)
    assert not found(out).any()
    assert summary["left_out_ml"] > 100
    assert summary["model"]["least_part_probability"] == 0.8
    (said,) = [warning for warning in summary["warnings"] if "No tumour was found" in warning]
    assert said.startswith(
        f"No tumour was found of which the model is sure. {summary['left_out_ml']:.1f} mL that may be"
    )
    page = (out / "report.html").read_text()
    assert said in page
    assert "Parts of the whole tumour with a mean probability under 80 % are left out." in page


@pytest.fixture
def reference(tumour_box):
    return read_volume(tumour_box / "flair.nii.gz")


def test_a_user_is_told_how_much_and_where(reference, tumour_box):
    image = sitk.ReadImage(str(tumour_box / "flair.nii.gz"))
    left_out = np.zeros(reference.shape, int)
    left_out[20:25, 90:100, 5:10] = 4
    left_out[60:62, 60:62, 60:62] = 2
    probability = np.full(reference.shape, 0.6)
    probability[22, 97, 6] = 0.7
    probability[60, 60, 60] = 0.75
    left, posterior, superior = image.TransformIndexToPhysicalPoint((22, 97, 6))
    (said,) = left_out_sentences(np.ones(reference.shape), left_out, probability, reference, 0.825)
    assert said.startswith("0.3 mL that may be tumour were left out, in 2 parts, the largest at ")
    assert said.endswith("a mean probability of 82.5 %.")
    letters, numbers = zip(*re.findall(r"([RLAPSI]) (\d+)", said), strict=True)
    assert letters == ("L" if left > 0 else "R", "P" if posterior > 0 else "A", "S" if superior > 0 else "I")
    np.testing.assert_allclose([int(n) for n in numbers], np.abs([left, posterior, superior]), atol=0.51)


def test_a_tiny_part_is_not_said_to_have_no_volume(reference):
    left_out = np.zeros(reference.shape, int)
    left_out[20, 20, 20] = 1
    (said,) = left_out_sentences(np.zeros(reference.shape), left_out, np.ones(reference.shape), reference, 0.8)
    assert said.startswith("No tumour was found of which the model is sure. Less than 0.1 mL that may be tumour")


def test_nothing_left_out_is_not_talked_of(reference):
    nothing, something = np.zeros(reference.shape, int), np.ones(reference.shape, int)
    assert left_out_sentences(something, nothing, something, reference, 0.8) == []
    assert left_out_sentences(nothing, nothing, something, reference, 0.8) == ["No tumour was found."]


@pytest.mark.parametrize("fields", [{}, {"least_part_probability": 0.6}])
def test_parts_over_it_stay(segmented, fields):
    out, summary = segmented(**fields)
    assert found(out).any()
    assert summary["left_out_ml"] == 0
    assert not [warning for warning in summary["warnings"] if "left out" in warning]
