"""A datalist: which cases there are, where their files lie, who is held out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mstkd.errors import InputError
from mstkd.files import whole_file
from mstkd.modalities import Modality, ordered
from mstkd.preprocessing import Volume, read_volume
from mstkd.regions import CONVENTIONS, LabelConvention

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Case:
    """One examination of a patient.

    Attributes:
        dataset: The set's short name, for sampling weights and tables.
        images: The file of each sequence that exists.
        label: The reference segmentation.
        convention: How its label values are to be read.
        split: ``train``, ``validation`` or ``test``.
        channels: Which channel of its file a sequence is, where the file is 4D.
        patient: Whose cases share one side of the split; the id unless told.
        partition: The institution that the case came from, where known.
    """

    id: str
    dataset: str
    images: dict[Modality, Path]
    label: Path
    convention: LabelConvention
    split: str
    channels: Mapping[Modality, int] = field(default_factory=dict)
    patient: str = ""
    partition: str | None = None

    def __post_init__(self) -> None:
        if not self.patient:
            object.__setattr__(self, "patient", self.id)

    def read(self, modality: Modality) -> Volume:
        """The image of one of the case's sequences.

        Raises:
            InputError: The file is refused.
        """
        return read_volume(self.images[modality], self.channels.get(modality))


def read_datalist(path: Path) -> list[Case]:
    """Read a datalist (docs/data.md shows one) whose files all exist.

    Raises:
        InputError: Unreadable, a file is missing, a name is unknown, an id occurs twice.
    """
    cases = parse_datalist(path)
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise InputError(f"{path} names the case {case.id} twice; give each case once.")
        seen.add(case.id)
        for file in (*case.images.values(), case.label):
            if not file.is_file():
                raise InputError(f"{path}: {case.id} names {file}, which does not exist; correct the path.")
    return cases


def parse_datalist(path: Path) -> list[Case]:
    """The cases as written, without a look at their files.

    Relative files are taken from the datalist's folder; ``labels`` is the name of a
    label convention.

    Raises:
        InputError: Unreadable, or an entry lacks or misnames something.
    """
    if path.is_dir():
        raise InputError(f"{path} is a folder; make a datalist of it with 'mstkd data check {path} -o datalist.json'.")
    if not path.exists():
        raise InputError(f"{path} does not exist; check the path of the datalist.")
    try:
        entries = list(json.loads(path.read_text(encoding="utf-8"))["cases"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is no datalist (JSON with a list 'cases'); write one with 'mstkd data check' or as docs/data.md "
            "shows."
        ) from error
    return [_case(entry, path) for entry in entries]


def write_datalist(path: Path, cases: Sequence[Case]) -> None:
    """Write a datalist with absolute paths, so that it can be read from anywhere.

    It appears whole or not at all.
    """
    with whole_file(path) as draft:
        draft.write_text(json.dumps({"cases": [_entry(case) for case in cases]}, indent=1) + "\n", encoding="utf-8")


def _entry(case: Case) -> dict[str, Any]:
    images: dict[str, Any] = {}
    for modality, file in case.images.items():
        name = str(file.resolve())
        channel = case.channels.get(modality)
        images[modality.value] = name if channel is None else {"file": name, "channel": channel}
    entry = {
        "id": case.id,
        "dataset": case.dataset,
        "images": images,
        "label": str(case.label.resolve()),
        "labels": case.convention.name,
        "split": case.split,
    }
    if case.patient != case.id:
        entry["patient"] = case.patient
    if case.partition is not None:
        entry["partition"] = case.partition
    return entry


def _case(entry: dict[str, Any], source: Path) -> Case:
    try:
        images = dict(_images(entry["images"], source.parent))
        partition = entry.get("partition")
        case = Case(
            id=str(entry["id"]),
            dataset=str(entry["dataset"]),
            images={m: file for m, (file, _) in images.items()},
            label=source.parent / str(entry["label"]),
            convention=CONVENTIONS[str(entry["labels"])],
            split=str(entry["split"]),
            channels={m: channel for m, (_, channel) in images.items() if channel is not None},
            patient=str(entry.get("patient", entry["id"])),
            partition=None if partition is None else str(partition),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{source}: the entry {entry!r:.80} lacks or misnames {error}; see docs/data.md.") from error
    if case.split not in SPLITS or not images:
        raise InputError(f"{source}: {case.id} needs a split of {', '.join(SPLITS)} and at least one sequence.")
    return case


def _images(files: dict[str, Any], folder: Path) -> Iterator[tuple[Modality, tuple[Path, int | None]]]:
    """Each sequence with its file and, where the entry is ``{"file", "channel"}``, the channel."""
    named = {Modality(name): file for name, file in files.items()}  # an unknown name is refused
    for modality in ordered(named):
        file = named[modality]
        whole = isinstance(file, str)
        yield modality, (folder / (file if whole else file["file"]), None if whole else int(file["channel"]))
