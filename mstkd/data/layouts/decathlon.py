"""Task01_BrainTumour of the Medical Segmentation Decathlon: one 4D file per patient."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mstkd.data.layouts.entry import Entry, Finding
from mstkd.data.layouts.folder import images_in
from mstkd.errors import InputError
from mstkd.modalities import Modality, ordered
from mstkd.recognition import image_stem, recognise_name
from mstkd.words import counted

TITLE = "Medical Segmentation Decathlon"
CONVENTION = "decathlon"
_MEANINGS = {"1": ("edema", "oedema"), "2": ("non-enhancing",), "3": ("enhancing",)}


def find(root: Path) -> Finding | None:
    """Cases of a folder with ``dataset.json``, ``imagesTr`` and ``labelsTr``; None when it is no such folder.

    Raises:
        InputError: ``dataset.json`` is damaged or names no sequence.
    """
    if not is_decathlon(root):
        return None
    path = root / "dataset.json"
    try:
        description = json.loads(path.read_text(encoding="utf-8"))
        if "channel_names" in description:
            raise InputError(
                f"{path} is of an nnU-Net data set, a layout not read yet; name its files in a list (CSV)."
            )
        channels = _channels(description["modality"])
        convention = _convention(description["labels"])
        listed = {root / str(item["image"]): root / str(item["label"]) for item in description["training"]}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is damaged (it lacks or misnames {error}); download it again.") from error
    if not channels:
        raise InputError(f"{path} names no channel FLAIR, T1, T1Gd or T2; give task 1, the brain tumours.")
    entries = []
    for image in sorted({*listed, *images_in(root / "imagesTr")}):
        stem = image_stem(image) or image.name
        label = listed.get(image, root / "labelsTr" / image.name)
        entries.append(
            Entry(
                id=stem,
                patient=stem,
                dataset=root.name,
                place=root,
                images=dict.fromkeys(channels, image),
                label=label if image in listed or label.is_file() else None,
                channels=channels,
                convention=convention,
            )
        )
    order = ", ".join(f"{number} {modality.label}" for modality, number in channels.items())
    return Finding(TITLE, f"dataset.json names the channels of each file ({order})", tuple(entries), _remarks(root))


def is_decathlon(root: Path) -> bool:
    return (root / "dataset.json").is_file() and (root / "imagesTr").is_dir()


def _channels(names: dict[str, Any]) -> dict[Modality, int]:
    """``{"0": "FLAIR", "1": "T1w", ...}`` to the channel of each sequence, in our order."""
    told = {int(number): recognise_name(str(name)).modality for number, name in names.items()}
    found = {modality: number for number, modality in told.items() if modality is not None}
    return {modality: found[modality] for modality in ordered(found)}


def _convention(labels: dict[str, Any]) -> str | None:
    """The Decathlon's convention when the labels mean what they do there; others are for the user to name."""
    meant = {str(value): str(name).lower() for value, name in labels.items()}
    fits = all(meant.get(value, "").startswith(words) for value, words in _MEANINGS.items())
    return CONVENTION if fits else None


def _remarks(root: Path) -> tuple[str, ...]:
    unlabelled = len(images_in(root / "imagesTs")) if (root / "imagesTs").is_dir() else 0
    if not unlabelled:
        return ()
    return (f"{root / 'imagesTs'} holds {counted(unlabelled, 'image')} without reference; left aside.",)
