"""A check's answer as plain values, for machines and for the tables that people read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from mstkd.data.check import Report
from mstkd.data.datalist import SPLITS, Case
from mstkd.data.examine import Examined
from mstkd.modalities import CHANNELS, describe


def summarise(report: Report) -> dict[str, Any]:
    """Layouts, numbers, label values and every sentence, in the order of the folder."""
    cases = report.cases
    return {
        "layouts": [
            {"layout": f.layout, "evidence": f.evidence, "cases": len(f.entries), "patients": _patients(f.entries)}
            for f in report.findings
        ],
        "patients": _patients(case.entry for case in cases),
        "cases": len(cases),
        "usable_cases": len(report.usable),
        "sequences": {m.label: sum(m in case.entry.images for case in cases) for m in CHANNELS},
        "combinations": dict(Counter(describe(case.entry.images) for case in cases).most_common()),
        "partitions": dict(sorted(Counter(case.entry.partition for case in cases if case.entry.partition).items())),
        "labels": [
            {
                "dataset": labels.dataset,
                "cases": labels.cases,
                "values": {str(value): count for value, count in labels.counts.items()},
                "convention": labels.convention,
            }
            for labels in report.label_sets
        ],
        "questions": report.questions,
        "problems": _sentences(cases, "problems"),
        "remarks": [{"case": None, "sentence": text} for finding in report.findings for text in finding.remarks]
        + _sentences(cases, "remarks"),
    }


def summarise_split(cases: Sequence[Case]) -> dict[str, dict[str, int]]:
    """Patients and cases on each side."""
    sides = {side: [case for case in cases if case.split == side] for side in SPLITS}
    return {side: {"patients": _patients(own), "cases": len(own)} for side, own in sides.items()}


def _patients(entries: Iterable[Any]) -> int:
    return len({entry.patient for entry in entries})


def _sentences(cases: Sequence[Examined], kind: str) -> list[dict[str, Any]]:
    return [{"case": case.entry.id, "sentence": text} for case in cases for text in getattr(case, kind)]
