"""Everything between a patient's images and the network, in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from mstkd.errors import InputError
from mstkd.modalities import Modality
from mstkd.preprocessing.alignment import Alignment, Verdict, align_all, apply
from mstkd.preprocessing.alignment.similarity import seen_share
from mstkd.preprocessing.brain import Brain, Method, find_brain, place_brain_mask, preferred
from mstkd.preprocessing.brain.edge import LARGEST_CUT_CM2, beyond_the_edge, cut_cm2
from mstkd.preprocessing.gather import GatheredPatient, choose_reference, gather
from mstkd.preprocessing.intensity import FEWEST_MEASURED
from mstkd.preprocessing.patient import PreparedPatient, normalised
from mstkd.preprocessing.volume import Volume
from mstkd.recognition.intensities import check_intensities
from mstkd.timing import Clock
from mstkd.words import listed

if TYPE_CHECKING:
    import torch

Array = np.ndarray
WHOLE = 0.98
"""A sequence that covers this share of the reference's head sees all of the brain."""
MOST = 0.5
"""Of the points where the reference cuts the brain off, a sequence that shows more of it shows more than this share."""
NOT_ALIGNED = "Alignment was switched off: the sequences were taken as they lie, also where the patient moved."
NO_BRAIN = "No brain was found; the whole head was taken for it."


@dataclass(frozen=True)
class Preprocessed:
    """A patient before the network, with what was done on the way.

    Attributes:
        volumes: The sequences as they were read.
        aligned: The same where they lie now; those that stayed are the same objects.
        alignments: How each sequence but the reference was brought to the reference;
            empty when that was not wanted.
        gathered: All sequences on the working grid.
        brain: The brain mask on that grid.
        brain_from: The sequence it was found on.
        prepared: What the network takes, with every warning so far.
    """

    volumes: Mapping[Modality, Volume]
    aligned: Mapping[Modality, Volume]
    alignments: Mapping[Modality, Alignment]
    gathered: GatheredPatient
    brain: Brain
    brain_from: Modality
    prepared: PreparedPatient


def preprocess(
    volumes: Mapping[Modality, Volume],
    *,
    reference: Modality | None = None,
    registration: bool = True,
    brain: Volume | None = None,
    device: torch.device,
    clock: Clock | None = None,
    report: Callable[[float, str], None] = lambda share, text: None,
) -> Preprocessed:
    """Align, gather on one grid, find the brain, check and normalise; the volumes stay as they are.

    Args:
        volumes: Any non-empty subset of sequences, each on its own grid.
        reference: Whose grid carries the result; None takes T1Gd, else FLAIR, T1, T2.
        registration: Whether sequences that moved are brought to the reference.
        brain: The user's own mask, see `read_brain_mask`, which moves with the sequence on whose grid it lies; None
            finds the brain.
        device: Where a network that finds the brain runs.
        clock: Gets the seconds of each step.
        report: Told about progress, as share of this work and one line.

    Raises:
        InputError: The volumes or the mask are refused, or a sequence does not show the brain.
    """
    clock = clock or Clock()
    chosen = choose_reference(volumes, reference)
    with clock.step("align"):
        report(0.1, f"Aligning with {chosen.label}")
        alignments = align_all(volumes, chosen) if registration else {}
        aligned = {m: apply(v, alignments[m]) if m in alignments else v for m, v in volumes.items()}
    with clock.step("resample"):
        report(0.4, "Resampling")
        gathered = gather(aligned, chosen)
    with clock.step("brain"):
        report(0.5, "Finding the brain")
        # A mask from a part of the head would cut off what the other sequences show of the rest,
        # one from a head that lies elsewhere what lies beside it.
        lost = [m for m, alignment in alignments.items() if alignment.verdict is Verdict.FAILED]
        source = preferred([m for m, share in gathered.coverage.items() if share >= WHOLE and m not in lost])
        head = gathered.heads[chosen]
        placing: list[str] = []
        if brain is None:
            found = find_brain(aligned[source], gathered.grid, device)
            if not (found.mask & head).any():
                found = Brain(head, Method.BUILT_IN, (NO_BRAIN,))
        else:
            brain, placing = _with_its_sequence(brain, volumes, alignments)
            found = place_brain_mask(brain, gathered.grid, head)
        if found.warnings != (NO_BRAIN,) and cut_cm2(found.mask) > LARGEST_CUT_CM2:
            others = {m: v for m, v in aligned.items() if m is not chosen and m not in lost}
            placing += _ends_within(chosen, beyond_the_edge(found.mask, gathered.grid), others)
    with clock.step("normalise"):
        report(0.9, "Normalising")
        doubts = check_intensities(gathered.images, gathered.air, found.mask, {m: v.source for m, v in volumes.items()})
        for modality, shown in gathered.heads.items():
            if np.count_nonzero(shown & found.mask) < FEWEST_MEASURED * np.count_nonzero(found.mask):
                raise InputError(f"{volumes[modality].source} shows next to nothing of the brain; leave it out.")
        prepared = normalised(gathered, found.mask)
    failed = [a.sentence for a in alignments.values() if a.verdict is Verdict.FAILED]
    unaligned = (NOT_ALIGNED,) if not registration and len(volumes) > 1 else ()
    warnings = (*gathered.warnings, *failed, *unaligned, *found.warnings, *placing, *doubts)
    return Preprocessed(volumes, aligned, alignments, gathered, found, source, replace(prepared, warnings=warnings))


def _with_its_sequence(
    mask: Volume, volumes: Mapping[Modality, Volume], alignments: Mapping[Modality, Alignment]
) -> tuple[Volume, list[str]]:
    """The user's mask, moved with the sequence on whose grid it was drawn; a doubt where that cannot be told."""
    moved = {m: a for m, a in alignments.items() if a.verdict is Verdict.MOVED}
    drawn_on = [
        m for m, v in volumes.items() if v.shape == mask.shape and np.allclose(v.affine, mask.affine, atol=1e-3)
    ]
    if not moved or (drawn_on and not moved.keys() & set(drawn_on)):
        return mask, []
    if len(drawn_on) == 1:
        return apply(mask, moved[drawn_on[0]]), []
    names = listed(m.label for m in moved)
    return mask, [
        f"The brain mask was taken where it lies, though {names} moved and its grid does not tell on which sequence it "
        "was drawn; check it."
    ]


def _ends_within(reference: Modality, beyond: Array, others: Mapping[Modality, Volume]) -> list[str]:
    """A sentence when others show what lies ``beyond`` the reference, points at which the brain would go on."""
    wider = [m for m, v in others.items() if seen_share(v, beyond, np.eye(4)) > MOST]
    if not wider:
        return []
    return [
        f"{reference.label} ends within the brain, and so does the result; choose {listed(m.label for m in wider)}, "
        "which shows more, as the reference."
    ]
