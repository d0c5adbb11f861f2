"""Which label convention a data set has: what its layout says, held against the values in its files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from mstkd.errors import InputError
from mstkd.regions import CONVENTIONS, REGIONS, LabelConvention, Tissue

Values = Sequence[tuple[str, tuple[int, ...]]]


@dataclass(frozen=True)
class LabelSet:
    """The label maps of one data set.

    Attributes:
        declared: The convention that its layout or its list says, if any.
        counts: In how many label maps each value occurs.
        cases: How many label maps there are.
        convention: The convention to read them by; None while it is undecided.
        question: Why it is undecided and how to say it, or "".
    """

    dataset: str
    declared: str | None
    counts: Mapping[int, int]
    cases: int
    convention: str | None
    question: str = ""


def parse_choices(choices: Iterable[str], datasets: Iterable[str]) -> dict[str, str]:
    """``NAME`` for all data sets, ``DATASET=NAME`` for one, to the convention of each.

    Raises:
        InputError: An unknown convention or data set.
    """
    known = list(dict.fromkeys(datasets))
    chosen: dict[str, str] = {}
    for choice in choices:
        dataset, _, name = choice.rpartition("=")
        if name not in CONVENTIONS:
            raise InputError(f"--labels {choice}: '{name}' is no label convention; take one of {_listed(CONVENTIONS)}.")
        if dataset and dataset not in known:
            raise InputError(f"--labels {choice}: there is no data set '{dataset}' here; there is {_listed(known)}.")
        chosen.update(dict.fromkeys([dataset] if dataset else known, name))
    return chosen


def decide(dataset: str, declared: str | None, chosen: str | None, values: Values) -> LabelSet:
    """The convention of one data set.

    The user's choice holds; else what the layout says, unless the values contradict it.

    Args:
        chosen: What the user says.
        values: Each case with the foreground values in its label map.
    """
    counts = dict(sorted(Counter(value for _, found in values for value in found).items()))
    question = "" if chosen else _question(dataset, declared, values, counts)
    convention = chosen or (None if question else declared)
    return LabelSet(dataset, declared, counts, len(values), convention, question)


def undefined(convention: str, values: Iterable[int]) -> list[int]:
    """The values that a convention does not define."""
    return [value for value in values if value not in CONVENTIONS[convention].to_tissue]


def _question(dataset: str, declared: str | None, values: Values, counts: Mapping[int, int]) -> str:
    ways = fitting(counts)
    say = f"--labels {_quoted(dataset)}=NAME"
    if declared is None:
        return (
            f"{dataset}: neither its layout nor its name tells what the labels mean, and the values do not either "
            f"({_counted(counts, len(values))}); say it with {say} ({ways})."
        )
    means = f"{dataset}: its layout says {declared} (labels {_foreground(declared)})"
    strange = undefined(declared, counts)
    if strange:
        bad = [case for case, found in values if undefined(declared, found)]
        return (
            f"{means}, but {len(bad)} of {len(values)} label maps hold {_listed(strange)}, {bad[0]} first; say what is "
            f"right with {say} ({ways}; {declared} leaves these cases out)."
        )
    several = len(CONVENTIONS[declared].to_tissue) > 2
    if several and len(counts) == 1:
        value = next(iter(counts))
        mask = ", as masks of the whole tumour do" if value == 1 else ""
        return (
            f"{means}, but all its label maps ({len(values)}) hold only {value}{mask}; say what is right with {say} "
            f"({ways})."
        )
    return ""


def fitting(values: Iterable[int]) -> str:
    """The conventions that define all the values, with what they take them for; those apart that define others too."""
    held = {0, *values}
    exact = [name for name, known in CONVENTIONS.items() if held == set(known.to_tissue)]
    wider = [name for name in CONVENTIONS if not undefined(name, held) and name not in exact]
    ways = [f"just these values: {_meanings(exact)}"] if exact else []
    ways += [f"these and more: {_meanings(wider)}"] if wider else []
    return "; ".join(ways) or "no known convention fits"


def _meanings(names: Iterable[str]) -> str:
    """``brats2018-21 or fets: 1 NETC, 2 SNFH, 4 ET``, one for each meaning."""
    by_meaning: dict[str, list[str]] = {}
    for name in names:
        known = CONVENTIONS[name]
        tissues = ((value, _tissue(known, tissue)) for value, tissue in known.to_tissue.items() if value)
        by_meaning.setdefault(", ".join(f"{value} {tissue}" for value, tissue in tissues), []).append(name)
    return "; ".join(f"{' or '.join(alike)}: {meaning}" for meaning, alike in by_meaning.items())


def _tissue(convention: LabelConvention, tissue: Tissue) -> str:
    if tissue is Tissue.BACKGROUND:
        return "no tumour"
    return tissue.name if convention.regions == REGIONS else "tumour"


def _counted(counts: Mapping[int, int], cases: int) -> str:
    return ", ".join(f"{value} in {count} of {cases}" for value, count in counts.items()) or "all are empty"


def _foreground(convention: str) -> str:
    return _listed(value for value in CONVENTIONS[convention].to_tissue if value)


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))


def _quoted(dataset: str) -> str:
    return f"'{dataset}'" if " " in dataset else dataset
