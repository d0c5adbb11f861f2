"""Glioma segmentation from whichever of the four BraTS sequences a patient has."""

__version__ = "0.1.0"
