"""Small patients and a small configuration with the whole objective, for runs that take seconds."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import yaml

SMALL_NETWORK = {
    "stem_stride": 2,
    "channels": [8, 8, 16],
    "blocks": [1, 1, 1],
    "hidden": 16,
    "heads": 2,
    "layers": 2,
    "taps": [1, 2],
    "feed_forward": 16,
    "scale_channels": [8, 8],
}
PATIENTS = (
    ("a", ("flair", "t1gd"), "brats2018-21", "train"),
    ("b", ("flair", "t1"), "whole-tumour", "train"),
    ("c", ("flair",), "brats2018-21", "validation"),
    ("d", ("flair", "t1gd"), "brats2018-21", "test"),
)


def write_patients(folder: Path) -> Path:
    """Small patients: two to train on, one of them with a whole-tumour reference, one to validate, one to test."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(3)
    entries = []
    for name, sequences, convention, split in PATIENTS:
        brain = np.zeros((24, 24, 24), np.float32)
        brain[4:20, 4:20, 4:20] = 100
        tumour = np.zeros((24, 24, 24), np.uint8)
        tumour[8:14, 8:14, 8:14] = 1
        if convention == "brats2018-21":
            tumour[9:12, 9:12, 9:12] = 4
        images = {}
        for sequence in sequences:
            image = brain + 60 * tumour + rng.normal(0, 5, brain.shape) * (brain > 0)
            images[sequence] = _save(folder / f"{name}_{sequence}.nii.gz", image.astype(np.float32))
        label = _save(folder / f"{name}_seg.nii.gz", tumour)
        entries.append(
            {"id": name, "dataset": name, "images": images, "label": label, "labels": convention, "split": split}
        )
    path = folder / "datalist.json"
    path.write_text(json.dumps({"cases": entries}))
    return path


def write_config(path: Path, **changes: object) -> Path:
    """The whole objective on a small network; keyword arguments replace top-level settings."""
    settings = {
        "network": SMALL_NETWORK,
        "phases": [
            {"steps": 3, "patch": [16, 16, 16], "learning_rate": 1e-3},
            {"steps": 3, "patch": [24, 16, 16], "learning_rate": 5e-4},
        ],
        "sampling": {
            "batch_size": 2,
            "dataset_weights": {},
            "augmentation": "strong",
            "full_set_ramp": 2,
            "workers": 0,
        },
        "optimizer": {
            "name": "adamw",
            "betas": [0.9, 0.99],
            "weight_decay": 0.01,
            "schedule": "cosine",
            "warmup": 2,
            "gradient_limit": 5.0,
        },
        "teacher": {"kind": "joint", "package": None, "dice_weight": 0.4},
        "distillation": {
            "ms_tkd": {"evd": 0.2, "mst": 0.05, "reduce": "heads"},
            "logit": {"mse": 0.1, "kl": 0.2, "tau": 7.0, "ramp": 2},
            "gsme": {"style": 1.0, "adversarial": 0.1, "discriminator_learning_rate": 1e-4},
            "relative": True,
            "teacher_gradients": False,
        },
        "dice_weight": 0.6,
        "deep_supervision": [0.5],
        "ema_decay": 0.5,
        "activation_checkpointing": False,
        "precision": "32-true",
        "validation": {"every": 4, "combinations": ["flair", "flair+t1gd"]},
        "checkpoint_every": 2,
        "seed": 1,
    }
    assert set(changes) <= set(settings)
    path.write_text(yaml.safe_dump(settings | changes, sort_keys=False))
    return path


def _save(path: Path, array: np.ndarray) -> str:
    nib.save(nib.Nifti1Image(array, np.diag([2.0, 2, 2, 1])), path)
    return path.name
