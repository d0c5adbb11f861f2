"""A datalist: which patients there are, where their files lie, who is held out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mstkd.errors import InputError
from mstkd.modalities import CHANNELS, Modality
from mstkd.preprocessing import Volume, read_volume
from mstkd.regions import CONVENTIONS, LabelConvention

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Case:
    """One patient of a datalist.

    Attributes:
        dataset: The set's short name, for sampling weights and tables.
        images: The file of each sequence that exists.
        label: The reference segmentation.
        convention: How its label values are to be read.
        split: ``train``, ``validation`` or ``test``.
    """

    id: str
    dataset: str
    images: dict[Modality, Path]
    label: Path
    convention: LabelConvention
    split: str

    def read(self, modality: Modality) -> Volume:
        """The image of one of the case's sequences.

        Raises:
            InputError: The file is refused.
        """
        return read_volume(self.images[modality])


def read_datalist(path: Path) -> list[Case]:
    """Read ``{"cases": [{"id", "dataset", "images": {"flair": FILE, ...}, "label", "labels", "split"}]}``.

    Relative files are taken from the datalist's folder; ``labels`` is the name of a
    label convention.

    Raises:
        InputError: Unreadable, a file is missing, a name is unknown, an id occurs twice.
    """
    try:
        entries = json.loads(path.read_text())["cases"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no datalist (JSON with a list 'cases'); write one as docs/training.md shows."
        ) from error
    cases = [_case(entry, path) for entry in entries]
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise InputError(f"{path} names the patient {case.id} twice; give each patient once.")
        seen.add(case.id)
    return cases


def write_datalist(path: Path, cases: Sequence[Case]) -> None:
    """Write a datalist with absolute paths, so that it can be read from anywhere."""
    entries = [
        {
            "id": case.id,
            "dataset": case.dataset,
            "images": {modality.value: str(file.resolve()) for modality, file in case.images.items()},
            "label": str(case.label.resolve()),
            "labels": case.convention.name,
            "split": case.split,
        }
        for case in cases
    ]
    path.write_text(json.dumps({"cases": entries}, indent=1) + "\n")


def _case(entry: dict[str, object], source: Path) -> Case:
    try:
        files = entry["images"]
        assert isinstance(files, dict)
        images = {m: source.parent / files[m.value] for m in CHANNELS if m.value in files}
        case = Case(
            id=str(entry["id"]),
            dataset=str(entry["dataset"]),
            images=images,
            label=source.parent / str(entry["label"]),
            convention=CONVENTIONS[str(entry["labels"])],
            split=str(entry["split"]),
        )
    except (KeyError, TypeError, AssertionError) as error:
        raise InputError(
            f"{source}: the entry {entry!r:.80} lacks or misnames {error}; see docs/training.md."
        ) from error
    if case.split not in SPLITS or not images:
        raise InputError(f"{source}: {case.id} needs a split of {', '.join(SPLITS)} and at least one sequence.")
    for file in (*images.values(), case.label):
        if not file.is_file():
            raise InputError(f"{source}: {case.id} names {file}, which does not exist; correct the path.")
    return case
