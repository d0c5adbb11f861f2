"""What a model is too unsure of is left out of the result, and said."""

import json

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
    (said,) = [warning for warning in summary["warnings"] if "left out" in warning]
    assert said.startswith(f"{summary['left_out_ml']:.1f} mL that may be tumour were left out, ")
    assert "No tumour was found, which does not mean that there is none." in summary["warnings"]
    page = (out / "report.html").read_text()
    assert said in page
    assert "Parts of the whole tumour with a mean probability under 80 % are left out." in page


@pytest.fixture
def reference(tumour_box):
    return read_volume(tumour_box / "flair.nii.gz")


def test_a_user_is_told_how_much_and_where_in_the_brain(reference, tumour_box):
    image = sitk.ReadImage(str(tumour_box / "flair.nii.gz"))
    brain = np.zeros(reference.shape, bool)
    brain[10:101, 20:101, 4:105] = True  # its middle is the voxel (55, 60, 54)
    left_out = np.zeros(reference.shape, int)
    left_out[20:25, 90:100, 5:10] = 4
    left_out[60:62, 60:62, 60:62] = 2
    probability = np.full(reference.shape, 0.6)
    probability[22, 97, 6] = 0.7
    probability[60, 60, 60] = 0.75
    (said,) = left_out_sentences(np.ones(reference.shape), left_out, probability, brain, reference, 0.825)
    assert said.startswith("0.3 mL that may be tumour were left out, in 2 parts, the largest ")
    assert said.endswith("(mean probability under 82.5 %); look there.")
    place, middle = (np.array(image.TransformIndexToPhysicalPoint(voxel)) for voxel in ((22, 97, 6), (55, 60, 54)))
    left, posterior, superior = place - middle
    words = f"{'left' if left > 0 else 'right'} of", "behind" if posterior > 0 else "in front of"
    x, y, z = (f"{abs(mm):.0f} mm" for mm in (left, posterior, superior))
    where = f"{x} {words[0]}, {y} {words[1]} and {z} {'above' if superior > 0 else 'below'} the middle of the brain"
    assert where in said


def test_an_empty_result_is_no_proof(reference):
    nothing, something = np.zeros(reference.shape, int), np.ones(reference.shape, int)
    assert left_out_sentences(something, nothing, something, something, reference, 0.8) == []
    for left_out in (nothing, something):
        first = left_out_sentences(nothing, left_out, something, something, reference, 0.8)[0]
        assert first == "No tumour was found, which does not mean that there is none."


@pytest.mark.parametrize("fields", [{}, {"least_part_probability": 0.6}])
def test_parts_over_it_stay(segmented, fields):
    out, summary = segmented(**fields)
    assert found(out).any()
    assert summary["left_out_ml"] == 0
    assert not [warning for warning in summary["warnings"] if "left out" in warning]
