"""What a bundle says of itself: MONAI's ``metadata.json``, from the model's card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import monai
import numpy as np
import torch

import mstkd
from mstkd.modalities import CHANNELS
from mstkd.regions import REGIONS, Tissue
from mstkd.results.summary import NOTICE
from mstkd.store import Card

SCHEMA = "https://project-monai.github.io/schema/meta_schema_20240725.json"
_SIZES = ["8*n", "8*n", "8*n"]
"""Each a multiple of 8; as in MONAI's own bundles, n need not be the same for all."""
_CLASSES = {str(tissue.value): "background" if not tissue else tissue.name for tissue in Tissue}


def metadata(card: Card) -> dict[str, Any]:
    """The metadata of a bundle, as MONAI's schema of July 2024 wants them.

    No text begins with the card's own words: one that begins with ``$`` is code to MONAI.
    """
    said = f"{card['name']} {card['version']}: {card['summary']}"
    return {
        "schema": SCHEMA,
        "version": card["version"],
        "changelog": {card["version"]: said},
        "monai_version": monai.__version__,
        "pytorch_version": str(torch.__version__).partition("+")[0],
        "numpy_version": np.__version__,
        "required_packages_version": {"mstkd": mstkd.__version__},
        "name": card["name"],
        "task": "Segmentation of gliomas in any non-empty subset of four MRI sequences",
        "description": said,
        "authors": f"Whoever trained it with mstkd; the method: {card['citation']}",
        "copyright": f"The weights: {card['licence']}",
        "data_source": f"Trained on {'; '.join(map(_source, card['training']['data'])) or 'nothing'}",
        "data_type": "nibabel",
        "image_classes": f"4 channels: FLAIR, T1, T1Gd, T2; 1 mm, RAS+; {card['preprocessing']['intensity']}, and "
        "where a sequence is absent",
        "pred_classes": "4 channels: logits of background, NETC, SNFH, ET",
        "eval_metrics": {region.value: _mean_dice(card, region.value) for region in REGIONS},
        "intended_use": f"{NOTICE} {card['intended_use']}",
        "references": [f"Please cite: {card['citation']}"],
        "network_data_format": _network_data_format(),
    }


def _source(data: Mapping[str, Any]) -> str:
    return f"{data['dataset']}: {len(data['patients'])} patients ({data['licence']})"


def _mean_dice(card: Card, region: str) -> dict[str, float]:
    """Mean Dice of a region, by the sequences given."""
    return {row["sequences"]: row["dice"] for row in card["accuracy"] if row["region"] == region}


def _network_data_format() -> dict[str, Any]:
    sequences = {str(modality.channel): modality.label for modality in CHANNELS}
    image = {"type": "image", "modality": "MR", "dtype": "float32", "is_patch_data": True, "spatial_shape": _SIZES}
    labels = {"type": "image", "format": "segmentation", "num_channels": 1, "spatial_shape": ["*", "*", "*"]}
    return {
        "inputs": {
            "image": image | {"format": "magnitude", "num_channels": 4, "value_range": [], "channel_def": sequences},
            "mask": {
                "type": "tuples",
                "format": "1 where the sequence exists, else 0",
                "num_channels": 4,
                "spatial_shape": [],
                "dtype": "float32",
                "value_range": [0, 1],
                "is_patch_data": False,
                "channel_def": sequences,
            },
        },
        "outputs": {
            "pred": image | {"format": "labels", "num_channels": 4, "value_range": [], "channel_def": _CLASSES},
        },
        "post_processed_outputs": {
            "labels": labels
            | {"dtype": "uint8", "value_range": [0, 3], "is_patch_data": False, "channel_def": _CLASSES},
        },
    }
