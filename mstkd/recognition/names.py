"""Recognising a sequence from the name of a file, a node or a series."""

from __future__ import annotations

import re

from mstkd.modalities import Modality
from mstkd.recognition.recognition import Recognition

# Words that speak of something else than the sequence itself: BIDS entities but `ce-`
# (`ses-post`, `space-T1w`), the time of surgery, and the target of a registration.
_ASIDES = re.compile(
    r"(?<![a-z0-9])(?:(?:sub|ses|acq|space|run|rec|desc|dir|task)-[a-z0-9+]+|(?:pre|post)[ _.-]?op(?:erative|erativ)?|"
    r"(?:to|on|in|reg2?)[ _.-](?:t[12]\w*|flair))(?![a-z0-9])",
    re.IGNORECASE,
)
_SEP, _GAP = r"[ _.-]+", r"[ _.-]*"
_PLAIN = rf"(?:pre|non?|without|w{_GAP}o|native?|plain|unenhanced)"
_CONTRAST = r"(?:ce|c|gd|gado|gadolinium|km|post|postcontrast|contrast|\+c|\+)"
# Tried in this order: a native T1 may mention the contrast it lacks ("T1 pre contrast"), an
# enhanced T1 also contains the word for T1, and "T1 FLAIR" is a T1-weighted contrast.
_PATTERNS: tuple[tuple[Modality, str], ...] = (
    (Modality.T1, rf"t1w?{_SEP}(?:[a-z0-9]+{_SEP})*?{_PLAIN}(?:{_GAP}{_CONTRAST})?"),
    (Modality.T1, rf"{_PLAIN}{_SEP}(?:{_CONTRAST}{_SEP})?t1w?"),
    (Modality.T1GD, rf"t1w?{_GAP}(?:mpr(?:age)?{_GAP})?{_CONTRAST}"),
    (Modality.T1GD, rf"(?:ce|gd|post|km){_SEP}(?:[a-z0-9]+{_SEP})*?t1w?"),
    (Modality.T1GD, rf"t1w?{_SEP}(?:[a-z0-9]+{_SEP})*?{_CONTRAST}"),
    (Modality.T1GD, rf"mprage{_GAP}(?:gd|ce|post|km)"),
    (Modality.T1GD, r"ct1"),
    (Modality.T1, rf"t1w?{_GAP}flair"),
    (Modality.FLAIR, rf"(?:t2w?{_GAP})?flair|t2f|fla|dark{_GAP}fluid|da-?fl"),
    (Modality.T1, rf"t1n|t1w?(?:{_GAP}mpr(?:age)?)?|mprage"),
    (Modality.T2, r"t2w?"),
)
# Series of other kinds whose names also contain T1 or T2.
_OTHER_SERIES = re.compile(
    r"(?:^|[ _.-])(?:t2[ _.-]?star|t2\*|swi|swan|gre|dwi|dti|adc|trace|asl|perf(?:usion)?|dce|dsc|mra|tof|"
    r"t[12][ _.-]?map(?:ping)?|localizer|scout)(?:[ _.-]|$)",
    re.IGNORECASE,
)


def recognise_name(name: str) -> Recognition:
    """The sequence that a file, node or series name speaks of, and the words that say so.

    Understands BraTS (``_t1ce``, ``-t1c``, ``-t2f``), FeTS (``_brain_t1ce``,
    ``_T1GD``), BIDS (``_ce-gadolinium_T1w``, ``_FLAIR``) and plain clinical names
    (``T1 post contrast``). Not told when the name says nothing, or speaks of another kind
    of series (T2*, diffusion, perfusion, angiography).
    """
    # Blanked, not cut, so that places stay those of the name.
    plain = _ASIDES.sub(lambda aside: " " * len(aside.group()), name)
    found = _OTHER_SERIES.search(plain)
    if found:
        return Recognition(None, other=f"its name says '{found.group().strip(' _.-')}'")
    for modality, pattern in _PATTERNS:
        found = re.search(rf"(?:^|{_SEP})({pattern})(?:{_SEP}|$)", plain, re.IGNORECASE)
        if found:
            return Recognition(modality, evidence=(f"its name says '{name[found.start(1) : found.end(1)]}'",))
    return Recognition(None)
