"""Preprocessed training cases on disk, keyed by the content of their files."""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from mstkd.data.datalist import Case
from mstkd.errors import InputError
from mstkd.modalities import Modality
from mstkd.preprocessing import preprocess, read_labels
from mstkd.preprocessing.brain import available

Array = np.ndarray
FORMAT = 6
"""Raised whenever preprocessing changes what it yields."""


@dataclass(frozen=True)
class CachedCase:
    """A case on its working grid.

    Attributes:
        folder: Where its arrays lie; they are mapped into memory when asked for, so that
            the case itself is cheap to hand to another process.
        mask: Which channels exist.
    """

    case: Case
    folder: Path
    mask: tuple[bool, bool, bool, bool]

    @property
    def images(self) -> Array:
        """``(4, H, W, D)`` float16."""
        return np.load(self.folder / "images.npy", mmap_mode="r")

    @property
    def labels(self) -> Array:
        """``(H, W, D)`` uint8 of our classes."""
        return np.load(self.folder / "labels.npy", mmap_mode="r")

    @property
    def brain(self) -> Array:
        """``(H, W, D)`` bool: the brain, or the whole head where none was found."""
        return np.load(self.folder / "brain.npy", mmap_mode="r")

    def has(self, subset: Collection[Modality]) -> bool:
        """Whether the case has all these sequences."""
        return all(self.mask[modality.channel] for modality in subset)


def content_key(case: Case) -> str:
    """SHA-256 over the case's files, channels and label convention, how brains are found here, and the cache format."""
    digest = hashlib.sha256(f"{FORMAT} {available()[0].value} {case.convention.name}".encode())
    for modality, path in case.images.items():
        channel = f"[{case.channels[modality]}]" if modality in case.channels else ""
        digest.update(f"{modality.value}{channel}".encode())
        digest.update(path.read_bytes())
    digest.update(b"label")
    digest.update(case.label.read_bytes())
    return digest.hexdigest()


def cache_entry(case: Case, folder: Path) -> Path:
    """Where the prepared case lies, or would lie; all its files are read for it."""
    return folder / content_key(case)[:32]


def load_cached(case: Case, folder: Path, preparing: Callable[[], None] = lambda: None) -> CachedCase:
    """The case from the cache, preprocessed first when it is not there yet.

    The label map must lie on the grid of the reference sequence.

    Args:
        preparing: Told before a case is preprocessed, which takes time.

    Raises:
        InputError: The files are refused by preprocessing, or the label map has another
            shape than the reference sequence.
    """
    entry = cache_entry(case, folder)
    if not is_whole(entry):
        preparing()
        _store(case, entry)
    mask = json.loads((entry / "mask.json").read_text())
    return CachedCase(case, entry, (mask[0], mask[1], mask[2], mask[3]))


def _store(case: Case, entry: Path) -> None:
    patient = preprocess({m: case.read(m) for m in case.images}, device=torch.device("cpu")).prepared
    labels = read_labels(case.label)
    if labels.shape != patient.reference.shape or not np.allclose(labels.affine, patient.reference.affine, atol=1e-3):
        raise InputError(f"{case.label} does not lie on the grid of {patient.reference.source}; resample it first.")
    tissues = patient.labels_to_working(case.convention.decode(labels.array, str(case.label)))
    entry.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(prefix=f".{entry.name}-", dir=entry.parent))
    try:
        np.save(draft / "images.npy", patient.images.astype(np.float16))
        np.save(draft / "labels.npy", tissues)
        np.save(draft / "brain.npy", patient.brain)
        (draft / "mask.json").write_text(json.dumps(patient.mask))
        if entry.exists() and not is_whole(entry):
            shutil.rmtree(entry)
        draft.rename(entry)
    except OSError:
        if not is_whole(entry):  # else another run was quicker
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def is_whole(entry: Path) -> bool:
    """Whether a cached case has all its files."""
    return all((entry / name).is_file() for name in ("images.npy", "labels.npy", "brain.npy", "mask.json"))
