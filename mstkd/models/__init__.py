"""Model packages: weights in safetensors and a card in JSON, verified before use."""

from mstkd.models.package import Card, ModelPackage, load_package, read_card, write_card, write_package
from mstkd.models.shipped import shipped_model

__all__ = ["Card", "ModelPackage", "load_package", "read_card", "shipped_model", "write_card", "write_package"]
