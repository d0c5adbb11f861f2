"""What a model invents where no tumour is: mL of whole tumour on tumour-free brains, per combination of sequences.

Heads are synthetic ones without a tumour, each drawn once from an anatomical label map. They
come as training sees them, most with the brain and a margin alone, some with the head; the result
is cleaned as a user's is, but not cut to the brain: rather too much than too little. A volume of a
healthy brain goes through the whole pipeline; nilearn's wheel, for one, holds an average T1 of 152
brains (nilearn/datasets/data/mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz).

    python Testing/experiments/tumour_free.py MODEL -o FILE --heads FOLDER [--volume t1=FILE ...]

Volumes given together are one patient. Writes and prints one JSON object: median, 90th
percentile and each head's volume in mL.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from mstkd.data.synthesis import Head, load_heads, synthesise
from mstkd.inference import choose_device, segment
from mstkd.inference.postprocessing import clean
from mstkd.inference.segment import predict_within_memory
from mstkd.modalities import CHANNELS, Modality, describe, modality_mask
from mstkd.models import ModelPackage, load_package
from mstkd.preprocessing import preprocess, read_volume
from mstkd.preprocessing.bias_field import without_strong_field
from mstkd.regions import REGIONS, Region, from_probabilities, region_mask, region_probabilities

SIZE = (176, 208, 176)
"""Voxels of 1 mm: holds a head down to the skull base."""
VOXEL_ML = 0.001
COMBINATIONS = [CHANNELS, *((modality,) for modality in CHANNELS)]


def invented_ml(model: ModelPackage, image: np.ndarray, given: tuple[Modality, ...], device: torch.device) -> float:
    """Whole tumour found in a prepared image ``(4, H, W, D)`` of which only some channels are shown."""
    mask = modality_mask(given)
    shown = image * np.reshape(mask, (4, 1, 1, 1))
    probabilities, _ = predict_within_memory(model.network, shown, mask, device)
    regions = region_probabilities(probabilities)
    whole_tumour = regions[REGIONS.index(Region.WT)]
    tissues, _ = clean(from_probabilities(regions), whole_tumour, VOXEL_ML, model.least_part_probability)
    return float(region_mask(tissues, Region.WT).sum() * VOXEL_ML)


def without_tumour(head: Head, seed: int, device: torch.device) -> np.ndarray:
    """A drawing of a head, ``(4, H, W, D)``, corrected as a patient's images are; what is shown counts as brain."""
    drawn, _ = synthesise(head.to(device), SIZE, np.random.default_rng(seed), tumour=False)
    image = drawn.cpu().numpy()
    even = [without_strong_field(channel, channel != 0) for channel in image]
    return np.stack([plain if better is None else better for plain, better in zip(image, even, strict=True)])


def on_heads(model: ModelPackage, folder: Path, cache: Path, device: torch.device) -> dict[str, dict]:
    """Per combination the volumes on every head of the folder."""
    found: dict[str, dict[str, float]] = {describe(given): {} for given in COMBINATIONS}
    for number, head in enumerate(load_heads(folder, cache)):
        image = without_tumour(head, number, device)
        for given in COMBINATIONS:
            ml = invented_ml(model, image, given, device)
            found[describe(given)][head.name] = round(ml, 2)
    return {name: spread(each) for name, each in found.items()}


def spread(each: dict[str, float]) -> dict:
    values = list(each.values())
    median, high = np.percentile(values, [50, 90])
    return {"median_ml": round(float(median), 2), "p90_ml": round(float(high), 2), "each_ml": each}


def on_volumes(model: ModelPackage, given: list[str], device: torch.device) -> dict:
    """The volume on a healthy brain, e.g. ``["t1=FILE"]``."""
    files = {Modality(name): Path(file) for name, _, file in (text.partition("=") for text in given)}
    prepared = preprocess({m: read_volume(file) for m, file in files.items()}, device=device).prepared
    found = segment(prepared, model, device=device)
    ml = float(region_mask(found.tissues, Region.WT).sum() * prepared.reference.voxel_ml)
    names = {modality.label: file.name for modality, file in files.items()}
    return {"files": names, "ml": round(ml, 2), "warnings": list(found.warnings)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--heads", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="where prepared heads are kept")
    parser.add_argument("--volume", action="append", default=[], metavar="SEQUENCE=FILE")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args()
    model, device = load_package(options.model), choose_device(options.device)
    result = {"model": model.name, "heads": on_heads(model, options.heads, options.cache, device)}
    if options.volume:
        result["volumes"] = on_volumes(model, options.volume, device)
    options.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
