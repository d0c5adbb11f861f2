"""How sure a model is of the tumour parts that it finds, rightly and wrongly: what to leave out of its results.

    python Testing/experiments/part_sureness.py DATALIST MODEL -o FILE --heads FOLDER [--cache FOLDER]

Each sequence alone, of the datalist's training and validation patients, and of synthetic heads without a tumour, other
drawings than `tumour_free.py`'s. Writes and prints one JSON object: per sequence and threshold of the mean probability
how many parts stay in the patients of each split, of at least 1 mL and of 0.1 to 1 mL, right ones (a third or more in
the reference) and false ones (less than a tenth), and in how many heads more than 1 mL stays. Training patients
flatter: a model is surer in them than in strangers.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from scipy import ndimage
from tumour_free import VOXEL_ML, without_tumour

from mstkd.data.cache import load_cached
from mstkd.data.datalist import read_datalist
from mstkd.data.synthesis import load_heads
from mstkd.inference.segment import predict_within_memory
from mstkd.modalities import CHANNELS, Modality, modality_mask
from mstkd.models import load_package
from mstkd.network import MSTKDNet
from mstkd.regions import REGIONS, Region, region_probabilities

SPLITS = ("validation", "train")
THRESHOLDS = (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9)
DRAWINGS = 3000
"""First seed of the heads."""
CPU = torch.device("cpu")
Part = tuple[float, float, float]
"""Size in mL, mean probability, share in the reference."""


def parts(network: MSTKDNet, images: np.ndarray, given: Modality, truth: np.ndarray) -> list[Part]:
    """The parts of 0.1 mL and more found in prepared images ``(4, H, W, D)`` of which one channel is shown."""
    mask = modality_mask([given])
    probabilities, _ = predict_within_memory(network, images * np.reshape(mask, (4, 1, 1, 1)), mask, CPU)
    whole_tumour = region_probabilities(probabilities)[REGIONS.index(Region.WT)]
    labels, count = ndimage.label(whole_tumour >= 0.5, structure=np.ones((3, 3, 3)))
    numbers = range(1, count + 1)
    sizes = ndimage.sum(np.ones_like(whole_tumour), labels, numbers) * VOXEL_ML
    sure, right = (ndimage.mean(values, labels, numbers) for values in (whole_tumour, truth))
    return [(float(ml), float(p), float(r)) for ml, p, r in zip(sizes, sure, right, strict=True) if ml >= 0.1]


def counted(cases: dict[str, list[Part]], heads: list[list[Part]]) -> dict[str, dict]:
    """Per threshold what stays."""
    return {
        f"{threshold:g}": {
            **{split: stays(found, threshold) for split, found in cases.items()},
            "heads": sum(sum(ml for ml, sure, _ in each if sure >= threshold) > 1 for each in heads),
        }
        for threshold in THRESHOLDS
    }


def stays(found: list[Part], threshold: float) -> dict[str, int]:
    kept = [(ml >= 1, right) for ml, sure, right in found if sure >= threshold]
    return {
        f"{kind}, {size}": sum(low <= right <= high for large, right in kept if large == (size == "1 mL and more"))
        for kind, low, high in (("right", 1 / 3, 1), ("false", 0, 0.1))
        for size in ("1 mL and more", "0.1 to 1 mL")
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datalist", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--heads", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"), help="where prepared patients and heads are")
    options = parser.parse_args()
    network = load_package(options.model).network
    in_cases: dict[Modality, dict[str, list[Part]]] = {given: {split: [] for split in SPLITS} for given in CHANNELS}
    in_heads: dict[Modality, list[list[Part]]] = {given: [] for given in CHANNELS}
    for case in read_datalist(options.datalist):
        if case.split in SPLITS:
            cached = load_cached(case, options.cache)
            images, truth = np.asarray(cached.images, dtype=np.float32), np.asarray(cached.labels) > 0
            for given in filter(lambda modality: cached.has((modality,)), CHANNELS):
                in_cases[given][case.split] += parts(network, images, given, truth)
    for number, head in enumerate(load_heads(options.heads, options.cache)):
        drawn = without_tumour(head, DRAWINGS + number, CPU)
        for given in CHANNELS:
            in_heads[given].append(parts(network, drawn, given, np.zeros(drawn.shape[1:])))
    result = {given.label: counted(in_cases[given], in_heads[given]) for given in CHANNELS}
    options.output.write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
