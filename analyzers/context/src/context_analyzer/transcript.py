"""A transcript as speaker turns with times, read from the format that Amazon Transcribe writes. Pure.

Format: https://docs.aws.amazon.com/transcribe/latest/dg/diarization-output-batch.html
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from analyzer_contract import MAX_SECONDS
from context_analyzer.reasons import NotDone, Reason
from guardian_service.validation import error_summary

MOST_BYTES = 16 * 1024 * 1024
"""Largest transcript that is read; four hours of speech, the longest that Transcribe takes, have about 10 MB."""

_MOST_ITEMS, _MOST_CHARACTERS = 120_000, 500_000
"""Twice the words of four hours of talk. Rules take seconds for it, and a hostile file must not take minutes."""

_LEAST_WORDS, _LEAST_SYLLABLES = 5, 20
"""Enough to judge. Korean is written without spaces by some that listen: then its syllables count."""

_SYLLABLE = re.compile("[가-힣]")
PAUSE_SECONDS = 3.0
"""A longer silence ends a turn, also where the same person goes on."""

_LONG, _TOO_LONG = 300, 1200
"""Characters: from the one on, a turn ends with its sentence, so that a monologue has times, too; the other ends it."""

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}


@dataclass(frozen=True, slots=True)
class Word:
    """One word within its turn's text: characters ``begin`` to ``end``, seconds ``start`` to ``stop``."""

    begin: int
    end: int
    start: float
    stop: float


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker's words between two interruptions."""

    speaker: str
    text: str
    words: tuple[Word, ...]

    @property
    def start(self) -> float:
        """Its beginning, in seconds."""
        return self.words[0].start

    @property
    def stop(self) -> float:
        """Its end, in seconds."""
        return self.words[-1].stop

    def seconds(self, begin: int, end: int) -> tuple[float, float]:
        """Return when the characters ``begin`` to ``end`` of the text are said."""
        words = [word for word in self.words if word.begin < end and word.end > begin] or list(self.words)
        return words[0].start, max(word.stop for word in words)


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole recording. ``language`` is a code such as ko-KR; empty if it is not known.

    ``heard_share`` is how much of it was heard before time was up.
    """

    turns: tuple[Turn, ...]
    language: str = ""
    heard_share: float = 1.0

    @property
    def seconds(self) -> float:
        """The end of the last turn."""
        return max((turn.stop for turn in self.turns), default=0.0)

    @property
    def speech(self) -> bool:
        """Whether there is enough of it to judge."""
        if sum(len(turn.words) for turn in self.turns) >= _LEAST_WORDS:
            return True
        return sum(len(_SYLLABLE.findall(turn.text)) for turn in self.turns) >= _LEAST_SYLLABLES


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Alternative(_Lenient):
    content: str = Field(max_length=400)


class _Item(_Lenient):
    type: Literal["pronunciation", "punctuation"]
    alternatives: list[_Alternative] = Field(min_length=1)
    start_time: float | None = Field(default=None, ge=0, le=MAX_SECONDS, allow_inf_nan=False)
    end_time: float | None = Field(default=None, ge=0, le=MAX_SECONDS, allow_inf_nan=False)
    speaker_label: str = Field(default="", max_length=30)


class _SegmentItem(_Lenient):
    start_time: float
    speaker_label: str = Field(default="", max_length=30)


class _Segment(_Lenient):
    items: list[_SegmentItem] = []


class _SpeakerLabels(_Lenient):
    segments: list[_Segment] = []


class _Results(_Lenient):
    items: list[_Item] = Field(max_length=_MOST_ITEMS)
    language_code: str = Field(default="", max_length=20)
    speaker_labels: _SpeakerLabels = _SpeakerLabels()


class _Output(_Lenient):
    results: _Results
    heard_share: float = Field(default=1.0, ge=0, le=1, alias="heardShare")
    """Our own listener's: Transcribe does all or nothing."""


def read_transcript(content: bytes, language: str = "", pause_seconds: float = PAUSE_SECONDS) -> Transcript:
    """Return the transcript in one of Transcribe's output files.

    Args:
        content: of the file.
        language: its code, where the file names none.
        pause_seconds: a longer silence ends a turn.

    Raises:
        NotDone: TranscriptInvalid.
    """
    try:
        output = _Output.model_validate_json(content)
    except ValidationError as error:
        summary = error_summary(error, field_characters=100, message_characters=200)
        raise NotDone(Reason.TRANSCRIPT_INVALID, summary) from error
    results = output.results
    labels = {item.start_time: item.speaker_label for part in results.speaker_labels.segments for item in part.items}
    turns = tuple(_turns(results.items, labels, pause_seconds))
    if sum(len(turn.text) for turn in turns) > _MOST_CHARACTERS:
        raise NotDone(Reason.TRANSCRIPT_INVALID, "It has more words than four hours of talk.")
    return Transcript(turns, results.language_code or language, output.heard_share)


def plain(text: str) -> str:
    """Return text of one spelling (NFKC), without invisible characters."""
    flat = unicodedata.normalize("NFKC", text)
    return "".join(char for char in flat if unicodedata.category(char) not in _INVISIBLE)


def _full(text: str) -> bool:
    return len(text) > _TOO_LONG or (len(text) > _LONG and text.endswith((".", "?", "!", "。")))


def _turns(items: Iterable[_Item], labels: dict[float, str], pause: float) -> Iterable[Turn]:
    speaker, text, words = "", "", list[Word]()
    for item in items:
        content = plain(item.alternatives[0].content).strip()
        if not content:
            continue
        if item.type == "punctuation" or item.start_time is None:
            text += content if words else ""
            continue
        item_speaker = item.speaker_label or labels.get(item.start_time, "")
        if words and (item_speaker != speaker or item.start_time - words[-1].stop > pause or _full(text)):
            yield Turn(speaker, text, tuple(words))
            text, words = "", []
        speaker = item_speaker
        begin = len(text) + 1 if text else 0
        text = f"{text} {content}" if text else content
        stop = max(item.end_time or item.start_time, item.start_time)
        words.append(Word(begin, begin + len(content), item.start_time, stop))
    if words:
        yield Turn(speaker, text, tuple(words))
