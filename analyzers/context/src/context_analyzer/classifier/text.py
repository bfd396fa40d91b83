"""What is said, as the classifier sees it: letters alone, and the numbers of the short pieces that occur.

Speech recognition sets spaces and marks as it likes, hears similar syllables one for another, and writes down every
"uh": spaces (in Korean), marks, fillers, masked names and the value of numbers are left out, and besides the pieces of
syllables there are pieces of their sounds, in which syllables that sound alike are the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from context_analyzer.transcript import plain

type Ids = npt.NDArray[np.uint32]

KOREAN, ENGLISH = "ko", "en"
LANGUAGES = (KOREAN, ENGLISH)

_HANGUL_FIRST, _HANGUL_LAST = "가", "힣"
_LEAST_SHARE = 0.3
"""Of Hangul among the letters of a call that is taken for Korean: names and terms in it may be Latin."""

_WORD = re.compile(r"[가-힣]+|[a-z]+(?:'[a-z]+)?|[0-9]+")
_MASK = re.compile(r"o{2,}|x{2,}|땡{2,}")
_FILLER = {
    KOREAN: re.compile(r"(?:네|예|아|어|음|응|그|저|저기|뭐|이제|인제|막|좀|에|으|여보세요|그니까|그러니까|근데)+"),
    ENGLISH: re.compile(r"uh|um|er|ah|hmm|mhm|oh|okay|ok|yeah|well|like|so|right|hello|hi"),
}
_NUMBER = "0"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A call's letters, and where each of its words comes from.

    Attributes:
        language: KOREAN or ENGLISH.
        words: what is left of what is said, in order.
        turns: the number of the turn of each word.
        places: the first character of each word in its turn's text as :func:`spoken` was given it.
    """

    language: str
    words: Sequence[str]
    turns: Sequence[int]
    places: Sequence[int]


def language_of(texts: Sequence[str]) -> str:
    """Return the language in which these texts are written, of those that are known; empty for another one."""
    hangul = latin = other = 0
    for text in texts:
        for char in text:
            if _HANGUL_FIRST <= char <= _HANGUL_LAST:
                hangul += 1
            elif "a" <= char.lower() <= "z":
                latin += 1
            elif unicodedata.category(char)[0] == "L":
                other += 1
    letters = hangul + latin + other
    if not letters or other > letters / 2:
        return ""
    return KOREAN if hangul >= _LEAST_SHARE * letters else ENGLISH


def spoken(texts: Sequence[str], language: str) -> Spoken:
    """Return the words that count of the turns' texts."""
    words, turns, places = list[str](), list[int](), list[int]()
    filler = _FILLER[language]
    for turn, text in enumerate(texts):
        for match in _WORD.finditer(text.lower()):
            word = match[0]
            if word.isdigit():
                word = _NUMBER
            elif _MASK.fullmatch(word) or filler.fullmatch(word):
                continue
            words.append(word.replace("'", ""))
            turns.append(turn)
            places.append(match.start())
    return Spoken(language, words, turns, places)


def clean(text: str) -> str:
    """Return a text of one spelling; its length may differ from the original's."""
    return plain(text)


# Hangul is written in blocks of an initial, a medial and a final sound (Unicode 16, section 3.12).
_FIRST_BLOCK, _MEDIALS, _FINALS = 0xAC00, 21, 28
_INITIAL_SOUND = np.array([0, 0, 2, 3, 3, 5, 6, 7, 7, 9, 9, 11, 12, 12, 12, 0, 3, 7, 11])
"""Plain, tense and aspirated consonants are one sound."""
_MEDIAL_SOUND = np.array([0, 1, 0, 1, 4, 1, 4, 1, 8, 0, 1, 1, 8, 13, 4, 1, 16, 13, 18, 16, 20])
"""ㅐ, ㅔ and the like are one sound, and so are vowels with a glide."""
_SOUND_BASE = 0x10000


def _sounds(codes: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return the sound of each Korean block, without its final; other letters as they are."""
    blocks = (codes >= _FIRST_BLOCK) & (codes < _FIRST_BLOCK + 19 * _MEDIALS * _FINALS)
    index = np.where(blocks, codes - np.uint64(_FIRST_BLOCK), np.uint64(0)).astype(np.int64)
    initial, medial = index // (_MEDIALS * _FINALS), index // _FINALS % _MEDIALS
    sound = _INITIAL_SOUND[initial] * _MEDIALS + _MEDIAL_SOUND[medial] + _SOUND_BASE
    return np.where(blocks, sound.astype(np.uint64), codes)


_MULTIPLIER, _MIX = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


def _pieces(units: npt.NDArray[np.uint64], length: int, salt: int) -> Ids:
    """Return a number of 32 bits for each run of ``length`` units (multiplicative hashing, Knuth, vol. 3, 6.4)."""
    count = len(units) - length + 1
    if count <= 0:
        return np.empty(0, np.uint32)
    total = np.full(count, salt, np.uint64)
    for offset in range(length):
        total = (total ^ units[offset : offset + count]) * _MULTIPLIER
        total ^= total >> _HALF
    total *= _MIX
    return (total >> _HALF).astype(np.uint32)


_SYLLABLES, _SOUNDS = (2, 3, 4), (3, 4, 5)
_ENGLISH_WORDS, _ENGLISH_LETTERS = (1, 2, 3), (5,)


def _codes(text: str) -> npt.NDArray[np.uint64]:
    return np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32).astype(np.uint64)


def _word_codes(words: Sequence[str]) -> npt.NDArray[np.uint64]:
    codes = np.zeros(len(words), np.uint64)
    for place, word in enumerate(words):
        value = 1469598103934665603
        for char in word[:40]:
            value = (value ^ ord(char)) * 1099511628211 & 0xFFFFFFFFFFFFFFFF  # FNV-1a
        codes[place] = value
    return codes


@dataclass(frozen=True, slots=True)
class Pieces:
    """The pieces of a call and where they begin, by the word."""

    ids: Ids
    words: npt.NDArray[np.int32]


def pieces(call: Spoken) -> Pieces:
    """Return all pieces of a call, in no special order."""
    lengths = [len(word) for word in call.words]
    ids, words = list[Ids](), list[npt.NDArray[np.int32]]()

    def take(units: npt.NDArray[np.uint64], owners: npt.NDArray[np.int32], sizes: Sequence[int], salt: int) -> None:
        for size in sizes:
            found = _pieces(units, size, salt + size)
            ids.append(found)
            words.append(owners[: len(found)])

    if call.language == KOREAN:
        units = _codes("".join(call.words))
        owners = np.repeat(np.arange(len(lengths), dtype=np.int32), lengths)
        take(units, owners, _SYLLABLES, 100)
        take(_sounds(units), owners, _SOUNDS, 200)
    else:
        numbers = np.arange(len(lengths), dtype=np.int32)
        take(_word_codes(call.words), numbers, _ENGLISH_WORDS, 300)
        units = _codes(" ".join(call.words))
        owners = np.repeat(numbers, [length + 1 for length in lengths])[: len(units)]
        take(units, owners, _ENGLISH_LETTERS, 400)
    if not ids:
        return Pieces(np.empty(0, np.uint32), np.empty(0, np.int32))
    return Pieces(np.concatenate(ids), np.concatenate(words))


_WINDOW_LETTERS = {KOREAN: 160, ENGLISH: 420}
"""Half a minute of talk or more."""


def windows(call: Spoken) -> list[tuple[int, int]]:
    """Return the stretches that are judged: first word, and the word after the last; they overlap by half."""
    size = _WINDOW_LETTERS[call.language]
    ends = np.cumsum([len(word) + (call.language == ENGLISH) for word in call.words])
    total = int(ends[-1]) if len(ends) else 0
    starts = list(range(0, max(total - size // 2, 1), size // 2))
    edges = [
        (int(np.searchsorted(ends, start, "right")), int(np.searchsorted(ends, start + size, "left")) + 1)
        for start in starts
    ]
    return [(first, min(after, len(call.words))) for first, after in edges if first < len(call.words)]
