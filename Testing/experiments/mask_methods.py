"""What the brain mask does to the whole tumour's Dice, on head-on patients of a datalist: one row per patient and way.

Ways: each method that finds a brain here; and for the built-in, rough mask also a wider margin, and
the whole head in view with the mask for mean and deviation alone.

    python Testing/experiments/mask_methods.py MODEL DATALIST SEQUENCES CASE... -o FILE

SEQUENCES as flair or flair+t1+t1gd. Writes and prints JSON: means over the patients, and every patient's.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from mstkd.data.datalist import Case, read_datalist
from mstkd.evaluation import region_dice
from mstkd.inference import segment
from mstkd.modalities import Modality
from mstkd.models import ModelPackage, load_package
from mstkd.preprocessing import patient, read_labels
from mstkd.preprocessing.brain import Method, find_brain, preferred
from mstkd.preprocessing.gather import gather
from mstkd.preprocessing.grid import widened
from mstkd.regions import Region

CPU = torch.device("cpu")
WIDE_MM = 8.0
Widen = Callable[[np.ndarray, float], np.ndarray]
WAYS: dict[str, tuple[Method, Widen]] = {
    "deepbet": (Method.DEEPBET, widened),
    "built-in": (Method.BUILT_IN, widened),
    f"built-in, margin of {WIDE_MM:g} mm": (Method.BUILT_IN, lambda mask, _: widened(mask, WIDE_MM)),
    "built-in, head in view": (Method.BUILT_IN, lambda mask, _: np.ones_like(mask)),
}


@contextmanager
def margin(widen: Widen) -> Iterator[None]:
    """The network sees, and results may lie in, what ``widen`` makes of the mask."""
    patient.widened = widen
    try:
        yield
    finally:
        patient.widened = widened


def measure(case: Case, model: ModelPackage, given: tuple[Modality, ...]) -> dict[str, float]:
    """The whole tumour's Dice in percent by way."""
    volumes = {modality: case.read(modality) for modality in given}
    gathered = gather(volumes)
    truth = case.convention.decode(read_labels(case.label).array, str(case.label))
    found = {}
    for name, (method, widen) in WAYS.items():
        brain = find_brain(volumes[preferred(given)], gathered.grid, CPU, method)
        if brain.method is not method:
            raise SystemExit(f"{method.value} found no brain in {case.id}: {' '.join(brain.warnings)}")
        with margin(widen):
            tissues = segment(patient.normalised(gathered, brain.mask), model, device=CPU).tissues
        found[name] = round(100 * region_dice(tissues, truth)[Region.WT], 1)
    print(case.id, found, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("datalist", type=Path)
    parser.add_argument("sequences")
    parser.add_argument("cases", nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    cases = {case.id: case for case in read_datalist(options.datalist)}
    given = tuple(Modality(name) for name in options.sequences.split("+"))
    model = load_package(options.model)
    each = {name: measure(cases[name], model, given) for name in options.cases}
    means = {way: round(statistics.mean(found[way] for found in each.values()), 1) for way in WAYS}
    options.output.write_text(json.dumps({"mean": means, "cases": each}, indent=1) + "\n")
    print(json.dumps(means, indent=1))


if __name__ == "__main__":
    main()
