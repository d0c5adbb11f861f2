"""Model packages: weights in safetensors and a card in JSON, verified before use."""

from mstkd.models.once import load_once
from mstkd.models.package import ModelPackage, load_package, read_card, read_weights, write_card, write_package
from mstkd.store import Card

__all__ = [
    "Card",
    "ModelPackage",
    "load_once",
    "load_package",
    "read_card",
    "read_weights",
    "write_card",
    "write_package",
]
