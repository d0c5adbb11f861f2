"""What a segment is, in Slicer's and DICOM's words."""

from __future__ import annotations


def terminologyEntry(code: tuple[str, str]) -> str:
    """Slicer's serialised terminology for a SNOMED CT type, without which no segment becomes DICOM SEG."""
    value, meaning = code
    return (
        "Segmentation category and type - DICOM master list"
        "~SCT^49755003^Morphologically Altered Structure"
        f"~SCT^{value}^{meaning}~^^"
        "~Anatomic codes - DICOM master list~SCT^12738006^Brain~^^"
    )
