"""From what is said to a judgement: windows of talk are weighed one by one, and the strongest speak together."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from context_analyzer.classifier.text import (
    ENGLISH,
    KOREAN,
    LANGUAGES,
    Spoken,
    clean,
    language_of,
    pieces,
    spoken,
    windows,
)
from context_analyzer.classifier.weights import Floats, Weights, load_weights

_TOGETHER = 3
"""So many windows speak for a call: one alone would let a single word, or one sentence, accuse a long one."""

_SHARE = {KOREAN: 0.08, ENGLISH: 0.0}
"""In a long call more speak for it: this share of its windows."""

_ROUND, _WIDE = 10, {KOREAN: 0.3, ENGLISH: 0.0}
"""So many of the strongest windows are heard besides, and what part of the evidence they are: a fraud without the usual
words says a little of it all the time, an honest call may say much of it once (docs/adr/0106)."""

_LENGTH_COST, _SHORT = {KOREAN: 0.2, ENGLISH: 0.0}, 5
"""The strongest of many windows are strong by chance: what that takes from the evidence for each time that a call has
e times as many windows as a short one, of two minutes (docs/adr/0093)."""

_LITTLE, _LITTLE_COST = 450, {KOREAN: 0.4, ENGLISH: 0.0}
"""Fewer letters than these, of a minute and a half, are little talk, on which the classifier knows less either way:
how much further from the line it has to be, for each time that a call has e times fewer, to accuse by itself, and to
keep the rules from accusing (docs/adr/0108)."""

_WORD_LIMIT = 0.6
"""Most that one word may add to a window's evidence, or take from it."""

_STEEPNESS = 2.2
"""Of the score around the threshold: evidence of 1 above it is a score of 90."""

_LEAST_LETTERS = {"ko": 20, "en": 50}
_STAGE_EVIDENCE = 0.0

_UNKNOWN, _ENOUGH_WORDS = {KOREAN: -0.5, ENGLISH: 0.2}, 40
"""The evidence of a window of which nothing is known, well below the line; it begins where training has it once so many
of its words are known: what is new to the classifier, or short, is no fraud for that."""

_ADDRESSED, _DETACHED = 0.03, 0.8
"""Share of English words for the person who is spoken to, and what talk without any loses: who is called is spoken to.
A narrator, a reporter, or a lecture is tidy English, as robocalls are."""

_YOU = {"you", "your", "yours", "yourself", "sir", "madam"}
_YOU |= {word.replace("'", "") for word in ("you're", "you'll", "you've", "you'd", "ma'am")}


@dataclass(frozen=True, slots=True)
class Stretch:
    """One window.

    Attributes:
        first: the number of its first turn.
        last: the number of its last turn.
        turn: the turn in it that says most for fraud.
        evidence: for fraud; below 0 it speaks against.
        score: of this window alone.
        stages: of a fraud, to which it belongs.
    """

    first: int
    last: int
    turn: int
    evidence: float
    score: int
    stages: tuple[str, ...]

    @property
    def evident(self) -> bool:
        """Whether its evidence by itself reaches the line."""
        return self.score >= _EVIDENT


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the classifier says about a call.

    Attributes:
        language: in which it was read.
        score: 0 to 100; from 50 on it resembles fraud.
        kind: which kind of fraud it would be.
        stages: those that were seen, in the order of a fraud; none if the score is below 50.
        turned: the number of the turn with which the evidence came together; None if the score is below 50.
        stretches: all windows, in order.
        scores: the score after each window.
        evidence: of the whole call, from which its score follows; little talk takes from it.
        undecided: whether it is so close below the line that the rules may accuse: little talk leaves more to them.
    """

    language: str
    score: int
    kind: str
    stages: tuple[str, ...]
    turned: int | None
    stretches: tuple[Stretch, ...]
    scores: tuple[int, ...]
    evidence: float
    undecided: bool


def judge_texts(texts: Sequence[str], language: str = "") -> Judgement | None:
    """Return the judgement on what is said; None for a language that is not known, or too few words.

    Args:
        texts: of the turns.
        language: a code such as ko-KR, or empty: which of the known ones it is, the letters say.
    """
    texts = [clean(text) for text in texts]
    short = language_of(texts)
    if not short or language.lower()[:2] not in ("", *LANGUAGES):  # Vietnamese has Latin letters, too
        return None
    call = spoken(texts, short)
    return judge_spoken(call, load_weights(short)) if sum(map(len, call.words)) >= _LEAST_LETTERS[short] else None


def judge_spoken(call: Spoken, weights: Weights) -> Judgement:
    """Return the judgement on a call in which something is said, by these weights."""
    stretches, kinds = _stretches(call, weights)
    detached = _detached(call)
    letters = np.cumsum([len(word) for word in call.words])
    scores, evidence, doubt, ordered = list[int](), 0.0, 0.0, list[float]()
    for stretch, (_, after) in zip(stretches, windows(call), strict=True):
        insort(ordered, stretch.evidence)
        doubt = doubt_of(int(letters[after - 1]), call.language)
        evidence = _together(ordered, call.language) - detached - doubt
        scores.append(_score(evidence - weights.manifest.threshold))
    score, below = scores[-1], weights.manifest.threshold - evidence
    accused = score >= _EVIDENT
    strongest = sorted(range(len(stretches)), key=lambda place: -stretches[place].evidence)[:_TOGETHER]
    kind = weights.manifest.kinds[int(np.argmax(kinds[strongest].sum(axis=0)))]
    seen = {stage for stretch in stretches if stretch.evident for stage in stretch.stages}
    turned = next((s for s, sure in zip(stretches, scores, strict=True) if sure >= _EVIDENT), None)
    return Judgement(
        call.language,
        score,
        kind,
        tuple(stage for stage in weights.manifest.stages if stage in seen) if accused else (),
        turned.turn if accused and turned else None,
        tuple(stretches),
        tuple(scores),
        evidence,
        0 < below <= weights.manifest.undecided + 2 * doubt,
    )


_EVIDENT, _HIGHEST = 50, 95


def _score(margin: float) -> int:
    return min(math.floor(100 / (1 + math.exp(-_STEEPNESS * margin)) + 1e-9), _HIGHEST)


def _together(ordered: Sequence[float], language: str) -> float:
    """Return the evidence of windows together, the weakest first."""
    count = len(ordered)
    strongest, wide = ordered[-max(_TOGETHER, round(_SHARE[language] * count)) :], ordered[-_ROUND:]
    part = _WIDE[language]
    said = (1 - part) * sum(strongest) / len(strongest) + part * sum(wide) / len(wide)
    return said - _LENGTH_COST[language] * math.log(max(count / _SHORT, 1.0))


def doubt_of(letters: int, language: str) -> float:
    """Return how much less is known for certain of a call of which so many letters were heard."""
    return _LITTLE_COST[language] * math.log(max(_LITTLE / letters, 1.0))


def _detached(call: Spoken) -> float:
    """Return what is taken from a call's evidence because it addresses no one. Korean leaves the person out."""
    if call.language != ENGLISH or not call.words:
        return 0.0
    share = sum(word in _YOU for word in call.words) / len(call.words)
    return _DETACHED * max(0.0, 1 - share / _ADDRESSED)


def _start(known: int, weights: Weights) -> float:
    """Return the evidence with which a window begins of which so many words are known."""
    bias = float(weights.bias[0])
    low = min(bias, _UNKNOWN[weights.manifest.language])
    return low + (bias - low) * min(known / _ENOUGH_WORDS, 1.0)


def _stretches(call: Spoken, weights: Weights) -> tuple[list[Stretch], Floats]:
    found = pieces(call)
    place = np.minimum(np.searchsorted(weights.ids, found.ids), len(weights.ids) - 1)
    known = weights.ids[place] == found.ids
    place, words = place[known], found.words[known]
    order = np.argsort(words, kind="stable")
    place, words = place[order], words[order]
    stretches, kinds = list[Stretch](), list[Floats]()
    for first, after in windows(call):
        begin, end = np.searchsorted(words, (first, after))
        _, once = np.unique(place[begin:end], return_index=True)
        columns = weights.columns[place[begin:end][once]]
        by_word = np.bincount(words[begin:end][once] - first, columns[:, 0], after - first)
        capped = np.clip(by_word, -_WORD_LIMIT, _WORD_LIMIT)
        sums = columns.sum(axis=0) + weights.bias
        numbers = np.array(call.turns[first:after])
        by_turn = np.bincount(numbers - numbers[0], capped)
        values = sums[weights.stages]
        stages = [
            stage
            for stage, value in zip(weights.manifest.stages, values, strict=True)
            if value >= min(_STAGE_EVIDENCE, values.max())  # the likeliest one at least
        ]
        stretches.append(
            Stretch(
                int(numbers[0]),
                int(numbers[-1]),
                int(numbers[0] + np.argmax(by_turn)),
                evidence := _start(len(np.unique(words[begin:end])), weights) + float(capped.sum()),
                _score(evidence - weights.manifest.threshold),
                tuple(stages),
            )
        )
        kinds.append(sums[weights.kinds])
    return stretches, np.array(kinds, np.float32)
