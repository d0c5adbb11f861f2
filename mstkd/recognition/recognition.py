"""What an image was recognised as, and why."""

from __future__ import annotations

from dataclasses import dataclass

from mstkd.modalities import Modality


@dataclass(frozen=True)
class Recognition:
    """The sequence of one image, as far as it is told.

    Attributes:
        modality: The sequence, or None when nothing tells it or its witnesses disagree.
        evidence: What speaks for it, each a clause for a person: ``its name says 't1ce'``,
            ``TR 9000, TE 120 and TI 2500 ms are a FLAIR's``.
        conflict: When witnesses disagree, one clause with both readings; empty otherwise.
        other: When it is a series of another kind (diffusion, localiser, T2*, ...), one
            clause that says which and why; empty otherwise.
        candidates: In a conflict, which of the four sequences it may be.
        reformat: Whether it was cut anew from a 3D image of the sequence.
    """

    modality: Modality | None
    evidence: tuple[str, ...] = ()
    conflict: str = ""
    other: str = ""
    candidates: tuple[Modality, ...] = ()
    reformat: bool = False

    @property
    def because(self) -> str:
        """The evidence as one clause for a person."""
        return " and ".join(self.evidence)
