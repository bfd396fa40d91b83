"""Numbers that stay private: accounts, cards, telephones, codes. Masked before words leave the analyzer."""

from __future__ import annotations

import re

_AMOUNT = re.compile(r"\d{1,3}(?:\s?,\s?\d{3})+(?:\.\d{1,2})?")
_DIGITS = re.compile(r"\d(?:[\s().,/-]{0,3}\d){3,}")
"""Four digits and more: a code has as many. An amount with commas stays: it is what the talk is about."""

_KOREAN = re.compile(r"(?:[공영일이삼사오육륙칠팔구](?:[\s,.-]|에|다시)*){6,}")
_ENGLISH = re.compile(r"(?:\b(?:zero|oh|one|two|three|four|five|six|seven|eight|nine)\b[\s,.-]*){4,}", re.IGNORECASE)
_LETTER = re.compile(r"\w")
_MASK = "•"


def masked(text: str) -> str:
    """Return the text with its numbers masked, each character by one: places in it stay what they are."""
    text = _DIGITS.sub(lambda match: match[0] if _AMOUNT.fullmatch(match[0]) else _hidden(match), text)
    return _ENGLISH.sub(_hidden, _KOREAN.sub(_hidden, text))


def _hidden(match: re.Match[str]) -> str:
    return _LETTER.sub(_MASK, match[0])
