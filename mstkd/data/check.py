"""Everything that is wrong, doubtful or worth knowing about the cases of a data set."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mstkd.data.conventions import LabelSet, decide, fitting, parse_choices, undefined
from mstkd.data.duplicates import content_names
from mstkd.data.examine import Examined, examine
from mstkd.data.layouts import Entry, Finding, find_cases
from mstkd.modalities import Modality

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Report:
    """What a check found.

    Attributes:
        findings: The layouts, with the evidence for each.
        label_sets: One per data set; those with a question are undecided.
    """

    findings: tuple[Finding, ...]
    cases: tuple[Examined, ...]
    label_sets: tuple[LabelSet, ...]

    @property
    def usable(self) -> list[Examined]:
        return [case for case in self.cases if case.usable]

    @property
    def questions(self) -> list[str]:
        return [labels.question for labels in self.label_sets if labels.question]


def check(source: Path, choices: Sequence[str] = (), progress: Progress = lambda done, of: None) -> Report:
    """Examine the cases of a folder or list: headers of all images, every label map, equal files.

    Args:
        choices: Label conventions by the user, ``NAME`` or ``DATASET=NAME``.
        progress: Called with the cases done and their number.

    Raises:
        InputError: No layout is recognised, or a choice names something unknown.
    """
    findings = find_cases(source)
    entries = [entry for finding in findings for entry in finding.entries]
    chosen = parse_choices(choices, (entry.dataset for entry in entries))
    cases = []
    for done, entry in enumerate(entries, start=1):
        cases.append(examine(entry))
        progress(done, len(entries))
    label_sets = _decide(cases, chosen)
    _refuse_two_sides(cases)
    _refuse_duplicates(cases)
    return Report(tuple(findings), tuple(cases), label_sets)


def _decide(cases: Sequence[Examined], chosen: dict[str, str]) -> tuple[LabelSet, ...]:
    """Settle the convention of each data set, and exclude cases whose labels it does not define."""
    groups = defaultdict(list)
    for case in cases:
        if case.values is not None:
            entry = case.entry
            groups[entry.dataset, entry.convention, entry.stated].append(case)
    label_sets = []
    for (dataset, declared, stated), members in groups.items():
        values = [(case.entry.id, case.values or ()) for case in members]
        labels = decide(dataset, declared, chosen.get(dataset) or (declared if stated else None), values)
        label_sets.append(labels)
        for case in members:
            case.convention = labels.convention
            if labels.convention and (strange := undefined(labels.convention, case.values or ())):
                case.problems.append(
                    f"{case.entry.label} holds the label {strange[0]}, which {labels.convention} does not define; "
                    f"choose another convention if that is not it ({fitting(case.values or ())}), or correct the file."
                )
    return tuple(label_sets)


def _refuse_two_sides(cases: Sequence[Examined]) -> None:
    sides = defaultdict(set)
    for case in cases:
        if case.entry.split:
            sides[case.entry.patient].add(case.entry.split)
    for case in cases:
        if len(given := sides[case.entry.patient]) > 1:
            case.problems.append(
                f"{case.entry.place} puts the patient {case.entry.patient} into {' and '.join(sorted(given))}; "
                "give one split."
            )


def _refuse_duplicates(cases: Sequence[Examined]) -> None:
    """Exclude the later of two good cases with one name or one image, and a case with one image twice."""
    good = [case for case in cases if not case.problems]
    contents = content_names(path for case in good for path in case.entry.images.values())
    named: dict[str, Entry] = {}
    owners: dict[tuple[str, int | None], Entry] = {}
    for case in good:
        entry = case.entry
        keys = {m: (contents[path], entry.channels.get(m)) for m, path in entry.images.items()}
        twin = _twin(keys)
        owner = next((owners[key] for key in keys.values() if key in owners), None)
        if twin:
            first, second = (entry.images[m] for m in twin)
            case.problems.append(
                f"{first} ({twin[0].label}) and {second} ({twin[1].label}) are the same image; replace the wrong one."
            )
        elif entry.id in named:
            case.problems.append(f"{entry.place} and {named[entry.id].place} have the same name; keep or rename one.")
        elif owner is not None:
            case.problems.append(
                f"{entry.place} holds the same image as {owner.id} in {owner.place}; keep one of them."
            )
        else:
            named[entry.id] = entry
            owners.update(dict.fromkeys(keys.values(), entry))


def _twin(keys: dict[Modality, tuple[str, int | None]]) -> tuple[Modality, Modality] | None:
    seen: dict[tuple[str, int | None], Modality] = {}
    for modality, key in keys.items():
        if key in seen:
            return seen[key], modality
        seen[key] = modality
    return None
