"""BIDS: raw sequences in ``sub-*/[ses-*/]anat``, segmentations in ``derivatives``."""

from __future__ import annotations

import json
import re
from pathlib import Path

from mstkd.data.layouts.entry import Entry, Finding
from mstkd.data.layouts.folder import images_in, sort_files
from mstkd.recognition import image_stem
from mstkd.words import counted

TITLE = "BIDS"
# Tried in this order; a mask counts only when it is not the brain's.
_SEGMENTATIONS = (r"_dseg$", r"label-(?:lesion|tumou?r)", r"^(?!.*brain).*_mask$")


def find(root: Path) -> Finding | None:
    """One case per subject and session; None when the folder holds no subject with an ``anat`` folder."""
    folders = anatomy(root)
    if not folders:
        return None
    entries = tuple(_entry(root, folder) for folder in folders)
    sessions = sum("ses-" in entry.id for entry in entries)
    subjects = len({entry.patient for entry in entries})
    evidence = f"{counted(subjects, 'subject')} with an anat folder"
    evidence += f", in {counted(sessions, 'session')}" if sessions else ""
    return Finding(TITLE, evidence, entries)


def anatomy(root: Path) -> list[Path]:
    """The raw ``anat`` folders of all subjects."""
    return sorted(p for pattern in ("sub-*/anat", "sub-*/ses-*/anat") for p in root.glob(pattern) if p.is_dir())


def _entry(root: Path, folder: Path) -> Entry:
    inside = folder.relative_to(root)
    derived = [p for place in sorted(root.glob(f"derivatives/*/{inside}")) for p in images_in(place)]
    contents = sort_files(images_in(folder), segmentations=_segmentations(derived))
    return Entry(
        id="_".join(inside.parts[:-1]),
        patient=inside.parts[0],
        dataset=_name(root),
        place=folder,
        images=contents.images,
        label=contents.label,
        problems=contents.problems,
    )


def _segmentations(files: list[Path]) -> list[Path]:
    for pattern in _SEGMENTATIONS:
        found = [path for path in files if re.search(pattern, image_stem(path) or "")]
        if found:
            return found
    return []


def _name(root: Path) -> str:
    """The set's name in ``dataset_description.json``, else the folder's."""
    try:
        return str(json.loads((root / "dataset_description.json").read_text(encoding="utf-8"))["Name"])
    except (OSError, ValueError, KeyError, TypeError):
        return root.name
