"""The brain by deepbet (Fisch et al. 2024, Computers in Biology and Medicine 179:108845), a small network."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np

from mstkd.preprocessing.brain.brain import NoBrainError
from mstkd.preprocessing.volume import Volume

if TYPE_CHECKING:
    import torch

Array = np.ndarray

WEIGHTS = {
    "bbox_model.pt": "39a7b2b5f799faa1391ea97bfcdc0b9299f20d84f2316a4ff8918dc4685e40aa",
    "model.pt": "de8ee7c69654d0dd3935dc4a5d84571d8ecf4637a6bfc01df399c4c2bc86e0fd",
}
"""SHA-256 of the two TorchScript files of deepbet 1.0.2."""


def weights_folder() -> Path | None:
    """Where the installed deepbet keeps its weights, or None when it is not installed."""
    spec = find_spec("deepbet")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parents[1] / "data" / "models"


def is_available() -> bool:
    """Whether deepbet is installed; its weights come with it."""
    return weights_folder() is not None


def version() -> str:
    """The installed release."""
    return metadata.version("deepbet")


def find(volume: Volume, device: torch.device) -> Array:
    """The brain on the volume's own grid, ``(I, J, K)`` bool.

    On its own grid because deepbet looks up 256 voxels per axis in the head's box, and
    thick slices that were interpolated before look less like what it was trained on.

    Raises:
        NoBrainError: deepbet is not installed, its weights are not those of its release,
            or it found no brain.
    """
    folder = weights_folder()
    if folder is None:
        raise NoBrainError("deepbet is not installed")
    with _on(device):
        try:
            _, mask, _ = _load(folder, device).run(nib.Nifti1Image(volume.array.astype(np.float32), volume.affine))
        except (AssertionError, IndexError, RuntimeError, ValueError) as error:
            reason = " ".join(str(error).split())[:100]
            raise NoBrainError(f"deepbet found no brain ({reason})") from error
    return np.asarray(mask.dataobj) > 0


@cache
def _load(folder: Path, device: torch.device) -> Any:
    for name, expected in WEIGHTS.items():
        path = folder / name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != expected:
            raise NoBrainError(f"deepbet's weights in {path} are not those of its release 1.0.2")
    try:
        from deepbet import BrainExtraction
    except ImportError as error:
        raise NoBrainError(f"deepbet is installed but cannot be loaded ({error})") from error

    models = {"model_path": str(folder / "model.pt"), "bbox_model_path": str(folder / "bbox_model.pt")}
    return BrainExtraction(no_gpu=device.type != "cuda", **models)


def _on(device: torch.device) -> AbstractContextManager[Any]:
    """Makes ``device`` what deepbet calls the GPU: it takes the current one."""
    import torch

    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()
