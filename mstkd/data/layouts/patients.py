"""One folder per case: the BraTS and FeTS sets, and any other with recognisable file names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from mstkd.data.layouts.entry import Entry, Finding
from mstkd.data.layouts.fets import institutions
from mstkd.data.layouts.folder import Contents, image_folders, images_in, sort_files
from mstkd.data.layouts.known import KNOWN, KnownSet, convention_of, known_set
from mstkd.modalities import describe, missing
from mstkd.words import counted

GENERAL = "One folder per case"
MOST_PLACES = 4
"""Folders that a sentence lists by name."""


def find(root: Path) -> list[Finding]:
    """The cases below a folder, those of each known set together, those of others last; may be empty."""
    folders = list(image_folders(root))
    findings = []
    for known in KNOWN:
        own = [folder for folder in folders if known_set(folder.name) is known]
        if own:
            findings.append(_known(known, root, own))
    others = [folder for folder in folders if known_set(folder.name) is None]
    if others:
        findings.append(_general(root, others))
    return findings


def _where(root: Path, folders: Sequence[Path]) -> str:
    """`` in HGG, LGG`` when the cases' folders lie deeper than in the given one."""
    parents = sorted({str(folder.parent.relative_to(root)) for folder in folders})
    if parents == ["."]:
        return ""
    return f" in {', '.join(parents) if len(parents) <= MOST_PLACES else f'{len(parents)} places'}"


def _known(known: KnownSet, root: Path, folders: Sequence[Path]) -> Finding:
    partition, told, remarks = institutions(root, folders) if known.convention == "fets" else ({}, "", ())
    entries = []
    for folder in folders:
        match = known.folder.fullmatch(folder.name)
        assert match is not None  # the folder was chosen by it
        contents = sort_files(images_in(folder))
        entries.append(
            Entry(
                id=folder.name,
                patient=match["patient"],
                dataset=known.dataset,
                place=folder,
                images=contents.images,
                label=contents.label,
                convention=known.convention,
                partition=partition.get(folder.name),
                problems=contents.problems,
                remarks=(*_absent(known, folder, contents), *_unknown(contents)),
            )
        )
    evidence = f"{counted(len(folders), 'folder')}{_where(root, folders)} named like {known.example}{told}"
    return Finding(known.title, evidence, tuple(entries), remarks)


def _absent(known: KnownSet, folder: Path, contents: Contents) -> list[str]:
    """These sets publish all four sequences, so a missing one is a lost file."""
    suffix = next((".nii" for path in contents.images.values() if path.suffix.lower() == ".nii"), ".nii.gz")
    return [
        f"{folder / known.file_name(folder.name, modality)}{suffix} is missing; copy it again, or the case goes "
        f"without {modality.label}."
        for modality in missing(contents.images)
        if contents.images
    ]


def _unknown(contents: Contents) -> list[str]:
    return [
        f"{path} names neither a sequence nor a segmentation and is left aside; rename it if it is one."
        for path in contents.unknown
    ]


def _general(root: Path, folders: Sequence[Path]) -> Finding:
    sets = {folder: _dataset(folder.name) for folder in folders}
    shared = Counter(sets.values())
    entries = []
    for folder in folders:
        # A prefix that no other folder shares is no set's name unless a published set has it.
        name = sets[folder]
        own = convention_of(name) or (shared[name] > 1 and not name.isdigit())
        dataset = name if own else folder.parent.name
        contents = sort_files(images_in(folder))
        entries.append(
            Entry(
                id=folder.name,
                patient=folder.name,
                dataset=dataset,
                place=folder,
                images=contents.images,
                label=contents.label,
                convention=convention_of(dataset),
                problems=contents.problems,
                remarks=tuple(_unknown(contents)),
            )
        )
    sequences = describe({m for entry in entries for m in entry.images})
    where = _where(root, folders)
    remarks = (
        f"each folder{where} is taken as a patient of its own; where several belong to one patient, give a list (CSV) "
        "with a column patient.",
    )
    counts = Counter(entry.dataset for entry in entries)
    named = ", ".join(f"{name} ({count})" for name, count in counts.items())
    evidence = (
        f"{counted(len(folders), 'folder')}{where} with images whose names tell {sequences}; "
        f"data sets by folder name: {named}"
    )
    return Finding(GENERAL, evidence, tuple(entries), remarks if len({f.parent for f in folders}) > 1 else ())


def _dataset(name: str) -> str:
    """The word before the first separator of a folder's name."""
    return re.split(r"[ _.-]", name)[0]
