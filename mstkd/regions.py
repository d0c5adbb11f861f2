"""Tissue classes, nested regions and the label conventions of the public data sets.

Inside the engine a label map holds four classes: 0 background, 1 NETC (necrosis and
non-enhancing tumour core), 2 SNFH (surrounding FLAIR hyperintensity: oedema and
infiltration), 3 ET (enhancing tumour). Regions are unions of classes, so ET lies inside
TC inside WT by construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

import numpy as np

from mstkd.errors import InputError

Array = np.ndarray


class Tissue(IntEnum):
    """The network's classes and the values of a result's label map."""

    BACKGROUND = 0
    NETC = 1
    SNFH = 2
    ET = 3


class Region(Enum):
    """Nested regions of the BraTS evaluations."""

    WT = "WT"
    TC = "TC"
    ET = "ET"

    @property
    def title(self) -> str:
        return {"WT": "Whole tumour", "TC": "Tumour core", "ET": "Enhancing tumour"}[self.value]

    @property
    def tissues(self) -> tuple[Tissue, ...]:
        """The classes whose union (and whose sum of probabilities) is the region."""
        return _TISSUES[self]


_TISSUES: dict[Region, tuple[Tissue, ...]] = {
    Region.WT: (Tissue.NETC, Tissue.SNFH, Tissue.ET),
    Region.TC: (Tissue.NETC, Tissue.ET),
    Region.ET: (Tissue.ET,),
}
REGIONS: tuple[Region, ...] = (Region.WT, Region.TC, Region.ET)


@dataclass(frozen=True)
class LabelConvention:
    """How a data set writes its label maps.

    Attributes:
        name: Its name in datalists and options.
        to_tissue: Each label value that may occur, to one of our classes.
        from_tissue: Each of our classes to a label value, for writing.
        regions: The regions that such a reference knows; the others are unknown,
            not empty.
    """

    name: str
    to_tissue: Mapping[int, Tissue]
    from_tissue: Mapping[Tissue, int]
    regions: tuple[Region, ...] = REGIONS

    def decode(self, labels: Array, source: str = "the label map") -> Array:
        """A data set's label map to our classes, as uint8 of the same shape.

        Raises:
            InputError: A value the convention does not define.
        """
        rounded = np.rint(labels)
        if not np.array_equal(rounded, labels):
            raise InputError(f"{source} holds fractions, so it is no label map; give the segmentation file.")
        out = np.zeros(labels.shape, dtype=np.uint8)
        for value in np.unique(rounded).astype(int).tolist():
            if value not in self.to_tissue:
                raise InputError(
                    f"{source} holds the label {value}, which the convention '{self.name}' does not define; "
                    f"choose another one of {', '.join(CONVENTIONS)}."
                )
            out[rounded == value] = self.to_tissue[value]
        return out

    def encode(self, tissues: Array) -> Array:
        """Our classes to the data set's label values, as uint8 of the same shape."""
        table = np.zeros(len(Tissue), dtype=np.uint8)
        for tissue, value in self.from_tissue.items():
            table[tissue] = value
        return table[tissues]


_B, _N, _S, _E = Tissue
_BRATS_2023 = LabelConvention("brats2023", {0: _B, 1: _N, 2: _S, 3: _E}, {_B: 0, _N: 1, _S: 2, _E: 3})

CONVENTIONS: dict[str, LabelConvention] = {
    convention.name: convention
    for convention in (
        # 1 necrosis, 2 oedema, 3 non-enhancing tumour, 4 enhancing (2012 to 2016).
        LabelConvention("brats2015", {0: _B, 1: _N, 2: _S, 3: _N, 4: _E}, {_B: 0, _N: 1, _S: 2, _E: 4}),
        # 1 NCR/NET, 2 ED, 4 ET.
        LabelConvention("brats2018-21", {0: _B, 1: _N, 2: _S, 4: _E}, {_B: 0, _N: 1, _S: 2, _E: 4}),
        _BRATS_2023,
        # Post-treatment: 4 is the resection cavity, which belongs to none of WT, TC and ET.
        LabelConvention("brats2024-post", {0: _B, 1: _N, 2: _S, 3: _E, 4: _B}, {_B: 0, _N: 1, _S: 2, _E: 3}),
        # Medical Segmentation Decathlon, task 1: 1 oedema, 2 non-enhancing tumour, 3 enhancing.
        LabelConvention("decathlon", {0: _B, 1: _S, 2: _N, 3: _E}, {_B: 0, _N: 2, _S: 1, _E: 3}),
        # FeTS 2022 and 2024 took over 1, 2, 4.
        LabelConvention("fets", {0: _B, 1: _N, 2: _S, 4: _E}, {_B: 0, _N: 1, _S: 2, _E: 4}),
        # Any tumour is 1; which tissue it is stays unknown, so decode says SNFH and regions says WT only.
        LabelConvention("whole-tumour", {0: _B, 1: _S}, {_B: 0, _N: 1, _S: 1, _E: 1}, (Region.WT,)),
    )
}
RESULT_CONVENTION = _BRATS_2023
"""Results are written as 1 NETC, 2 SNFH, 3 ET."""


def region_mask(tissues: Array, region: Region) -> Array:
    """Where a label map of our classes lies in a region, bool of the same shape."""
    return np.isin(tissues, region.tissues)


def to_regions(tissues: Array) -> Array:
    """A label map ``(H, W, D)`` of our classes to masks WT, TC, ET ``(3, H, W, D)`` bool."""
    return np.stack([region_mask(tissues, region) for region in REGIONS])


def from_regions(masks: Array) -> Array:
    """Masks WT, TC, ET ``(3, H, W, D)`` to a label map of our classes, uint8.

    ET wins over TC and TC over WT; what lies in ET or TC alone counts as WT too, so the
    result is nested whatever the masks were.
    """
    wt, tc, et = masks.astype(bool)
    out = np.zeros(wt.shape, dtype=np.uint8)
    out[wt] = Tissue.SNFH
    out[tc] = Tissue.NETC
    out[et] = Tissue.ET
    return out


def from_probabilities(regions: Array) -> Array:
    """Probabilities of WT, TC and ET ``(3, ...)`` to a label map of our classes.

    A region is where its probability, the sum of its classes', reaches one half. The sums
    are nested, hence so are the regions.
    """
    return from_regions(regions >= 0.5)


def region_probabilities(classes: Array) -> Array:
    """Class probabilities ``(4, ...)`` to those of WT, TC and ET ``(3, ...)``."""
    return np.stack([classes[list(region.tissues)].sum(axis=0) for region in REGIONS])


@dataclass(frozen=True)
class Appearance:
    """Name, colour and DICOM code of a region or tissue as a segment.

    Attributes:
        colour: Red, green, blue, each 0 to 1.
        code: SNOMED CT code value and meaning. DICOM SEG asks one of every segment.
    """

    name: str
    colour: tuple[float, float, float]
    code: tuple[str, str]


# A whole tumour with its oedema is the general neoplasm. SNOMED CT has no code for an enhancing part: it is
# part of the primary neoplasm, and the segment's name says which.
_PRIMARY = ("86049000", "Neoplasm, Primary")
APPEARANCE: dict[Region, Appearance] = {
    Region.WT: Appearance("WT", (0.95, 0.80, 0.25), ("108369006", "Neoplasm")),
    Region.TC: Appearance("TC", (0.90, 0.35, 0.20), _PRIMARY),
    Region.ET: Appearance("ET", (0.55, 0.25, 0.85), _PRIMARY),
}


# Where the nested regions are drawn over each other, each tissue is seen in the colour it has here.
# SNOMED CT and the DICOM master list have a code for necrosis (6574001), but a core without enhancement is
# often not necrotic, and no code takes in both. Oedema is what the surroundings are called, infiltrated or not.
TISSUE_APPEARANCE: dict[Tissue, Appearance] = {
    Tissue.NETC: Appearance("NETC", APPEARANCE[Region.TC].colour, _PRIMARY),
    Tissue.SNFH: Appearance("SNFH", APPEARANCE[Region.WT].colour, ("79654002", "Edema")),
    Tissue.ET: Appearance("ET", APPEARANCE[Region.ET].colour, _PRIMARY),
}


def segment_descriptions() -> list[dict[str, object]]:
    """The nested regions as plain values for a viewer: name, label values, colour, SNOMED CT code."""
    return [_described(APPEARANCE[region], region.tissues) for region in REGIONS]


def tissue_descriptions() -> list[dict[str, object]]:
    """The tissues, which do not overlap, as plain values of the same kind."""
    return [_described(appearance, (tissue,)) for tissue, appearance in TISSUE_APPEARANCE.items()]


def _described(appearance: Appearance, tissues: tuple[Tissue, ...]) -> dict[str, object]:
    return {
        "name": appearance.name,
        "labels": [tissue.value for tissue in tissues],
        "colour": appearance.colour,
        "code": appearance.code,
    }
