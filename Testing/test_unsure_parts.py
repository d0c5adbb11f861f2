"""What a model is too unsure of is left out of the result, and said."""

import base64
import io
import json
from dataclasses import replace
from html import escape
from types import SimpleNamespace

import numpy as np
import pytest
import SimpleITK as sitk
from conftest import call_all_tumour, card
from PIL import Image
from test_cli import found, mstkd

from mstkd.bundle import export_bundle, run_bundle
from mstkd.inference.left_out import left_out_sentences
from mstkd.inference.postprocessing import Cleaned
from mstkd.inference.segment import Segmentation
from mstkd.modalities import Modality
from mstkd.models import write_package
from mstkd.network import MSTKDNet
from mstkd.preprocessing import prepare, read_volume
from mstkd.results.panels import HEIGHT
from mstkd.results.steps import left_out


@pytest.fixture
def unsure(small_network):
    call_all_tumour(small_network, 0.7)
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
    assert said.startswith(f"No tumour was found of which the model is sure. {summary['left_out_ml']:.1f} mL that ")
    page = (out / "report.html").read_text()
    assert escape(said) in page
    assert "Left out, as the model is not sure enough" in page
    assert "Parts of the whole tumour with a mean probability under 80 % are left out." in page


def test_the_report_shows_the_largest_part_that_was_left_out(reference):
    patient = prepare({Modality.FLAIR: reference})
    patient = replace(patient, images=np.zeros_like(patient.images))  # so that the outline stands alone
    nothing = np.zeros(reference.shape, np.uint8)
    parts = np.zeros(reference.shape, int)
    parts[20:26, 80:86, 10:16] = 2
    parts[50:80, 60:80, 60:70] = 5
    result = SimpleNamespace(segmentation=Segmentation(nothing, nothing, nothing, parts, patient, (), None, "cpu"))
    extents = []
    for panel in list(left_out(result))[1::2]:
        stream = io.BytesIO(base64.b64decode(panel.address.split(",")[1]))
        drawn = np.asarray(Image.open(stream).convert("L")) > 60
        # The rows of a picture are so many voxels of 1 mm, made `HEIGHT` pixels high.
        rows = patient.grid.shape[1 if "axial" in panel.caption else 2]
        extents.append([np.ptp(np.flatnonzero(drawn.any(axis))) * rows / HEIGHT for axis in (1, 0)])
    np.testing.assert_allclose(extents, [(20, 30), (10, 30), (10, 20)], atol=2)


def test_a_bundle_leaves_them_out_too(unsure, tumour_box, tmp_path):
    write_package(tmp_path / "model", unsure, card() | {"least_part_probability": 0.8})
    export_bundle(tmp_path / "model", tmp_path / "bundle")
    network = MSTKDNet(unsure.architecture)
    run_bundle(network, tmp_path / "bundle", {"flair": tumour_box / "flair.nii.gz"}, tmp_path / "out", "cpu")
    assert not found(tmp_path / "out").any()


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
    (said,) = left_out_sentences(Cleaned(np.ones(reference.shape), left_out), probability, brain, reference, 0.825)
    assert said.startswith("0.3 mL that may be tumour were left out, in 2 parts, the largest ")
    assert said.endswith("(mean probability under 82.5 %); look there.")
    place, middle = (np.array(image.TransformIndexToPhysicalPoint(voxel)) for voxel in ((22, 97, 6), (55, 60, 54)))
    left, posterior, superior = place - middle
    for mm, words in (
        (left, ("to the patient's right", "to the patient's left")),
        (posterior, ("anterior", "posterior")),
        (superior, ("inferior", "superior")),
    ):
        assert f"{abs(mm):.0f} mm {words[int(mm > 0)]}" in said


def test_an_empty_result_is_no_proof(reference):
    nothing, something = np.zeros(reference.shape, int), np.ones(reference.shape, int)

    def said(tissues, left_out):
        return left_out_sentences(Cleaned(tissues, left_out), something, something, reference, 0.8)

    assert said(something, nothing) == []
    assert said(nothing, nothing) == ["No tumour was found, which does not mean that there is none."]
    (both,) = said(nothing, something)
    assert both.startswith("No tumour was found of which the model is sure. ")


@pytest.mark.parametrize("fields", [{}, {"least_part_probability": 0.6}])
def test_parts_over_it_stay(segmented, fields):
    out, summary = segmented(**fields)
    assert found(out).any()
    assert summary["left_out_ml"] == 0
    assert not [warning for warning in summary["warnings"] if "left out" in warning]
    assert "Left out" not in (out / "report.html").read_text()
