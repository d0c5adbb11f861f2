"""The tables of a report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mstkd.evaluation.against import Difference
from mstkd.evaluation.layout import Cell, Table
from mstkd.evaluation.metric import METRICS, Metric
from mstkd.evaluation.published import AVERAGE, Figure
from mstkd.evaluation.summary import Mean, average
from mstkd.regions import REGIONS, Region
from mstkd.store.card import ALL, FEWEST

Published = Mapping[tuple[str, str], Figure]


def heat_map(means: Sequence[Mean], published: Published, metric: Metric) -> Table:
    """Means with their intervals per combination and region, beside the published ones if any."""
    names = list(dict.fromkeys(mean.modalities for mean in means))
    names.insert(names.index(ALL), AVERAGE)
    header, rows = ["Given"], [[Cell(name)] for name in names]
    for region in REGIONS:
        header += [region.value, "paper"] if published else [region.value]
        for name, row in zip(names, rows, strict=True):
            row.append(_ours(means, name, region, metric))
            if published:
                row.append(_theirs(published.get((name, region.value)), metric))
    note = (
        f"Mean in {metric.unit}, {metric.direction}, with its 95% interval over patients where there are at least "
        f"{FEWEST}. In the average every combination measured counts alike."
    )
    return Table(f"{metric.name} ({metric.unit})", note, header, rows, "The darker, the better.")


def counts(means: Sequence[Mean]) -> Table:
    """How often a region was missed or invented, and in how many cases it was measured."""
    rows: dict[str, list[Cell]] = {}
    for mean in means:
        rows.setdefault(mean.modalities, [Cell(mean.modalities)])
    for region in REGIONS:
        at = {mean.modalities: mean for mean in means if mean.region == region.value}
        for name, row in rows.items():
            found = at.get(name)
            row += [Cell(str(n)) for n in (found.cases, found.missed, found.invented)] if found else [Cell()] * 3
    header = ["Given", *(f"{r.value} {what}" for r in REGIONS for what in ("cases", "missed", "invented"))]
    note = "Missed: the reference has the region, the prediction has not. Invented: the other way round."
    return Table("Misses and inventions", note, header, list(rows.values()))


def cleanup(means: Sequence[Mean], uncleaned: Sequence[Mean]) -> Table:
    """The averages with and without the clean-up of results."""
    rows = []
    for region in REGIONS:
        for name, chosen in (("with", means), ("without", uncleaned)):
            row = average(chosen, region)
            if row is not None:
                figures = [Cell(f"{metric.of(row):.1f}") for metric in METRICS]
                rows.append([Cell(f"{region.value}, {name}"), *figures, Cell(str(row.missed)), Cell(str(row.invented))])
    note = "Averages over the combinations measured; misses and inventions are summed. All other tables are with it."
    return Table("The clean-up of results", note, ["Region", "Dice (%)", "HD95 (mm)", "missed", "invented"], rows)


def changes(differences: Sequence[Difference], other: str, metric: Metric) -> Table:
    """Paired differences, ours minus theirs."""
    rows: dict[str, list[Cell]] = {}
    for row in differences:
        rows.setdefault(row.modalities, [Cell(row.modalities)])
    for region in REGIONS:
        at = {row.modalities: row for row in differences if row.region == region.value}
        for name, cells in rows.items():
            cells += _change(at.get(name), metric)
    header = ["Given", *(title for region in REGIONS for title in (region.value, "patients"))]
    unit = "percentage points" if metric.unit == "%" else metric.unit
    note = (
        f"This model minus {other} in {unit}, {metric.direction}, on the patients of both, "
        f"with its 95% interval where there are at least {FEWEST}."
    )
    legend = f"Coloured where the interval leaves out zero, of {FEWEST} patients or more: green better, orange worse."
    return Table(f"{metric.name} against {other}", note, header, list(rows.values()), legend)


def _ours(means: Sequence[Mean], name: str, region: Region, metric: Metric) -> Cell:
    if name == AVERAGE:
        row = average(means, region)
        if row is None:
            return Cell()
        return Cell(f"{metric.of(row):.1f}", f"of {row.combinations} combinations", metric.colour(metric.of(row)))
    return metric.cell(next((m for m in means if (m.modalities, m.region) == (name, region.value)), None))


def _theirs(figure: Figure | None, metric: Metric) -> Cell:
    return Cell(f"{metric.of(figure):.1f}") if figure else Cell()


def _change(row: Difference | None, metric: Metric) -> list[Cell]:
    return [metric.change_cell(row), Cell() if row is None else Cell(str(row.patients))]
