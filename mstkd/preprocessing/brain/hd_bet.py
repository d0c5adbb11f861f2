"""The brain by HD-BET 2 (Isensee et al. 2019, Human Brain Mapping 40:4952), where the user has installed it.

Its command runs as a process of its own, and only when its weights are on the disk: it
would otherwise download them unasked.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import nibabel as nib
import numpy as np

from mstkd.errors import InputError
from mstkd.preprocessing.brain.brain import NoBrainError
from mstkd.preprocessing.volume import Volume, read_labels

if TYPE_CHECKING:
    import torch

Array = np.ndarray

COMMAND = "hd-bet"
LONGEST_S = 1800


def weights_file() -> Path:
    """The file whose absence makes HD-BET 2 download its weights."""
    return Path.home() / "hd-bet_params" / "release_2.0.0" / "fold_all" / "checkpoint_final.pth"


def is_available() -> bool:
    """Whether the command and its weights are there."""
    return shutil.which(COMMAND) is not None and weights_file().is_file()


def version() -> str:
    """The release of its weights; its command may belong to another Python."""
    return weights_file().parents[1].name


def find(volume: Volume, device: torch.device) -> Array:
    """The brain on the volume's own grid, ``(I, J, K)`` bool.

    Raises:
        NoBrainError: HD-BET or its weights are missing, or it failed or took over half an hour.
    """
    command = shutil.which(COMMAND)
    if command is None or not weights_file().is_file():
        raise NoBrainError("HD-BET 2 or its weights are not installed")
    # Averaging over mirrored heads takes eight times as long, which only a GPU does in seconds.
    options = ["-device", "cuda"] if device.type == "cuda" else ["-device", "cpu", "--disable_tta"]
    with tempfile.TemporaryDirectory() as folder:
        image, out = Path(folder) / "head.nii.gz", Path(folder) / "out" / "brain.nii.gz"
        out.parent.mkdir()
        nib.save(nib.Nifti1Image(volume.array.astype(np.float32), volume.affine), image)
        call = [command, "-i", str(image), "-o", str(out), "--save_bet_mask", "--no_bet_image", *options]
        try:
            subprocess.run(call, check=True, capture_output=True, timeout=LONGEST_S, cwd=folder)
            # nnU-Net, which HD-BET calls, appends an ending of its own in some versions.
            (result,) = out.parent.glob("brain_bet.nii.gz*")
            mask = read_labels(result).array > 0
        except (OSError, ValueError, subprocess.SubprocessError, InputError) as error:
            raise NoBrainError("HD-BET failed") from error
    if mask.shape != volume.shape or not mask.any():
        raise NoBrainError("HD-BET found no brain")
    return mask
