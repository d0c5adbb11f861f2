"""Cutting a name into the words of the lexicon."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from mstkd.recognition.words import KIND, LEXICON, Meaning

_LONGEST_PHRASE = max(word.count(" ") + 1 for word in LEXICON)
# Words may hold a plus (``+C``), T2* its star, ``C-`` its minus when nothing follows it, and
# ``-C`` its minus when it stands apart (``T1-C`` has a hyphen).
_WORD = re.compile(
    r"[tr]2w?\s?\*|c-(?![a-z0-9])|(?<=[\s(\[])-(?:c|gd|gad|gado|ce|km)(?![a-z0-9])|\+?[a-z0-9]+(?:\+(?![a-z0-9]))?|\+"
)
_PREFIXES = ("", "s", "e", "wip")
"""Letters that Philips scanners put before a name (``sT1W_SE``)."""
LONGEST_GLUED = 40
"""Characters; longer words are identifiers and not looked into."""
_B_VALUE = re.compile(r"(?:iso)?b(?:0|\d{0,2}[05]0)")
_SEQUENCES = (Meaning.T1, Meaning.T2, Meaning.FLAIR, Meaning.T1_NATIVE, Meaning.T1_ENHANCED, Meaning.T1_METHOD)


def _may_be_glued(word: str) -> bool:
    """Whether a word is telling enough to be looked for inside others: not ``fa`` in ``face``."""
    meaning = LEXICON[word]
    return meaning in _SEQUENCES or "+" in word or (meaning is Meaning.OTHER and len(word) > 2)


@dataclass(frozen=True)
class Token:
    """A word or phrase of a name: its text in lower case, where it stands, and what it means, if anything."""

    text: str
    start: int
    stop: int
    meaning: Meaning | None
    kind: str = ""
    """Which other kind of series it speaks of, if any."""


def fold(name: str) -> str:
    """Lower case without accents; each character keeps its place."""
    return "".join(_fold_character(c) for c in name)


def _fold_character(character: str) -> str:
    plain = unicodedata.normalize("NFKD", character)[0].lower()
    return plain if len(plain) == 1 else character


def tokens(folded: str) -> list[Token]:
    """The words and phrases of a folded name, in order; the longest phrase wins."""
    words = [piece for found in _WORD.finditer(folded) for piece in _pieces(found)]
    result = []
    place = 0
    while place < len(words):
        for count in range(min(_LONGEST_PHRASE, len(words) - place), 0, -1):
            phrase = " ".join(text for text, _, _ in words[place : place + count])
            if phrase in LEXICON or count == 1:
                break
        start, stop = words[place][1], words[place + count - 1][2]
        if _B_VALUE.fullmatch(phrase):
            result.append(Token(phrase, start, stop, Meaning.OTHER, "diffusion"))
        else:
            result.append(Token(phrase, start, stop, LEXICON.get(phrase), KIND.get(phrase, "")))
        place += count
    return result


def _pieces(found: re.Match[str]) -> Iterator[tuple[str, int, int]]:
    """A word as it is when it is known, else cut into known ones (``AXT1``), with their places."""
    word = re.sub(r"\s", "", found.group())
    if word not in LEXICON and len(word.rstrip("0123456789")) >= 4 and word.rstrip("0123456789") in LEXICON:
        word = word.rstrip("0123456789")
    start = found.start()
    for prefix in _PREFIXES:
        cut = _cut(word[len(prefix) :]) if word.startswith(prefix) else ()
        if all(piece in LEXICON for piece in cut) and any(map(_may_be_glued, cut)):
            start += len(prefix)
            for piece in cut:
                yield piece, start, start + len(piece)
                start += len(piece)
            return
    yield word, start, found.end()


@lru_cache(maxsize=4096)
def _cut(word: str) -> tuple[str, ...]:
    """The fewest known words that make up this one; the word itself when there are none."""
    if word in LEXICON or len(word) > LONGEST_GLUED:
        return (word,)
    best: tuple[str, ...] = ()
    for length in range(len(word) - 1, 0, -1):
        first, rest = word[:length], _cut(word[length:])
        known = first in LEXICON and all(piece in LEXICON for piece in rest)
        if known and (not best or 1 + len(rest) < len(best)):
            best = (first, *rest)
    return best or (word,)
