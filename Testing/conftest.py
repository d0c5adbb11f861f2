"""Things the tests have: a sample patient, a small network, a model package."""

from __future__ import annotations

import os
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is loaded: on small tensors, threads only wait for each other

import nibabel as nib
import numpy as np
import pytest
import torch
from hypothesis import settings
from panel_fixtures import missing_packages as missing_packages
from panel_fixtures import open_panel as open_panel
from panel_fixtures import panel as panel
from panel_fixtures import patient_volumes as patient_volumes
from slicer_host.fixtures import ctk as ctk
from slicer_host.fixtures import host as host
from slicer_host.fixtures import qt as qt
from train_parts import runs_folder as runs_folder
from train_parts import train_panel as train_panel

from mstkd.modalities import CHANNELS, Modality
from mstkd.models import write_package
from mstkd.network import Architecture, EnhancementWithout, MSTKDNet
from mstkd.regions import Tissue

settings.register_profile("repeatable", derandomize=True, deadline=None, max_examples=40, database=None)
settings.load_profile("repeatable")

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "Resources" / "SampleData" / "BraTS2021_01479"
NAMES = {Modality.FLAIR: "flair", Modality.T1: "t1", Modality.T1GD: "t1c", Modality.T2: "t2"}


@pytest.fixture(scope="session", autouse=True)
def own_state(tmp_path_factory) -> None:
    """Runs of the tests neither see a real run on this machine nor are seen by one."""
    os.environ["MSTKD_STATE"] = str(tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="session")
def sample_files() -> dict[Modality, Path]:
    return {modality: SAMPLE / f"{NAMES[modality]}.nii.gz" for modality in CHANNELS}


@pytest.fixture(scope="session")
def tumour_box(tmp_path_factory) -> Path:
    """The sample patient cut to 112 mm around the tumour: real tissue, quick to segment."""
    folder = tmp_path_factory.mktemp("tumour_box")
    for name in [*NAMES.values(), "seg"]:
        image = nib.load(SAMPLE / f"{name}.nii.gz")
        nib.save(image.slicer[:112, :112, 29:], folder / f"{name}.nii.gz")
    return folder


@pytest.fixture(scope="session")
def small_architecture() -> Architecture:
    return Architecture(
        stem_stride=2,
        channels=(8, 8, 16),
        blocks=(1, 1, 1),
        hidden=16,
        heads=2,
        layers=2,
        taps=(1, 2),
        feed_forward=16,
        scale_channels=(8, 8),
    )


@pytest.fixture
def small_network(small_architecture) -> MSTKDNet:
    torch.manual_seed(0)
    return MSTKDNet(small_architecture).eval()


@pytest.fixture
def twice_looking_network(small_network) -> EnhancementWithout:
    """The small network, but with a second look without T2."""
    network = EnhancementWithout(small_network.architecture, ["t2"]).eval()
    network.load_state_dict(network.state_dict() | small_network.state_dict())
    return network


def call_all_tumour(network: MSTKDNet, probability: float) -> None:
    """Let it call every voxel SNFH, with the same probability but at the image's border."""
    head = network.decoder.head.conv_block
    with torch.no_grad():
        for parameter in head.parameters():
            parameter.zero_()
        logits = head.bias.view(4, -1)
        logits[:] = -20
        logits[Tissue.BACKGROUND], logits[Tissue.SNFH] = np.log(1 - probability), np.log(probability)


def card() -> dict:
    """A minimal valid card, without what `write_package` fills in."""
    return {
        "format": 3,
        "name": "small",
        "version": "1",
        "summary": "An untrained network for tests.",
        "intended_use": "Research use only.",
        "licence": "none",
        "citation": "none",
        "preprocessing": {
            "channels": ["FLAIR", "T1", "T1Gd", "T2"],
            "spacing_mm": 1.0,
            "orientation": "RAS",
            "intensity": "z-score",
        },
        "training": {
            "data": [],
            "held_out": [],
            "validation": [],
            "configurations": [],
            "steps": 0,
            "revision": "none",
            "versions": {},
        },
        "accuracy": [],
    }


@pytest.fixture
def small_package(small_network, tmp_path) -> Path:
    write_package(tmp_path / "package", small_network, card())
    return tmp_path / "package"


def save_nifti(path: Path, array: np.ndarray, affine: np.ndarray | None = None) -> Path:
    """Write an array as NIfTI, by default with 2 mm voxels."""
    nib.save(nib.Nifti1Image(array, np.diag([2.0, 2, 2, 1]) if affine is None else affine), path)
    return path
