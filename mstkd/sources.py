"""Where each sequence of a patient comes from, and why it is taken for that sequence."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mstkd.dicom import Stack, Study, choose_study, holds_dicom, propose, read_folder, read_stack
from mstkd.errors import InputError
from mstkd.modalities import Modality, ordered
from mstkd.preprocessing.volume import Volume, read_volume
from mstkd.recognition import (
    Recognition,
    image_stem,
    names_a_label_map,
    recognise_file,
    recognise_folder,
    recognise_name,
)

SAID = "you said so"
_KEY = re.compile(r"\d+(\.\d+)?")
"""The number of a series, or of a stack of it."""


@dataclass(frozen=True)
class Source:
    """One image before it is read.

    Attributes:
        name: What messages call it: a file, a node's name, a DICOM series.
        because: Why it is taken for its sequence, a clause for a person.
        read: Reads it; raises InputError.
        path: The file, where it is one.
        doubt: A sentence when what it says of itself speaks against what the user said; else empty.
    """

    name: str
    because: str
    read: Callable[[], Volume]
    path: Path | None = None
    doubt: str = ""


@dataclass(frozen=True)
class Sources:
    """What a patient has, before anything is read.

    Attributes:
        found: The source of each sequence, in channel order.
        remarks: Sentences about what was left out and may have been meant.
        study: Date, description and patient of the DICOM study, or the name of the folder of image
            files; empty when each file was named.
    """

    found: dict[Modality, Source]
    remarks: tuple[str, ...] = ()
    study: str = ""

    @property
    def warnings(self) -> list[str]:
        """What the user must see: doubts about what was said, and what was left out."""
        return [*(source.doubt for source in self.found.values() if source.doubt), *self.remarks]


def find_sources(folder: Path | None, named: Mapping[Modality, Path], study: str | None = None) -> Sources:
    """The sequences of a patient: those named, and those recognised in the folder for the rest.

    Args:
        folder: Of image files or of DICOM files, at any depth.
        named: A file, a folder with one DICOM series, or the number of a series in ``folder`` (``3``, ``3.2``).
        study: Which study of a DICOM folder: its UID, the beginning of it, or its date.

    Raises:
        InputError: No sequence is told, or a choice is a person's.
    """
    if folder is None and not named:
        raise InputError(
            "no sequence was given; give a patient's folder or at least one of --flair, --t1, --t1gd, --t2."
        )
    dicom = folder is not None and _is_dicom_folder(folder)
    if study is not None and not dicom:
        raise InputError("--study chooses among the studies of a DICOM folder; give such a folder or leave it out.")
    remarks: list[str] = []
    chosen = None
    if folder is not None and dicom:
        contents = read_folder(folder)
        chosen = choose_study(contents, study)
        remarks += [*contents.problems, *chosen.damage]
    given = {m: _named(m, path, chosen, remarks) for m, path in named.items()}
    stacks = {m: thing for m, thing in given.items() if isinstance(thing, Stack)}
    found = {m: named_file(m, thing) for m, thing in given.items() if isinstance(thing, Path)}
    found |= {m: named_stack(m, stack) for m, stack in stacks.items()}
    if chosen is not None:
        proposal = propose(chosen, taken=stacks.values())
        reasons = {choice.modality: choice.reason for choice in proposal.choices}
        proposed = proposal.settled(named)
        found |= {m: stack_source(stack, reasons[m]) for m, stack in proposed.items()}
        remarks += proposal.remarks
        stacks |= proposed
    elif folder is not None:
        files = recognise_folder(folder, settled=named, taken=[path for path in named.values() if path.is_file()])
        found |= {m: file_source(path, recognise_file(path).because) for m, path in files.items()}
        if holds_dicom(folder):
            remarks.append(f"{folder} also holds DICOM files, which were not used beside the image files.")
    _refuse_several_patients(stacks)
    return Sources({m: found[m] for m in ordered(found)}, tuple(remarks), _study_text(folder, chosen))


def file_source(path: Path, because: str, name: str = "") -> Source:
    """A file as a source; ``name`` is what messages call it where that is not its path."""
    called = name or str(path)

    def read() -> Volume:
        try:
            return replace(read_volume(path), source=called)
        except InputError as error:
            raise InputError(str(error).replace(str(path), called)) from error

    return Source(called, because, read, path)


def named_file(modality: Modality, path: Path, name: str = "") -> Source:
    """A file that the user named for a sequence; what its name or header says goes beside it."""
    told = recognise_name(name) if name else recognise_file(path)
    return _named_source(file_source(path, "", name), modality, told)


def named_stack(modality: Modality, stack: Stack) -> Source:
    """A DICOM stack that the user named for a sequence."""
    return _named_source(stack_source(stack, ""), modality, stack.recognition)


def _named_source(source: Source, modality: Modality, told: Recognition) -> Source:
    if told.modality is modality:
        return replace(source, because=f"{SAID}, and {told.because}")
    against = (
        told.conflict or told.other or (f"{told.because}, which is {told.modality.label}" if told.modality else "")
    )
    if not against:
        return replace(source, because=SAID)
    doubt = f"{source.name} was given as {modality.label}, but {against}; check it."
    return replace(source, because=f"{SAID}, but {against}", doubt=doubt)


def stack_source(stack: Stack, because: str) -> Source:
    """A DICOM stack as a source."""
    return Source(f"{stack.name} (DICOM)", because, partial(read_stack, stack))


def _study_text(folder: Path | None, study: Study | None) -> str:
    if study is not None:
        return study.text
    return folder.resolve().name if folder is not None else ""


def _is_dicom_folder(folder: Path) -> bool:
    """Image files go before DICOM, which many programs leave beside what they converted; label maps do not count."""
    if not folder.is_dir():
        return False
    stems = filter(None, map(image_stem, folder.iterdir()))
    return all(map(names_a_label_map, stems)) and holds_dicom(folder)


def _named(modality: Modality, path: Path, study: Study | None, remarks: list[str]) -> Path | Stack:
    """What the user named for a sequence: a file, a folder with one series, or a series of the study."""
    if path.is_dir():
        contents = read_folder(path)
        remarks += [*contents.problems, *(problem for one in contents.studies for problem in one.damage)]
        stacks = [stack for one in contents.studies for stack in one.stacks]
        where = str(path)
    elif study is not None and not path.exists() and _KEY.fullmatch(str(path)):
        stacks = [stack for stack in study.stacks if str(path) in (stack.key, str(stack.number))]
        where = f"series {path} of the study of {study.text}"
    else:
        return path
    usable = [stack for stack in stacks if not stack.refusal] or stacks
    if len(usable) == 1:
        return usable[0]
    if not usable and path.is_dir():
        raise InputError(f"{path} holds no MR slices for --{modality.value}; give another folder.")
    if not usable:
        known = ", ".join(stack.key for stack in study.stacks) if study else ""
        raise InputError(f"there is no {where} for --{modality.value}; it has {known}.")
    listed = " or ".join(f"{stack.key} ({stack.text})" for stack in usable)
    raise InputError(f"{where} holds several volumes, but --{modality.value} takes one; choose {listed}.")


def _refuse_several_patients(stacks: Mapping[Modality, Stack]) -> None:
    by_patient = {stack.layout.frames[0].origin.patient: stack.name for stack in stacks.values()}
    if len(by_patient) > 1:
        raise InputError(
            f"{' and '.join(by_patient.values())} are of different patients by their headers; give those of one."
        )
