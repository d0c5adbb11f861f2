"""Where each sequence of a patient comes from, and why it is taken for that sequence."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from mstkd.dicom import Stack, Study, choose_study, holds_dicom, propose, read_folder, read_stack
from mstkd.errors import InputError
from mstkd.modalities import Modality, ordered
from mstkd.preprocessing.volume import Volume, read_volume
from mstkd.recognition import Recognition, image_stem, recognise_file, recognise_folder, recognise_name

SAID = "you said so"


@dataclass(frozen=True)
class Source:
    """One image before it is read.

    Attributes:
        name: What messages call it: a file, a node's name, a DICOM series.
        because: Why it is taken for its sequence, a clause for a person.
        read: Reads it; raises InputError.
        path: The file, where it is one.
    """

    name: str
    because: str
    read: Callable[[], Volume]
    path: Path | None = None


@dataclass(frozen=True)
class Sources:
    """What a patient has, before anything is read.

    Attributes:
        found: The source of each sequence, in channel order.
        remarks: Sentences about what was left out and may have been meant.
    """

    found: dict[Modality, Source]
    remarks: tuple[str, ...] = ()


def find_sources(folder: Path | None, named: Mapping[Modality, Path], study: str | None = None) -> Sources:
    """The sequences of a patient: those named, and those recognised in the folder for the rest.

    Args:
        folder: Of image files or of DICOM files, at any depth.
        named: A file, a folder with one DICOM series, or the number of a series in ``folder``.
        study: Which study of a DICOM folder: its UID, the beginning of it, or its date.

    Raises:
        InputError: No sequence is told, or a choice is a person's.
    """
    if folder is None and not named:
        raise InputError(
            "no sequence was given; give a patient's folder or at least one of --flair, --t1, --t1gd, --t2."
        )
    if folder is None or not _is_dicom_folder(folder):
        if study is not None:
            raise InputError("--study chooses among the studies of a DICOM folder; give such a folder or leave it out.")
        files = {} if folder is None else recognise_folder(folder, settled=named)
        found = {m: file_source(path, recognise_file(path).because) for m, path in files.items()}
        found |= {m: _named(m, path) for m, path in named.items()}
        return Sources({m: found[m] for m in ordered(found)})
    contents = read_folder(folder)
    chosen = choose_study(contents, study)
    proposal = propose(chosen)
    numbered = {m: stack for m, path in named.items() if (stack := _numbered(m, path, chosen))}
    found = {m: stack_source(stack, _said(m, stack.recognition)) for m, stack in numbered.items()}
    found |= {m: _named(m, path) for m, path in named.items() if m not in numbered}
    reasons = {choice.modality: choice.reason for choice in proposal.choices}
    found |= {m: stack_source(stack, reasons[m]) for m, stack in proposal.settled(named, numbered.values()).items()}
    return Sources({m: found[m] for m in ordered(found)}, (*contents.problems, *proposal.remarks))


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
    return file_source(path, _said(modality, told), name)


def stack_source(stack: Stack, because: str) -> Source:
    """A DICOM stack as a source."""
    return Source(f"{stack.name} (DICOM)", because, partial(read_stack, stack))


def _is_dicom_folder(folder: Path) -> bool:
    """Image files go before DICOM, which many programs leave beside what they converted."""
    if not folder.is_dir():
        return False
    return not any(image_stem(path) for path in folder.iterdir()) and holds_dicom(folder)


def _named(modality: Modality, path: Path) -> Source:
    if path.is_dir():
        contents = read_folder(path)
        stacks = [stack for study in contents.studies for stack in study.stacks]
        if len(stacks) != 1:
            listed = ", ".join(stack.name for stack in stacks) or "none"
            raise InputError(f"{path} holds more than the one series that --{modality.value} needs ({listed}).")
        return stack_source(stacks[0], _said(modality, stacks[0].recognition))
    return named_file(modality, path)


def _numbered(modality: Modality, path: Path, study: Study) -> Stack | None:
    """The series of a study whose number was given instead of a file."""
    if path.exists() or not str(path).isdigit():
        return None
    stacks = [stack for stack in study.stacks if stack.number == int(str(path))]
    if len(stacks) != 1:
        known = ", ".join(dict.fromkeys(stack.name for stack in study.stacks))
        raise InputError(
            f"--{modality.value} {path} fits {len(stacks) or 'no'} series of the study of {study.text}; it has {known}."
        )
    return stacks[0]


def _said(modality: Modality, told: Recognition) -> str:
    if told.modality is None:
        return SAID
    if told.modality is modality:
        return f"{SAID}, and {told.because}"
    return f"{SAID}, but {told.because}, which is {told.modality.label}"
