"""What a model is too unsure of is left out of the result, and said."""

import json
import re

import numpy as np
import pytest
import SimpleITK as sitk
import torch
from conftest import card
from test_cli import found, mstkd

from mstkd.inference.left_out import left_out_sentence
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
    said = [warning for warning in summary["warnings"] if "left out" in warning]
    assert len(said) == 1
    assert f"{summary['left_out_ml']:.1f} mL" in said[0]
    assert "a mean probability of 80 %" in said[0]
    assert "No tumour was found." in summary["warnings"]
    assert said[0] in (out / "report.html").read_text()


def test_a_user_is_told_where_to_look(tumour_box):
    reference = read_volume(tumour_box / "flair.nii.gz")
    image = sitk.ReadImage(str(tumour_box / "flair.nii.gz"))
    probability = np.full(reference.shape, 0.6)
    left_out = np.zeros(reference.shape, bool)
    left_out[20:25, 90:100, 5:10] = True
    probability[22, 97, 6] = 0.7
    probability[50, 50, 50] = 0.9
    left, posterior, superior = image.TransformIndexToPhysicalPoint((22, 97, 6))
    said = left_out_sentence(left_out, probability, reference, 0.75)
    assert said.startswith("0.2 mL that may be tumour were left out")
    assert said.endswith("a mean probability of 75 %.")
    letters, numbers = zip(*re.findall(r"([RLAPSI]) (\d+)", said), strict=True)
    expected = (("L", "R")[left < 0], ("P", "A")[posterior < 0], ("I", "S")[superior > 0])
    assert letters == expected
    np.testing.assert_allclose([int(n) for n in numbers], np.abs([left, posterior, superior]), atol=0.51)


@pytest.mark.parametrize("fields", [{}, {"least_part_probability": 0.6}])
def test_parts_over_it_stay(segmented, fields):
    out, summary = segmented(**fields)
    assert found(out).any()
    assert summary["left_out_ml"] == 0
    assert not [warning for warning in summary["warnings"] if "left out" in warning]
