"""The public sets whose patients have a folder each: how they spell, how they label."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mstkd.modalities import CHANNELS, Modality


@dataclass(frozen=True)
class KnownSet:
    """A public set with one folder per case.

    Attributes:
        folder: What its folders are called; group ``patient`` is what a patient's time points share.
        example: Such a name, and what it tells.
        convention: The label convention that the set is published with.
        endings: The end of each file's name, in channel order, after ``joint``.
    """

    title: str
    dataset: str
    folder: re.Pattern[str]
    example: str
    convention: str
    endings: tuple[str, str, str, str] = ("flair", "t1", "t1ce", "t2")
    joint: str = "_"

    def file_name(self, case: str, modality: Modality) -> str:
        """What the set calls a sequence's file, without its suffix."""
        return f"{case}{self.joint}{self.endings[CHANNELS.index(modality)]}"


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_ENDINGS_2023 = ("t2f", "t1n", "t1c", "t2w")
KNOWN: tuple[KnownSet, ...] = (
    *(
        KnownSet(
            f"BraTS 20{year}", f"BraTS20{year}", _pattern(rf"(?P<patient>BraTS{year}_.+)"), example, "brats2018-21"
        )
        for year, example in [
            (17, "Brats17_CBICA_AAB_1"),
            (18, "Brats18_CBICA_AAB_1"),
            (19, "BraTS19_CBICA_AAB_1"),
            (20, "BraTS20_Training_001"),
        ]
    ),
    KnownSet("BraTS 2021", "BraTS2021", _pattern(r"(?P<patient>BraTS2021_\d{5})"), "BraTS2021_00000", "brats2018-21"),
    KnownSet(
        "BraTS 2023",
        "BraTS2023",
        _pattern(r"(?P<patient>BraTS-GLI-\d{5})-0\d\d"),
        "BraTS-GLI-00000-000 (time points from 000: before treatment)",
        "brats2023",
        _ENDINGS_2023,
        "-",
    ),
    KnownSet(
        "BraTS 2024 post-treatment",
        "BraTS2024",
        _pattern(r"(?P<patient>BraTS-GLI-\d{5})-[1-9]\d\d"),
        "BraTS-GLI-00005-100 (time points from 100: after treatment)",
        "brats2024-post",
        _ENDINGS_2023,
        "-",
    ),
    KnownSet("FeTS 2022 / 2024", "FeTS2022", _pattern(r"(?P<patient>FeTS2022_\d{5})"), "FeTS2022_00000", "fets"),
)


def known_set(folder: str) -> KnownSet | None:
    """The set that calls its cases' folders like this."""
    return next((known for known in KNOWN if known.folder.fullmatch(folder)), None)


# What a data set's name alone says, e.g. `BraTS2015` before the first underscore of a folder's name.
_BY_NAME: tuple[tuple[re.Pattern[str], str], ...] = (
    (_pattern(r"brats_?(?:20)?1[2-6]"), "brats2015"),
    (_pattern(r"brats_?(?:20)?(?:1[7-9]|2[01])"), "brats2018-21"),
    (_pattern(r"brats_?(?:20)?23"), "brats2023"),
    (_pattern(r"fets_?(?:20)?2[124]"), "fets"),
)


def convention_of(dataset: str) -> str | None:
    """The convention that a set of this name was published with; None for an unknown name."""
    return next((convention for pattern, convention in _BY_NAME if pattern.fullmatch(dataset)), None)
