"""A model package as a MONAI bundle: written for MONAI users, and run by ``python -m monai.bundle run``."""

from mstkd.bundle.export import export_bundle
from mstkd.bundle.running import load_model, run_bundle

__all__ = ["export_bundle", "load_model", "run_bundle"]
