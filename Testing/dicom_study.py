"""DICOM exports as scanners write them, made from NIfTI images."""

from __future__ import annotations

import random
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from conftest import NAMES, SAMPLE
from pydicom import Dataset, FileMetaDataset
from pydicom.fileset import FileSet
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from mstkd.modalities import Modality

MR_IMAGE, ENHANCED_MR = "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.4.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
GADOLINIUM = {"ContrastBolusAgent": "Gadobutrol", "ContrastBolusRoute": "IV"}
ORIGINAL = ["ORIGINAL", "PRIMARY", "M", "ND", "NORM"]
SPIN_ECHO = {"ScanningSequence": "SE", "SequenceVariant": "SK", "MRAcquisitionType": "2D", "FlipAngle": 90}
PHYSICS = {
    "flair": SPIN_ECHO
    | {"ScanningSequence": ["SE", "IR"], "RepetitionTime": 9000, "EchoTime": 120, "InversionTime": 2500},
    "t1_se": SPIN_ECHO | {"RepetitionTime": 500, "EchoTime": 10},
    "t2": SPIN_ECHO | {"RepetitionTime": 5000, "EchoTime": 95, "EchoTrainLength": 15},
    "mprage": {
        "ScanningSequence": ["GR", "IR"],
        "SequenceVariant": ["SK", "SP", "MP"],
        "MRAcquisitionType": "3D",
        "RepetitionTime": 1900,
        "EchoTime": 2.5,
        "InversionTime": 900,
        "FlipAngle": 9,
    },
    "dwi": {"ScanningSequence": "EP", "SequenceVariant": "SK", "RepetitionTime": 6000, "EchoTime": 90},
    "localiser": {"ScanningSequence": "GR", "SequenceVariant": "SP", "RepetitionTime": 20, "EchoTime": 5},
}


@dataclass(frozen=True)
class Visit:
    """One study of one patient, into a folder."""

    folder: Path
    patient: str = "P-1479"
    date: str = "20210304"
    study: str = field(default_factory=generate_uid)
    space: str = field(default_factory=generate_uid)
    names: random.Random = field(default_factory=lambda: random.Random(0))

    def write(
        self, number: int, description: str, array: np.ndarray, affine: np.ndarray, *, uid: str = "", **header: Any
    ) -> list[Path]:
        """Write an image ``(I, J, K)`` with RAS+ affine as one series, a file for each slice under a random name."""
        uid = uid or generate_uid()
        return [self._write_slice(uid, number, description, array, affine, k, header) for k in range(array.shape[2])]

    def _write_slice(self, uid, number, description, array, affine, k, header) -> Path:
        image = slice_dataset(array[:, :, k], affine, k)
        image.PatientID, image.PatientName, image.PatientBirthDate = self.patient, f"Doe^{self.patient}", "19600102"
        image.StudyInstanceUID, image.StudyDate, image.StudyDescription = self.study, self.date, "MRI head"
        image.StudyTime, image.StudyID = "100000", "1"
        image.SeriesInstanceUID, image.SeriesNumber, image.SeriesDescription = uid, number, description
        image.FrameOfReferenceUID = self.space
        image.AcquisitionDate, image.AcquisitionTime = self.date, f"10{number % 60:02}{k % 60:02}"
        image.AcquisitionNumber, image.InstanceNumber, image.ImageType = 1, k + 1, ORIGINAL
        image.ManufacturerModelName, image.MagneticFieldStrength = "Scanner", 3
        for keyword, value in header.items():
            setattr(image, keyword, value)
        return save(image, self.folder / random_name(self.names))


def random_name(names: random.Random) -> str:
    """A path of no, one or two folders and a name without meaning."""
    parts = [f"{names.getrandbits(40):010X}" for _ in range(names.randint(1, 3))]
    return "/".join([part[0] for part in parts[:-1]] + [parts[-1] + names.choice(["", ".dcm", ".IMA"])])


def slice_dataset(pixels: np.ndarray, affine: np.ndarray, k: int) -> Dataset:
    """An MR image from ``(I, J)`` stored values: place, matrix and pixels (PS3.3, C.7.6.2 and C.7.6.3)."""
    world = np.diag([-1.0, -1, 1, 1]) @ affine  # DICOM is LPS+
    spacing = np.linalg.norm(world[:3, :3], axis=0)
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID, image.Modality = MR_IMAGE, generate_uid(), "MR"
    image.ImagePositionPatient = [f"{mm:.9g}" for mm in world[:3, 3] + k * world[:3, 2]]
    image.ImageOrientationPatient = [f"{c:.9g}" for c in [*world[:3, 0] / spacing[0], *world[:3, 1] / spacing[1]]]
    image.PixelSpacing = [f"{spacing[1]:.9g}", f"{spacing[0]:.9g}"]
    image.SliceThickness = 1  # says nothing about the distance of slices
    set_pixels(image, pixels.T)
    return image


def set_pixels(image: Dataset, pixels: np.ndarray) -> None:
    """Stored values ``(rows, columns)``, of 16 bits, signed or not."""
    image.Rows, image.Columns = pixels.shape
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated, image.BitsStored, image.HighBit = 16, 16, 15
    image.PixelRepresentation = int(pixels.dtype.kind == "i")
    image.PixelData = pixels.astype("<i2" if pixels.dtype.kind == "i" else "<u2").tobytes()
    image["PixelData"].VR = "OW"


def save(image: Dataset, path: Path, syntax: str = ExplicitVRLittleEndian) -> Path:
    image.file_meta = FileMetaDataset()
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.MediaStorageSOPClassUID, image.file_meta.MediaStorageSOPInstanceUID = (
        image.SOPClassUID,
        image.SOPInstanceUID,
    )
    if syntax != ExplicitVRLittleEndian:
        image.compress(syntax, generate_instance_uid=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save_as(path, enforce_file_format=True)
    return path


def sample(modality: Modality, steps: tuple[int, int, int], plane: str = "axial") -> tuple[np.ndarray, np.ndarray]:
    """The sample patient's image thinned out, as slices of a plane that follow the normal, with its affine."""
    image = nib.load(SAMPLE / f"{NAMES[modality]}.nii.gz")
    codes = {"axial": "LPS", "sagittal": "PIR", "coronal": "LIA"}[plane]
    wanted = nib.orientations.axcodes2ornt(codes)
    turned = image.as_reoriented(nib.orientations.ornt_transform(nib.io_orientation(image.affine), wanted))
    thin = turned.slicer[tuple(slice(None, None, step) for step in steps)]
    return np.asarray(thin.dataobj).astype(np.uint16) * 4, thin.affine


def write_export(folder: Path) -> dict[str, list[Path]]:
    """A clinical study of the sample patient, another study of it, and another patient, all mixed up.

    Returns the files of the first study by series.
    """
    visit = Visit(folder)
    files: dict[str, list[Path]] = {}
    localiser = generate_uid()
    for plane in ("sagittal", "coronal", "axial"):
        array, affine = sample(Modality.T1, (4, 4, 40), plane)
        files[f"localiser {plane}"] = visit.write(
            1, "localizer", array[:, :, :3], affine, uid=localiser, **PHYSICS["localiser"]
        )
    files["flair"] = visit.write(2, "t2_flair_tra", *sample(Modality.FLAIR, (2, 2, 3)), **PHYSICS["flair"])
    files["t1 thick"] = visit.write(3, "t1_se_tra", *sample(Modality.T1, (2, 2, 6)), **PHYSICS["t1_se"])
    diffusion = generate_uid()
    for b_value in (0, 1000):
        array, affine = sample(Modality.T2, (3, 3, 6))
        files[f"dwi {b_value}"] = visit.write(
            4, "ep2d_diff_dwi", array // (1 + b_value // 500), affine, uid=diffusion, DiffusionBValue=b_value,
            **PHYSICS["dwi"],
        )  # fmt: skip
    t1, t1gd = sample(Modality.T1, (2, 2, 2), "sagittal"), sample(Modality.T1GD, (2, 2, 2), "sagittal")
    files["t1"] = visit.write(5, "t1_mprage_sag_iso", *t1, **PHYSICS["mprage"])
    files["t2"] = visit.write(6, "t2_tse_tra", *sample(Modality.T2, (2, 2, 4)), **PHYSICS["t2"])
    files["t1gd"] = visit.write(7, "t1_mprage_sag_iso_gd", *t1gd, **PHYSICS["mprage"], **GADOLINIUM)
    files["reformat"] = visit.write(
        8, "t1_mprage_gd_tra", *sample(Modality.T1GD, (2, 2, 2)), **PHYSICS["mprage"], **GADOLINIUM,
        ImageType=["DERIVED", "PRIMARY", "MPR", "NORM"],
    )  # fmt: skip
    files["screenshot"] = visit.write(
        99, "t1 with measurements", *sample(Modality.T1, (2, 2, 80)), SOPClassUID=SECONDARY_CAPTURE
    )
    earlier = Visit(folder, date="20201101", names=random.Random(1))
    earlier.write(2, "t2_flair_tra", *sample(Modality.FLAIR, (3, 3, 5)), **PHYSICS["flair"])
    other = Visit(folder, patient="P-0002", names=random.Random(2))
    other.write(5, "t1_mprage_sag_iso", *sample(Modality.T1, (3, 3, 3), "sagittal"), **PHYSICS["mprage"])
    (folder / "readme.txt").write_text("Exported by the workstation.")
    add_dicomdir(folder, files["t1"][:2])
    return files


def add_dicomdir(folder: Path, files: list[Path]) -> None:
    """The index file that a CD carries."""
    index = FileSet()
    for file in files:
        index.add(file)
    index.write(folder / "index")
    shutil.move(folder / "index" / "DICOMDIR", folder / "DICOMDIR")
    shutil.rmtree(folder / "index")
