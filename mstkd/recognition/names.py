"""Recognising a sequence from the name of a file, a node or a series."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from mstkd.modalities import Modality, ordered
from mstkd.recognition.recognition import Recognition
from mstkd.recognition.tokens import Token, fold, tokens
from mstkd.recognition.words import Meaning

# Parts of a name that speak of something else than the sequence itself: BIDS entities but
# `ce-` (`ses-post`, `space-T1w`), the time of surgery, and the target of a registration.
_ASIDES = re.compile(
    r"(?:(?<![^_\s])(?:sub|ses|acq|space|run|rec|desc|dir|task)-[a-z0-9+]+|(?<![a-z0-9])(?:"
    r"sub[ _.-]*\d+|"
    r"(?:pre|post|pra|intra)[ _.-]*(?:op|operat[a-z]*|surg[a-z]*|chirurg[a-z]*|treat[a-z]*|rad[a-z]*|rt|chemo[a-z]*|"
    r"biops[a-z]*|resect[a-z]*|quirurg[a-z]*|process[a-z]*)|"
    r"(?:to|on|in|reg2?)[ _.-]+(?:t[12][a-z0-9]*|flair)"
    r"))(?![a-z0-9])"
)
_NOT_CONTRAST = re.compile(r"(?:fs|fat|sat|fatsat|mt|motion|sense|asset|angle|\d+)")


class Weighting(Enum):
    """The contrast of an image, finer than the four sequences; the value is its name for a person."""

    FLAIR = "FLAIR"
    T1 = "T1"
    T2 = "T2"
    PD = "proton density"
    STIR = "STIR"
    T2STAR = "T2*"


@dataclass(frozen=True)
class NameReading:
    """What a name says.

    Attributes:
        weightings: What the image may be, by its name: none when the name is silent,
            several when it is ambiguous (``PD/T2``).
        contrast: Whether a T1 has contrast: none when the name is silent, both when it
            speaks of both (``pre and post``).
        other: Which other kind of series it is; empty when it is none.
        quote: The words that say so, as they stand in the name.
        reformat: Whether it was cut anew from a 3D image.
    """

    weightings: frozenset[Weighting] = frozenset()
    contrast: frozenset[bool] = frozenset()
    other: str = ""
    quote: str = ""
    reformat: bool = False


def recognise_name(name: str) -> Recognition:
    """The sequence that a file, node or series name speaks of, and the words that say so.

    Understands BraTS (``_t1ce``, ``-t1c``, ``-t2f``), FeTS, BIDS (``_ce-gadolinium_T1w``),
    the scanners' own names (``t2_tirm_tra_dark-fluid``, ``Ax FSPGR BRAVO +C``) and clinical
    ones in English, German, French and Spanish (``T1 sin contraste``); the words are in
    `words.py`. Not told when the name says nothing or may mean two things, or speaks of
    another kind of series (T2*, diffusion, perfusion, angiography).
    """
    reading = read_name(name)
    says = f"its name says '{reading.quote}'"
    if reading.other:
        return Recognition(None, other=f"{says}, which is {reading.other}", reformat=reading.reformat)
    if not reading.weightings:
        return Recognition(None, reformat=reading.reformat)
    possible = sequences(reading.weightings, reading.contrast)
    if len(reading.weightings) > 1 or len(possible) > 1:
        doubt = f"{says}, which may be {either(reading.weightings, reading.contrast)}"
        return Recognition(None, conflict=doubt, candidates=possible, reformat=reading.reformat)
    if not possible:
        return Recognition(None, other=f"{says}, which is {either(reading.weightings)}", reformat=reading.reformat)
    return Recognition(possible[0], evidence=(says,), reformat=reading.reformat)


def sequences(weightings: Iterable[Weighting], contrast: Collection[bool] = ()) -> tuple[Modality, ...]:
    """Which of the four sequences an image may be; a T1 of whose contrast nothing is said is T1."""
    found = {
        Weighting.FLAIR: {Modality.FLAIR},
        Weighting.T1: {Modality.T1GD if enhanced else Modality.T1 for enhanced in contrast or (False,)},
        Weighting.T2: {Modality.T2},
    }
    return ordered(modality for weighting in weightings for modality in found.get(weighting, ()))


def either(weightings: Collection[Weighting], contrast: Collection[bool] = ()) -> str:
    """``proton density or T2``."""
    names = [weighting.value for weighting in Weighting if weighting in weightings]
    if Weighting.T1 in weightings and len(contrast) > 1:
        names.append(Modality.T1GD.label)
    return " or ".join(names)


def read_name(name: str) -> NameReading:
    """What the words of a name say, without a decision where they are ambiguous."""
    name = unicodedata.normalize("NFC", name)  # some file systems keep accents as characters of their own
    # Blanked, not cut, so that places stay those of the name.
    words = tokens(_ASIDES.sub(lambda aside: " " * len(aside.group()), fold(name)))
    reformat = _is_reformat(words)

    def quote(witnesses: Sequence[Token]) -> str:
        return name[witnesses[0].start : witnesses[-1].stop]

    kind = next((w for w in words if w.meaning is Meaning.OTHER), None)
    if kind:
        return NameReading(other=kind.kind, quote=quote([kind]), reformat=reformat)
    weightings, witnesses = _weightings(words)
    if Weighting.T2STAR in weightings:
        return NameReading(other="a T2*", quote=quote(witnesses), reformat=reformat)
    kind = next((w for w in words if w.kind), None)
    if not weightings and kind:
        return NameReading(other=kind.kind, quote=quote([kind]), reformat=reformat)
    contrast: set[bool] = set()
    if not weightings or Weighting.T1 in weightings:
        after, without = _contrast(words)
        contrast = {*([True] if after else []), *([False] if without else [])}
        witnesses = _in_order([*witnesses, *after, *without])
    said = quote(witnesses) if witnesses else ""
    return NameReading(frozenset(weightings), frozenset(contrast), quote=said, reformat=reformat)


def _weightings(words: list[Token]) -> tuple[set[Weighting], list[Token]]:
    """What the image may be, and the words that say so."""

    def those(*meanings: Meaning) -> list[Token]:
        return [w for w in words if w.meaning in meanings]

    t1, t2 = those(Meaning.T1, Meaning.T1_NATIVE, Meaning.T1_ENHANCED), those(Meaning.T2)
    flair, density, method = those(Meaning.FLAIR), those(Meaning.PD), those(Meaning.T1_METHOD)
    inversion, gradient, dual = those(Meaning.INVERSION), those(Meaning.GRADIENT), those(Meaning.DUAL_ECHO)
    inversion = [w for w in inversion if t2 or w.text != "ir"]  # alone, IR is as often a T1
    # What the first matching line says; the words of all its parts are there.
    rules = [
        ([t1, t2, flair], {Weighting.T1, Weighting.FLAIR}),
        ([t1, t2], {Weighting.T1, Weighting.T2}),
        ([t1, density], {Weighting.T1, Weighting.PD}),
        ([t1], {Weighting.T1}),  # also "T1 FLAIR", which is T1-weighted
        ([flair, method], {Weighting.FLAIR, Weighting.T1}),
        ([flair], {Weighting.FLAIR}),
        ([t2, method], {Weighting.T1, Weighting.T2}),
        ([t2, density], {Weighting.PD, Weighting.T2}),
        ([density, method], {Weighting.PD, Weighting.T1}),
        ([t2, gradient], {Weighting.T2STAR}),
        ([method], {Weighting.T1}),
        ([dual], {Weighting.PD, Weighting.T2}),
        ([inversion], {Weighting.FLAIR, Weighting.STIR}),
        ([density], {Weighting.PD}),
        ([t2], {Weighting.T2}),
    ]
    for parts, weightings in rules:
        if all(parts):
            return weightings, _in_order([word for part in parts for word in part])
    return set(), []


def _in_order(words: list[Token]) -> list[Token]:
    return sorted(words, key=lambda w: w.start)


def _contrast(words: list[Token]) -> tuple[list[Token], list[Token]]:
    """The words that speak for contrast and those that speak for none, in a T1's name."""
    after: list[Token] = []
    without: list[Token] = []
    denied = behind_t1 = False  # denied: what follows is the contrast the image lacks, "ohne i.v. KM"
    for place, word in enumerate(words):
        following = words[place + 1].text if place + 1 < len(words) else ""
        if word.meaning is Meaning.WITH_AND_WITHOUT:
            return [word], [word]
        if word.meaning is Meaning.AGENT or (word.meaning is Meaning.AGENT_AFTER_T1 and behind_t1):
            (without if denied else after).append(word)
        elif word.meaning in (Meaning.AFTER, Meaning.T1_ENHANCED):
            denied = False
            after.append(word)
        elif word.meaning in (Meaning.NATIVE, Meaning.T1_NATIVE) or (
            word.meaning is Meaning.WITHOUT and not _NOT_CONTRAST.fullmatch(following)
        ):
            denied = True
            without.append(word)
        elif word.meaning is not None or len(word.text) > len("des"):
            denied = False
        behind_t1 |= word.meaning in (Meaning.T1, Meaning.T1_METHOD)
    return after, without


def _is_reformat(words: list[Token]) -> bool:
    for place, word in enumerate(words):
        before = words[place - 1].meaning if place else None
        if word.meaning is Meaning.REFORMAT:
            return True
        if word.meaning is Meaning.MPR and place and before is not Meaning.T1:
            return any(w.meaning in (Meaning.T1, Meaning.T2, Meaning.FLAIR, Meaning.T1_METHOD) for w in words[:place])
    return False
