"""What a bundle's configuration calls."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from mstkd.bundle.layout import MODELS, WEIGHTS
from mstkd.errors import InputError
from mstkd.modalities import Modality, describe, missing
from mstkd.models import ModelPackage, read_card, read_weights
from mstkd.models.encoding import read_encoded
from mstkd.models.package import fill
from mstkd.network import MSTKDNet
from mstkd.pipeline import segment_patient
from mstkd.results import ResultFolder
from mstkd.sources import Sources, find_sources
from mstkd.wishes import Wishes

BAD_INPUT = 2


def run_bundle(
    network: MSTKDNet,
    bundle_root: str | Path,
    images: Mapping[str, Any],
    output_dir: str | Path,
    device: str | torch.device,
) -> None:
    """Segment one patient as ``mstkd segment`` does, and write the same result folder.

    Args:
        network: The configuration's ``network_def``; gets the bundle's weights.
        bundle_root: The bundle's folder.
        images: The file of each sequence by its short name (``flair``, ``t1``, ``t1gd``, ``t2``); None where absent.
        output_dir: Folder for the results.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:N``, or as PyTorch has it.

    Raises:
        SystemExit: Code 2 after one sentence on bad input, since MONAI's runner would show a traceback.
    """
    try:
        sources = _sources(images)
        model = load_model(network, bundle_root)
        with ResultFolder(Path(output_dir)) as folder:
            summary = folder.write(segment_patient(sources, model, Wishes(device=str(device))))
    except InputError as error:
        print(f"mstkd: {error}", file=sys.stderr)
        raise SystemExit(BAD_INPUT) from None
    for warning in summary["warnings"]:
        print(f"Warning: {warning}")
    print(f"Written to {output_dir}. {summary['notice']}")


def load_model(network: MSTKDNet, bundle_root: str | Path) -> ModelPackage:
    """The network with a bundle's verified weights, in float32, and the card beside them. Nothing is unpickled.

    Args:
        network: What the configuration's ``network_def`` gives; it is filled.
        bundle_root: The bundle's folder.

    Raises:
        InputError: Card or weights are missing or damaged, or of another network.
    """
    folder = Path(bundle_root) / MODELS
    card = read_card(folder)
    data = read_weights(folder / WEIGHTS, card)
    try:
        fill(network, read_encoded(data), card)
    except (RuntimeError, ValueError) as error:
        raise InputError(
            f"{folder / WEIGHTS} holds weights of another network than network_def; leave network_def as it was."
        ) from error
    return ModelPackage(card, network.float().eval())


def _sources(images: Mapping[str, Any]) -> Sources:
    """The files given, said aloud: MONAI passes over an option whose name it does not know."""
    named = {Modality(name): Path(str(file)) for name, file in images.items() if file is not None}
    if not named:
        raise InputError("no sequence was given; give at least one of --flair, --t1, --t1gd, --t2.")
    sources = find_sources(None, named)
    for modality, source in sources.found.items():
        print(f"{modality.label:>5}: {source.name} ({source.because})")
    print(f"Missing: {describe(missing(sources.found))}")
    return sources
