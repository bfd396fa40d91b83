"""Mistakes of speech and of its recognition: fillers, words left out, sounds heard one for another, other spaces."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from ml.context.templates import variants

_FIRST_BLOCK, _MEDIALS, _FINALS = 0xAC00, 21, 28
_LAST_BLOCK = _FIRST_BLOCK + 19 * _MEDIALS * _FINALS
_INITIALS_ALIKE = {
    0: (1, 15),
    1: (0, 15),
    15: (0,),
    3: (4, 16),
    4: (3,),
    16: (3,),
    7: (8, 17),
    8: (7,),
    17: (7,),
    9: (10,),
    10: (9,),
    12: (13, 14),
    13: (12,),
    14: (12,),
    18: (11,),
    11: (18,),
    5: (2,),
    2: (5,),
    6: (7,),
}
_MEDIALS_ALIKE = {
    1: (5, 3),
    5: (1, 7),
    7: (5,),
    3: (1,),
    4: (0, 8),
    8: (4, 13),
    13: (8, 18),
    18: (13, 20),
    20: (18, 5),
    6: (4,),
    2: (0,),
    9: (0,),
    11: (10, 15),
    10: (11,),
    15: (11,),
    14: (4,),
    16: (20,),
    19: (20,),
    12: (8,),
    17: (13,),
    0: (4,),
}
_FINALS_ALIKE = {
    0: (4, 21),
    1: (0, 4, 21),
    4: (16, 21, 0),
    8: (0, 4),
    16: (4, 17),
    17: (16, 7),
    19: (0, 7),
    20: (19, 0),
    21: (4, 16),
    7: (19, 0),
    22: (19,),
    2: (1,),
    27: (0,),
}
_PARTICLES = ("은", "는", "이", "가", "을", "를", "도", "의", "에")


def as_spoken(text: str, language: str, fillers: Sequence[str], much: float, draw: random.Random) -> str:
    """Return a sentence as it is said and written down by a machine.

    Args:
        text: the sentence.
        language: its language.
        fillers: words to put between.
        much: share of words that are touched, 0 for none.
        draw: the chance.
    """
    text = _other_words(text, language, draw) if draw.random() < _REWORDED else text
    words = list[str]()
    for word in text.split():
        chance = draw.random()
        if chance < much / 6:
            continue
        if chance < much / 2:
            words.append(draw.choice(fillers))
        words.append(_misheard(word, language, draw) if draw.random() < much else word)
    return _spaced(words, much, draw)


_REWORDED = 0.6
_SYNONYM, _ENDING = 0.35, 0.5


def _other_words(text: str, language: str, draw: random.Random) -> str:
    known = variants(language)
    for before, after in known.same:
        if before in text and draw.random() < _SYNONYM:
            text = text.replace(before, after, 1)
    for ending, others in known.endings.items():
        if ending in text and draw.random() < _ENDING:
            text = text.replace(ending, draw.choice(others), 1)
    return text


def _misheard(word: str, language: str, draw: random.Random) -> str:
    if language != "ko":
        return _mistyped(word, draw)
    if len(word) > 1 and word[-1] in _PARTICLES and draw.random() < _ENDING:
        return word[:-1]
    place = draw.randrange(len(word))
    return word[:place] + _similar(word[place], draw) + word[place + 1 :]


def _similar(char: str, draw: random.Random) -> str:
    code = ord(char)
    if not _FIRST_BLOCK <= code < _LAST_BLOCK:
        return char
    initial, rest = divmod(code - _FIRST_BLOCK, _MEDIALS * _FINALS)
    medial, final = divmod(rest, _FINALS)
    match draw.randrange(3):
        case 0:
            initial = draw.choice(_INITIALS_ALIKE.get(initial, (initial,)))
        case 1:
            medial = draw.choice(_MEDIALS_ALIKE.get(medial, (medial,)))
        case _:
            final = draw.choice(_FINALS_ALIKE.get(final, (final,)))
    return chr(_FIRST_BLOCK + (initial * _MEDIALS + medial) * _FINALS + final)


_LEAST_LETTERS = 3


def _mistyped(word: str, draw: random.Random) -> str:
    if len(word) <= _LEAST_LETTERS:
        return word
    place = draw.randrange(1, len(word) - 1)
    changes: list[Callable[[], str]] = [
        lambda: word[:place] + word[place + 1 :],
        lambda: word.rstrip("s"),
        lambda: f"{word[:place]} {word[place:]}",
        lambda: word[:place] + draw.choice("aeioust") + word[place + 1 :],
    ]
    return draw.choice(changes)()


def _spaced(words: Sequence[str], much: float, draw: random.Random) -> str:
    text = ""
    for word in words:
        text += word if not text or draw.random() < much / 3 else f" {word}"
    return text
