"""What a folder of DICOM files holds: patients, studies, series, stacks."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mstkd.dicom.frames import Frame, Unread, read_frames
from mstkd.dicom.split import differences, make_stacks, partition
from mstkd.dicom.stack import Stack, series_name
from mstkd.errors import InputError, why
from mstkd.recognition import recognise_name
from mstkd.words import counted

Progress = Callable[[int, int], None]
_PREAMBLE, _MAGIC = 128, b"DICM"


@dataclass(frozen=True)
class Series:
    """One SeriesInstanceUID of a study.

    Attributes:
        number: SeriesNumber, -1 where there is none.
        stacks: Its volumes, usable or not; none when it holds no MR slices.
        damage: A clause about files that are cut off; empty when none is.
        problems: Clauses about what else of it is not read, and how it was divided.
    """

    uid: str
    number: int
    description: str
    stacks: tuple[Stack, ...]
    damage: str = ""
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return series_name(self.number, self.description)


@dataclass(frozen=True)
class Study:
    """One StudyInstanceUID of a patient; ``patient`` is its PatientID, ``date`` is ``YYYYMMDD`` or empty."""

    uid: str
    patient: str
    date: str
    description: str
    series: tuple[Series, ...]

    @property
    def stacks(self) -> tuple[Stack, ...]:
        return tuple(stack for series in self.series for stack in series.stacks)

    @property
    def problems(self) -> list[str]:
        """Sentences about what cannot be read, or only with a doubt; a proposal adds what it leaves out."""
        possible = [stack for stack in self.stacks if not stack.recognition.other]
        untold = [stack for stack in possible if stack.refusal and not stack.sequence]
        return [
            *self.damage,
            *(f"{series.name} {problem}" for series in self.series for problem in series.problems),
            *(f"{stack.name} {stack.refusal}" for stack in untold if not self._damaged(stack)),
            *(f"{stack.name} {warning}" for stack in possible if not stack.refusal for warning in stack.warnings),
        ]

    @property
    def damage(self) -> list[str]:
        """Sentences about series with files that are cut off, but for those a proposal speaks of and other kinds."""
        return [
            f"{series.name} {series.damage}"
            for series in self.series
            if series.damage
            and not any(stack.sequence for stack in series.stacks)
            and not recognise_name(series.description).other
        ]

    def _damaged(self, stack: Stack) -> bool:
        return any(series.damage for series in self.series if any(stack is one for one in series.stacks))

    @property
    def text(self) -> str:
        """Date, description, number of series and patient, for lists of studies."""
        date = f"{self.date[:4]}-{self.date[4:6]}-{self.date[6:]}" if len(self.date) == 8 else "without date"
        description = f" '{self.description}'" if self.description else ""
        return f"{date}{description} ({len(self.series)} series, patient {self.patient or 'without ID'})"


@dataclass(frozen=True)
class DicomFolder:
    """The studies in a folder, by patient and date, and sentences about files that could not be read."""

    folder: Path
    studies: tuple[Study, ...]
    problems: tuple[str, ...] = ()


def holds_dicom(folder: Path) -> bool:
    """Whether any file in the folder or below is DICOM, by its first bytes; stops at the first."""
    return any(_is_dicom(path) for path in _files(folder))


def read_folder(folder: Path, report: Progress = lambda done, of: None) -> DicomFolder:
    """Sort a folder's DICOM files by patient, study, series and stack, from their headers.

    Names and sub-folders do not matter; other files and DICOMDIR are passed over. Pixels
    are read only where two images lie at one position.

    Raises:
        InputError: It is no folder, or holds no DICOM images.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give the folder of a DICOM export.")
    frames: list[Frame | Unread] = []
    problems = []
    paths = list(_files(folder))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of values that break the standard but do no harm
        for done, path in enumerate(paths, start=1):
            try:
                frames += read_frames(path)
            except InputError as error:
                problems.append(str(error))
            except OSError as error:
                problems.append(f"{path} cannot be opened ({why(error)}); copy it again.")
            report(done, len(paths))
        if not frames:
            reason = f"; {problems[0]}" if problems else ", so give the folder of a DICOM export."
            raise InputError(f"{folder} holds no DICOM image that can be read{reason}")
        studies = [_make_study(group) for group in partition(frames, lambda f: (f.origin.patient, f.origin.study))]
    shared = [uid for uid, count in Counter(study.uid for study in studies).items() if count > 1]
    problems += [f"{folder} holds images of several patients in study {uid}; they are kept apart." for uid in shared]
    studies.sort(key=lambda study: (study.patient, study.date, study.uid))
    return DicomFolder(folder, tuple(studies), tuple(problems))


def _files(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(root) / name for name in sorted(names) if (Path(root) / name).is_file())


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(_PREAMBLE + len(_MAGIC))[_PREAMBLE:] == _MAGIC
    except OSError:
        return False


def _make_study(items: list[Frame | Unread]) -> Study:
    origin = min((item.origin for item in items), key=lambda o: (o.study_date, o.study_description))
    series = [_make_series(group) for group in partition(items, lambda item: item.origin.series)]
    return Study(
        uid=origin.study,
        patient=origin.patient[0],
        date=origin.study_date,
        description=origin.study_description,
        series=tuple(sorted(series, key=lambda s: (s.number, s.uid))),
    )


def _make_series(items: list[Frame | Unread]) -> Series:
    origin = min((item.origin for item in items), key=lambda o: (o.number, o.description))
    frames = [item for item in items if isinstance(item, Frame)]
    unread = [item for item in items if isinstance(item, Unread)]
    whole = {frame.uid for frame in frames}
    damaged = sorted(str(item.path) for item in unread if item.damaged and item.uid not in whole)
    stacks = make_stacks(frames)
    damage, problems = "", []
    if damaged:
        which = ", ".join(damaged)
        damage = f"holds truncated files ({which}), so it is not used; copy or export it again."
        stacks = tuple(
            replace(stack, refusal=f"holds truncated files ({which}); copy or export it again.") for stack in stacks
        )
    for reason, count in sorted(Counter(item.reason for item in unread if not item.damaged).items()):
        problems.append(f"holds {reason} ({counted(count, 'file')}), which are not read.")
    if len(stacks) > 1:
        problems.append(f"holds {len(stacks)} stacks that differ in {differences(stacks)}; each is taken by itself.")
    return Series(origin.series, origin.number, origin.description, stacks, damage, tuple(problems))
