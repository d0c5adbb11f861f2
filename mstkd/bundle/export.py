"""From a model package to the folder of a bundle."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from string import Template
from typing import Any

import mstkd
from mstkd.bundle.layout import CONFIGS, DOCS, INFERENCE, METADATA, MODELS, WEIGHTS
from mstkd.bundle.metadata import metadata
from mstkd.errors import InputError
from mstkd.files import whole_folder
from mstkd.models import Card, load_package
from mstkd.results.draft import disk_errors
from mstkd.store import WEIGHTS as PACKAGED
from mstkd.store.archive import copy_folder

_LICENCE = """The weights in models/: {licence}
{data}
What else is in this folder was written by mstkd, which is under the Apache License 2.0
(http://www.apache.org/licenses/LICENSE-2.0).
"""


def export_bundle(package: Path, folder: Path) -> None:
    """Write the package as a MONAI bundle; the folder appears whole.

    Structure and metadata follow MONAI's bundle specification, but for the weights: they stay in
    safetensors, where it asks for a pickled ``model.pt``.

    Raises:
        InputError: The package is refused, the folder is not empty, or the disk refuses.
    """
    card = load_package(package).card
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InputError(f"{folder} is not an empty folder; choose a new one for the bundle with -o.")
    with disk_errors(folder), whole_folder(folder) as draft:
        for part in (CONFIGS, MODELS, DOCS):
            (draft / part).mkdir()
        copy_folder(package, draft / MODELS)
        (draft / MODELS / PACKAGED).rename(draft / MODELS / WEIGHTS)
        _write_json(draft / CONFIGS / INFERENCE, _inference(card))
        _write_json(draft / CONFIGS / METADATA, metadata(card))
        (draft / DOCS / "README.md").write_text(_readme(card), encoding="utf-8")
        (draft / "LICENSE").write_text(_licence(card), encoding="utf-8")


def _inference(card: Card) -> dict[str, Any]:
    """The configuration that MONAI runs, with this network's sizes."""
    config: dict[str, Any] = json.loads(_template(INFERENCE))
    network = config["network_def"]
    network["architecture"] |= card["architecture"]
    if "enhancement_without" in card:
        network |= {"_target_": "mstkd.network.EnhancementWithout", "without": card["enhancement_without"]}
    return config


def _readme(card: Card) -> str:
    rows = [f"| {r['sequences']} | {r['region']} | {r['dice']:.2f} ({r['cases']}) |" for r in card["accuracy"]]
    table = "\n".join(["| given | region | Dice |", "| --- | --- | --- |", *rows]) if rows else "not measured"
    return Template(_template("README.md")).substitute(card, accuracy=table, mstkd=mstkd.__version__)


def _licence(card: Card) -> str:
    data = [f"They were trained on {d['dataset']}: {d['licence']}\n" for d in card["training"]["data"]]
    return _LICENCE.format(licence=card["licence"], data="".join(data))


def _template(name: str) -> str:
    return resources.files("mstkd.bundle").joinpath(name).read_text(encoding="utf-8")


def _write_json(path: Path, values: dict[str, Any]) -> None:
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
