"""What the student makes of the same few validation patients, at each validation, for people to look at."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import SimpleITK as sitk

from mstkd.data.cache import CachedCase
from mstkd.files import whole_file
from mstkd.modalities import REFERENCE_PREFERENCE, Modality
from mstkd.runs.layout import INDEX, SAMPLES

Array = np.ndarray
MOST = 2


class Samples:
    """Keeps predictions of the first patients, and writes them to ``run/samples`` once a validation is whole.

    Each is seen with the largest of the validated subsets that it has. The files lie on
    the working grid, 1 mm in patient axes; its place in the scanner is not kept.

    Args:
        cases: The validation cases that this process sees.
        subsets: What is validated.
    """

    def __init__(self, run: Path, cases: Sequence[CachedCase], subsets: Sequence[tuple[Modality, ...]]) -> None:
        self._folder = run / SAMPLES
        largest = {case.case.id: max(filter(case.has, subsets), key=len, default=()) for case in cases}
        self._cases = [case for case in cases if largest[case.case.id]][:MOST]
        self._subsets = {case.case.id: largest[case.case.id] for case in self._cases}
        self._found: dict[str, Array] = {}
        self._begun = False

    def take(self, cached: CachedCase, subset: tuple[Modality, ...], tissues: Array) -> None:
        """Keep a prediction if it is one of those to be shown."""
        if self._subsets.get(cached.case.id) == subset:
            self._found[cached.case.id] = tissues

    def write(self, step: int) -> None:
        """Show what was kept; a disk that refuses does not end a run for this."""
        with suppress(OSError, RuntimeError):
            self._write(step)
        self._found.clear()

    def _write(self, step: int) -> None:
        if not self._found:
            return
        self._folder.mkdir(exist_ok=True)
        shown = [(number, case) for number, case in enumerate(self._cases, 1) if case.case.id in self._found]
        for number, case in shown:
            if not self._begun:
                shown_best = next(m for m in REFERENCE_PREFERENCE if m in self._subsets[case.case.id])
                image = np.asarray(case.images[shown_best.channel], np.float32)
                _save(self._folder / _file(number, "image"), image)
                _save(self._folder / _file(number, "reference"), np.asarray(case.labels, np.uint8))
            _save(self._folder / _file(number, "prediction"), self._found[case.case.id].astype(np.uint8))
        self._begun = True
        index = [self._entry(number, case, step) for number, case in shown]
        with whole_file(self._folder / INDEX) as draft:
            draft.write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")

    def _entry(self, number: int, case: CachedCase, step: int) -> dict[str, str | int]:
        files = {kind: _file(number, kind) for kind in ("image", "reference", "prediction")}
        sequences = "+".join(modality.label for modality in self._subsets[case.case.id])
        return {"case": case.case.id, **files, "sequences": sequences, "step": step}


def _file(number: int, kind: str) -> str:
    return f"{number}-{kind}.nrrd"  # a case's name may hold anything


def _save(path: Path, array: Array) -> None:
    image = sitk.GetImageFromArray(array.transpose(2, 1, 0))
    image.SetDirection((-1, 0, 0, 0, -1, 0, 0, 0, 1))  # ITK's axes are left and posterior, ours right and anterior
    writer = sitk.ImageFileWriter()
    writer.SetImageIO("NrrdImageIO")
    writer.UseCompressionOn()
    with whole_file(path) as draft:
        writer.SetFileName(str(draft))
        writer.Execute(image)
