"""The sample patient: offered in Slicer's Sample Data module and one click away in the panel; needs no network."""

from __future__ import annotations

from pathlib import Path

from MSTKDLib.Engine import EngineError, engineFolder
from MSTKDLib.Translation import _

CATEGORY = "Brain Tumor Segmentation (MST-KDNet)"
NAME = "BraTS2021_01479"
FILES = {
    "FLAIR": ("flair.nii.gz", "08c82e1ca99896fc30607914ae42c093eb99256bf776c3f38bca584cea6e10c7"),
    "T1": ("t1.nii.gz", "1080dafeacdc5eaa47976dd14c262a120de5ea543b3e7bbe019e5065afaa2d4d"),
    "T1Gd": ("t1c.nii.gz", "3f7292416a78b3c4f927a6da494abf4a4cea6b86fad5124749915e1d7ad9fa88"),
    "T2": ("t2.nii.gz", "514534cc1fcf02d6448af77719619f180ed5e48779f621ba68d3598725d7cbb2"),
}
"""Sequence to file and its SHA-256."""


def sampleFolder() -> Path:
    """Where the sample lies, in a checkout and beside the installed module.

    Raises:
        EngineError: The installation has none.
    """
    folder = engineFolder() / "Resources" / "SampleData" / NAME
    if not folder.is_dir():
        raise EngineError(_("The sample patient is not installed with this module; reinstall the extension."))
    return folder


def nodeNames() -> list[str]:
    """The names of the sample's four volumes in the scene."""
    return [f"{NAME}_{sequence}" for sequence in FILES]


def registerSampleData() -> None:
    """Offer the sample in the Sample Data module."""
    import SampleData

    folder = sampleFolder()
    SampleData.SampleDataLogic.registerCustomSampleDataSource(
        category=CATEGORY,
        sampleName=NAME,
        uris=[(folder / file).as_uri() for file, _sum in FILES.values()],
        fileNames=[f"{name}.nii.gz" for name in nodeNames()],
        nodeNames=nodeNames(),
        thumbnailFileName=str(Path(__file__).parents[1] / "Resources" / "Icons" / f"{NAME}.png"),
        checksums=[f"SHA256:{checksum}" for _file, checksum in FILES.values()],
    )


def loadSample() -> list:
    """Load the sample's four volumes; returns their nodes.

    Raises:
        EngineError: The sample is not installed.
        RuntimeError: Slicer cannot load a file.
    """
    import slicer

    folder = sampleFolder()
    return [
        slicer.util.loadVolume(str(folder / file), properties={"name": name})
        for name, (file, _sum) in zip(nodeNames(), FILES.values(), strict=True)
    ]
