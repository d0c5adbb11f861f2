"""Dice of model packages on a datalist's validation cases on the working grid, without and with flips.

    python Testing/experiments/validation_table.py DATALIST MODEL... -o FILE [--cache FOLDER]

Writes and prints one JSON object: per model, without and with left-right flips at test time, the
means by combination and region.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch

from mstkd.data.cache import load_cached
from mstkd.data.datalist import read_datalist
from mstkd.modalities import CHANNELS, Modality
from mstkd.models import load_package
from mstkd.training.devices import make_fabric
from mstkd.training.validation import figures_of, validation_dice

SUBSETS = [*((m,) for m in CHANNELS), (Modality.FLAIR, Modality.T1, Modality.T1GD), CHANNELS]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datalist", type=Path)
    parser.add_argument("models", type=Path, nargs="+")
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("runs/cache"))
    options = parser.parse_args()
    cases = [load_cached(case, options.cache) for case in read_datalist(options.datalist) if case.split == "validation"]
    fabric = make_fabric(torch.device("cpu"), "32-true")
    tables = {}
    for folder in options.models:
        model = load_package(folder)
        for flips in (False, True):
            rows = validation_dice(
                model.network,
                cases,
                SUBSETS,
                fabric,
                lambda: False,
                flips=flips,
                least_part_probability=model.least_part_probability,
            )
            tables[f"{folder.name}{', flips' if flips else ''}"] = figures_of(rows)
    options.output.write_text(json.dumps(tables, indent=1) + "\n")
    print(json.dumps(tables, indent=1))


if __name__ == "__main__":
    main()
