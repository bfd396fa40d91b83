"""Whether somebody demands what a phrase names, or asks if it was done, forbids it, or tells that another wanted it.

A bank's fraud desk asks a victim what was set up and what was sent, a victim tells what a fraud wanted, and both say
what is not to be done: with the words of the fraud. In Korean the ending says which it is, and follows the phrase:
보내 주세요 (send it), 보내셨어요 (did you send it), 보내지 마세요 (do not send it),
보내라고 했어요 (I was told to send it).
"""

from __future__ import annotations

import re

_FIRST_BLOCK, _LAST_BLOCK, _FINALS, _PAST_FINAL = 0xAC00, 0xD7A3, 28, 20
"""Of the blocks of Hangul (Unicode 16, section 3.12), and the final sound that ends a verb's stem in the past."""

_PAST = "".join(
    char
    for char in map(chr, range(_FIRST_BLOCK, _LAST_BLOCK + 1))
    if (ord(char) - _FIRST_BLOCK) % _FINALS == _PAST_FINAL and char not in "있겠"  # there is; will
)
_OTHER = r"주세|주십|주시|하세|하십|하시|셔야|십시|해라|줘|기로|려고|니까|는데|은데|면|야\s?[돼되하합]|[고게서]\s"
"""Here a request begins, or the clause ends: what comes after it is about something else."""

_BETWEEN = rf"(?!\s?안\s)(?:(?!{_OTHER})[가-힣\s]){{0,8}}?"
_POLITE = r"(?:하시|주시|시|으시|으)?"

_NOT_DEMANDED = re.compile(
    rf"{_BETWEEN}(?:"
    rf"[{_PAST}](?!으면|다가)"
    r"|[신한본준]\s?(?:적\s?[이은도]?\s?[있없]|거\s?(?:예요|에요|죠|맞|아니)|건가요|건지)"
    rf"|{_POLITE}지\s?[마말]|{_POLITE}면\s?(?:절대로?|정말|큰일)?\s?안"
    rf"|{_POLITE}(?:라고|자고|달라고)\s?(?:하던|하더|했|해서|하길래|하는|하나요|그러|그래|그랬|시켜|시켰|시킨)"
    rf"|{_POLITE}(?:라|자)(?:던|더라|길래)|[하달보오주으]?래(?:요|서|더|던|길)"
    r")"
)
_REFUSED = re.compile(r"\s안\s\S*$")
"""What the phrase names is not done: to forbid that demands it."""


def only_told(sentence: str, begin: int, end: int) -> bool:
    """Return whether what a Korean phrase names is asked about, forbidden or reported, and not demanded.

    Args:
        sentence: with the phrase.
        begin: of the phrase.
        end: of the phrase, which ends with the stem of its verb, or names a thing.
    """
    return _NOT_DEMANDED.match(sentence, end) is not None and not _REFUSED.search(sentence[begin:end])
