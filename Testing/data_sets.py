"""Small data sets with the names that the public ones really have."""

import json
import zlib
from pathlib import Path

import nibabel as nib
import numpy as np

BRATS = ("flair", "t1", "t1ce", "t2")
BRATS_2023 = ("t2f", "t1n", "t1c", "t2w")
BIDS = ("FLAIR", "T1w", "ce-gadolinium_T1w", "T2w")
SHAPE = (10, 11, 12)
AFFINE = np.diag([3.0, 3, 3, 1])


def image(path: Path, shape=SHAPE, affine=AFFINE) -> Path:
    """An image whose content follows from its name and its folder's."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(zlib.crc32(f"{path.parent.name}/{path.name}".encode()))
    nib.save(nib.Nifti1Image(rng.integers(1, 500, shape).astype(np.int16), affine), path)
    return path


def label_map(path: Path, values=(1, 2, 4), shape=SHAPE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    array = np.zeros(shape, dtype=np.float32 if any(v != int(v) for v in values) else np.uint8)
    array.flat[500 : 500 + len(values)] = values
    nib.save(nib.Nifti1Image(array, AFFINE), path)
    return path


def case(folder: Path, *, endings=BRATS, joint="_", suffix=".nii.gz", labels=(1, 2, 4)) -> Path:
    """A folder ``ID`` with files ``ID_flair.nii.gz`` ... ``ID_seg.nii.gz``."""
    for ending in endings:
        image(folder / f"{folder.name}{joint}{ending}{suffix}")
    label_map(folder / f"{folder.name}{joint}seg{suffix}", labels)
    return folder


def case_2023(folder: Path, labels=(1, 2, 3)) -> Path:
    return case(folder, endings=BRATS_2023, joint="-", labels=labels)


def decathlon(root: Path, cases=("BRATS_001", "BRATS_002"), meanings=None, channels=None) -> Path:
    """Task01_BrainTumour: 4D images, macOS droppings, a test image without reference."""
    for name in cases:
        image(root / "imagesTr" / f"{name}.nii.gz", (*SHAPE, 4))
        label_map(root / "labelsTr" / f"{name}.nii.gz", (1, 2, 3))
    (root / "imagesTr" / f"._{cases[0]}.nii.gz").write_bytes(b"\0\5\x16\7")
    image(root / "imagesTs" / "BRATS_485.nii.gz", (*SHAPE, 4))
    description = {
        "name": "BRATS",
        "modality": channels or {"0": "FLAIR", "1": "T1w", "2": "t1gd", "3": "T2w"},
        "labels": meanings or {"0": "background", "1": "edema", "2": "non-enhancing tumor", "3": "enhancing tumour"},
        "training": [{"image": f"./imagesTr/{n}.nii.gz", "label": f"./labelsTr/{n}.nii.gz"} for n in cases],
        "test": ["./imagesTs/BRATS_485.nii.gz"],
    }
    (root / "dataset.json").write_text(json.dumps(description))
    return root


def bids(root: Path, subject: str, session: str | None = None, label="dseg", values=(1, 2, 3)) -> Path:
    inside = Path(subject, *([session] if session else []), "anat")
    stem = "_".join(filter(None, (subject, session)))
    for ending in BIDS:
        image(root / inside / f"{stem}_{ending}.nii.gz")
    label_map(root / "derivatives" / "manual" / inside / f"{stem}_{label}.nii.gz", values)
    (root / "dataset_description.json").write_text('{"Name": "Clinic", "BIDSVersion": "1.8.0"}')
    return root
