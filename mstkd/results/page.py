"""The report on one patient as a page that needs no other file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

from mstkd.html import document
from mstkd.preprocessing import Method
from mstkd.regions import APPEARANCE, REGIONS
from mstkd.results.steps import Panel, Step
from mstkd.store.card import parts_rule
from mstkd.words import listed

STYLE = """
td { white-space: normal; }
figure { display: inline-block; position: relative; margin: .4rem .5rem .4rem 0; }
figcaption { color: #566170; font-size: .8rem; }
img { display: block; height: 220px; background: #000; border-radius: 3px; }
figure i { position: absolute; top: 95px; color: #ddd; font-style: normal; font-size: .8rem; }
figure i.left { left: 4px; }
figure i.right { right: 4px; }
p.warning { background: #fdecea; border-left: 4px solid #c0392b; padding: .4rem .8rem; }
b.region { display: inline-block; width: .9em; height: .9em; border-radius: 2px; margin-right: .4em; }
"""
STEPS = {
    "read": "Reading the images",
    "align": "Alignment",
    "resample": "Resampling to 1 mm",
    "brain": "Finding the brain",
    "normalise": "Checking, bias field, normalising",
    "network": "Network",
    "return": "Back to the reference's grid, clean-up",
    "measure": "Measuring",
    "write": "Label map and pictures",
    "total": "All",
}


def patient_page(summary: dict[str, Any], panels: Mapping[Step, Sequence[Panel]]) -> str:
    """The page: the result first, then each step with its picture, then times."""
    body = [f"<h1>{escape(_title(summary))}</h1>", f'<p class="notice">{escape(summary["notice"])}</p>']
    body += [f'<p class="warning">{escape(warning)}</p>' for warning in summary["warnings"]]
    body += [
        f'<p class="note">Made {escape(summary["made"])}. Pictures '
        "are in the radiological convention: R, the patient's right, is on the left.</p>",
        "<h2>Result</h2>",
        _table(
            ["Region", "mL", "Longest axial diameter (mm)", "Perpendicular to it (mm)"],
            [
                [
                    _swatch(APPEARANCE[region].colour) + region.title,
                    *(f"{value:.1f}" for value in summary["measurements"][region.value].values()),
                ]
                for region in REGIONS
            ],
        ),
        f"<p>{summary['uncertain_ml']:.1f} mL are uncertain: the network wavered between two tissues or more.</p>",
        _figures(panels[Step.FOUND]),
        *_left_out(panels[Step.LEFT_OUT]),
        "<h2>Sequences as given</h2>",
        _table(
            ["Sequence", "Source", "Taken for it because", "Voxels", "Spacing (mm)"],
            [
                [
                    label,
                    escape(entry["source"]),
                    escape(entry["because"]),
                    " x ".join(map(str, entry["shape"])),
                    " x ".join(f"{mm:.2f}" for mm in entry["spacing_mm"]),
                ]
                for label, entry in summary["sequences"].items()
            ],
        ),
        f"<p>Missing: {escape(', '.join(summary['missing']) or 'none')}.</p>",
        _figures(panels[Step.ACQUIRED]),
    ]
    if panels[Step.ALIGNED]:
        body += ["<h2>Alignment</h2>", _alignment(summary), _figures(panels[Step.ALIGNED])]
    brain = summary["brain"]
    body += [
        "<h2>Brain</h2>",
        f"<p>{brain['ml']:.0f} mL, from {escape(Method(brain['method']).label)}, on {escape(brain['sequence'])}.</p>",
        _figures(panels[Step.BRAIN]),
    ]
    grid = " x ".join(map(str, summary["working_grid"]["shape"]))
    body += [
        "<h2>What the network saw</h2>",
        f"<p>Every sequence resampled to 1 mm, cropped to the brain with a small margin ({grid} voxels), "
        "and normalised by the brain's mean and deviation.</p>",
        *_corrected(summary["bias_field_corrected"]),
        *_second_pass(summary["enhancement_without"]),
        _figures(panels[Step.NETWORK]),
        "<h2>Time</h2>",
        _times(summary["seconds"]),
        "<h2>Made by</h2>",
        f"<p>mstkd {escape(summary['mstkd'])}, model {escape(summary['model']['name'])} "
        f"({escape(summary['model']['sha256'][:12])}), on {escape(summary['device'])}. "
        f"{''.join(f'{rule} ' for rule in parts_rule(summary['model']['least_part_probability']))}"
        f"Licence of the model: {escape(summary['model']['licence'])}</p>",
    ]
    return document(_title(summary), "\n".join(body), STYLE)


def _left_out(panels: Sequence[Panel]) -> list[str]:
    return ["<h3>Left out, as the model is not sure enough: the largest part</h3>", _figures(panels)] if panels else []


def _corrected(sequences: list[str]) -> list[str]:
    if not sequences:
        return []
    return [f"<p>A strong bias field was corrected (N4) in {listed(sequences)}.</p>"]


def _second_pass(without: list[str]) -> list[str]:
    if not without:
        return []
    return [f"<p>A second pass, without {listed(without)}, told what of the tumour core enhances.</p>"]


def _title(summary: dict[str, Any]) -> str:
    what = f"{', '.join(summary['sequences'])} on the grid of {summary['reference']['sequence']}"
    return ": ".join(filter(None, [summary["study"], what]))


def _alignment(summary: dict[str, Any]) -> str:
    rows = []
    for label, entry in summary["sequences"].items():
        moved = entry["alignment"]
        if moved:
            rows.append(
                [
                    label,
                    escape(moved["sentence"]),
                    f"{moved['displacement_mm']:.1f}",
                    f"{moved['rotation_deg']:.1f}",
                    f"{moved['mutual_information_gain']:+.3f}",
                    f"{moved['overlap']:.0%}",
                ]
            )
    return _table(
        ["Sequence", "", "Mean mm over the head", "Degrees", "Information gained (nats)", "Head covered"], rows
    )


def _times(seconds: dict[str, float]) -> str:
    total = seconds["total"]
    rows = [[STEPS[step], f"{s:.2f}", f"{s / max(total, 1e-6):.0%}"] for step, s in seconds.items()]
    return _table(["Step", "Seconds", "Share"], rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are HTML."""
    head = "".join(f"<th>{title}</th>" for title in header)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<div><table><tr>{head}</tr>{lines}</table></div>"


def _figures(panels: Iterable[Panel]) -> str:
    return "<div>" + "".join(map(_figure, panels)) + "</div>"


def _figure(panel: Panel) -> str:
    left, right = tuple(panel.sides)
    caption = escape(panel.caption)
    return (
        f'{"<br>" if panel.first else ""}<figure><img src="{panel.address}" alt="{caption}"><i class="left">{left}</i>'
        f'<i class="right">{right}</i><figcaption>{caption}</figcaption></figure>'
    )


def _swatch(colour: tuple[float, float, float]) -> str:
    red, green, blue = (round(255 * share) for share in colour)
    return f'<b class="region" style="background:rgb({red},{green},{blue})"></b>'
