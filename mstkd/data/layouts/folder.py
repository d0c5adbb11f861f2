"""Folders of images: which there are below a folder, and what one of them holds."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from mstkd.data.layouts.known import known_set
from mstkd.modalities import Modality, ordered
from mstkd.recognition import image_stem, names_a_label_map, recognise_name

DEEPEST = 3
"""Levels below the given folder that are searched for patients (set, grade or site, patient)."""
_NEVER_REFERENCE = re.compile(r"brain[ _.-]?(?:mask|seg)|parenchyma|hd-?bet|probseg", re.IGNORECASE)
# A mask or a region of interest is the reference when there is no better name.
_RATHER_NOT = re.compile(r"(?:^|[ _.-])(?:mask|roi)(?:[ _.-]|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Contents:
    """One case's files by their names.

    Attributes:
        images: The file of each sequence.
        label: The only file that is named as a segmentation.
        unknown: Image files whose names say neither.
        problems: Sentences about two files for one thing.
    """

    images: dict[Modality, Path]
    label: Path | None
    unknown: tuple[Path, ...]
    problems: tuple[str, ...]


def images_in(folder: Path) -> list[Path]:
    """The image files that lie in a folder itself, without hidden ones such as macOS's ``._`` files."""
    return sorted(p for p in folder.iterdir() if image_stem(p) and not p.name.startswith(".") and p.is_file())


def image_folders(root: Path) -> Iterator[Path]:
    """The folders below ``root`` that hold images, in order; what lies inside one is not searched.

    An empty folder counts too when a known set calls its cases so.
    """
    for place, folders, _ in os.walk(root, followlinks=True):  # ends at the deepest level, even in a circle
        folder = Path(place)
        folders[:] = sorted(f for f in folders if not f.startswith((".", "__MACOSX")))
        if folder != root and (images_in(folder) or (not folders and known_set(folder.name))):
            yield folder
            folders.clear()
        elif len(folder.relative_to(root).parts) >= DEEPEST:
            folders.clear()


def sort_files(files: Iterable[Path], segmentations: Iterable[Path] = ()) -> Contents:
    """Tell sequences and the segmentation apart by their names.

    Args:
        segmentations: Files that lie where only segmentations do.
    """
    images: dict[Modality, list[Path]] = {}
    labels, unknown = list(segmentations), []
    for path in files:
        stem = image_stem(path) or ""
        told = recognise_name(stem).modality
        if names_a_label_map(stem):
            labels.append(path)
        elif told is None:
            unknown.append(path)
        else:
            images.setdefault(told, []).append(path)
    labels = [path for path in labels if not _NEVER_REFERENCE.search(image_stem(path) or "")]
    named = [path for path in labels if not _RATHER_NOT.search(image_stem(path) or "")] or labels
    problems = [_twice(m.label, images[m]) for m in ordered(images) if len(images[m]) > 1]
    if len(named) > 1:
        problems.append(_twice("a segmentation", named))
    return Contents(
        {m: images[m][0] for m in ordered(images)}, named[0] if named else None, tuple(unknown), tuple(problems)
    )


def _twice(what: str, paths: list[Path]) -> str:
    first, second = paths[:2]
    if image_stem(first) == image_stem(second) and first.parent == second.parent:
        return f"{first.parent} holds {what} unzipped and zipped, {first.name} and {second.name}; delete one of them."
    names = f"{first.name} and {second.name}" if first.parent == second.parent else f"{first} and {second}"
    return f"{first.parent} holds {what} twice, {names}; keep the right one or name it in a list (CSV)."
