"""Synthetic patients beside real ones on one page, for a hard look."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

import numpy as np

from mstkd.data.cache import load_cached
from mstkd.data.datalist import read_datalist
from mstkd.files import whole_file
from mstkd.html import document
from mstkd.modalities import CHANNELS
from mstkd.preprocessing import bounding_box
from mstkd.regions import TISSUE_APPEARANCE, Tissue
from mstkd.results.panels import encode, normalised_grey, outlined, plane

Array = np.ndarray
AXIAL = 2
MARGIN = 4
MOST_ROWS = 20
STYLE = """
body { max-width: 78rem; }
figure { display: inline-block; margin: .2rem; }
img { display: block; height: 220px; background: #000; border-radius: 3px; }
figcaption { color: #566170; font-size: .8rem; }
"""


def patient_row(name: str, images: Array, labels: Array, present: Sequence[bool]) -> str:
    """HTML of the axial slice with most of the tumour in each sequence, and of the labels on the first of them.

    Args:
        name: Plain text.
        images: ``(4, H, W, D)``, z-scored, exactly 0 outside.
        labels: ``(H, W, D)`` of our classes.
        present: Which sequences exist.
    """
    areas = np.count_nonzero(labels, axis=(0, 1))
    level = int(areas.argmax()) if areas.any() else labels.shape[AXIAL] // 2
    shown = [plane(np.asarray(image, dtype=np.float32), AXIAL, level) for image in images]
    box = bounding_box(np.any([picture != 0 for picture in shown], axis=0), MARGIN)
    pictures = {
        modality.label: normalised_grey(shown[modality.channel][box])
        for modality in CHANNELS
        if present[modality.channel]
    }
    marked = next(iter(pictures.values()))
    tissues = plane(labels, AXIAL, level)[box]
    for tissue, appearance in TISSUE_APPEARANCE.items():
        marked = outlined(marked, tissues == tissue, appearance.colour)
    figures = "".join(_figure(encode(picture), label) for label, picture in pictures.items())
    volumes = ", ".join(f"{t.name} {np.count_nonzero(labels == t) / 1000:.1f} mL" for t in Tissue if t)
    return f"<p>{escape(name)}: {volumes}</p>\n<div>{figures}{_figure(encode(marked), 'labels')}</div>"


def write_page(path: Path, synthetic: Sequence[str], datalist: Path | None, cache: Path) -> None:
    """Write a page of rows as `patient_row` makes them, and of real patients where a datalist is given.

    Args:
        path: The page.
        synthetic: Rows.
        datalist: Of its training split alone patients are shown, evenly spread over it.
        cache: Where preprocessed cases are kept.

    Raises:
        InputError: The datalist or one of its cases is refused.
    """
    parts = ["<h1>Synthetic patients</h1>", '<p class="note">Z-scores, radiological convention.</p>', *synthetic]
    if datalist is not None:
        parts += ["<h2>Real patients of the training split</h2>", *_real_rows(datalist, cache)]
    with whole_file(path) as draft:
        draft.write_text(document("Synthetic patients", "\n".join(parts), STYLE), encoding="utf-8")


def _real_rows(datalist: Path, cache: Path) -> list[str]:
    cases = [case for case in read_datalist(datalist) if case.split == "train"]
    chosen = cases[:: -(-len(cases) // MOST_ROWS) or 1]
    loaded = (load_cached(case, cache) for case in chosen)
    return [patient_row(case.case.id, case.images, case.labels, case.mask) for case in loaded]


def _figure(address: str, caption: str) -> str:
    return f'<figure><img src="{address}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'
