"""Recordings on this machine, written down: one JSON object for each. docs/transcribe.md explains it.

Others read these lines: within a ``schemaVersion`` fields are added, and none is renamed, removed or given another
meaning. Every field is in every line; what there is not is null, or an empty list. `guardian words` takes a line as it
is.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from pydantic import Field

from analyzer_contract import Wire
from analyzer_kit.errors import AnalysisError
from analyzer_kit.settings import KitSettings
from context_analyzer.reasons import NotDone, Reason
from context_analyzer.speech.hearing import Hearing, Transcription
from context_analyzer.speech.transcriber import LocalTranscriber
from context_analyzer.transcript import Turn, read_transcript

_POLL_SECONDS = 0.05
_LONGEST_SECONDS = 4 * 3600.0


class NotReady(Exception):
    """The model cannot be used; the message says why."""


class WordLine(Wire):
    """One word."""

    text: str
    start: float = Field(description="In seconds from the beginning of the recording.")
    end: float


class TurnLine(Wire):
    """What is said between two pauses."""

    speaker: str = Field(default="", description="Empty: speakers are not told apart.")
    start: float
    end: float
    text: str
    words: list[WordLine]


class TranscriptLine(Wire):
    """What is said in one recording."""

    schema_version: Literal["v1"] = "v1"
    id: str = Field(description="The recording's path, as it was given.")
    language: str = Field(default="", description="Such as ko; empty if nothing is said.")
    language_probability: float | None = Field(default=None, description="Of the language; 1 if it was given.")
    duration_seconds: float | None = Field(default=None, description="Of the sound that was decoded.")
    speech_seconds: float | None = Field(default=None, description="In which somebody is heard to speak.")
    examined_share: float | None = Field(default=None, description="The share of the sound that could be decoded.")
    model: str = Field(description="The model that listened.")
    turns: list[TurnLine] = Field(default_factory=list)
    reason: str = Field(default="", description="Why there is no transcript, in one CamelCase word. Else empty.")
    message: str = Field(default="", description="The same in a sentence.")


async def transcribe_files(
    files: Mapping[str, Path], models: Path, model_id: str, language: str
) -> AsyncIterator[TranscriptLine]:
    """Yield a line for each recording, one after the other.

    Args:
        files: the recordings, by the names that their lines have.
        models: the folder of models.
        model_id: the one that listens.
        language: in which they are spoken; empty: found out.

    Raises:
        NotReady: the model cannot be used.
    """
    hearing = Hearing(KitSettings(), models, model_id)
    await hearing.start()
    try:
        while not hearing.ready:
            if hearing.problem:
                raise NotReady(hearing.problem)
            await asyncio.sleep(_POLL_SECONDS)
        for name, file in files.items():
            yield await _line(hearing, file, TranscriptLine(id=name, model=model_id), language)
    finally:
        await hearing.stop()


async def _line(hearing: Hearing, file: Path, line: TranscriptLine, language: str) -> TranscriptLine:
    with TemporaryDirectory(prefix="guardian-") as folder:
        try:
            heard = await hearing.hear(file, Path(folder), language, _LONGEST_SECONDS, lambda _share: None)
            return _written(line, heard)
        except (AnalysisError, NotDone) as error:
            return line.model_copy(update={"reason": str(error.reason), "message": str(error)})


def _written(line: TranscriptLine, heard: Transcription) -> TranscriptLine:
    transcript = read_transcript(heard.content, pause_seconds=LocalTranscriber.pause_seconds)
    facts = json.loads(heard.content)
    update: dict[str, object] = {
        "language": transcript.language,
        "language_probability": facts["languageProbability"] if transcript.turns else None,
        "duration_seconds": heard.sound.media.duration_seconds,
        "speech_seconds": facts["speechSeconds"],
        "examined_share": heard.sound.examined_share,
        "turns": [_turn(turn) for turn in transcript.turns],
    }
    if not transcript.turns:
        no_speech = NotDone(Reason.NO_SPEECH)
        update |= {"reason": str(no_speech.reason), "message": str(no_speech)}
    return line.model_copy(update=update)


def _turn(turn: Turn) -> TurnLine:
    words = [WordLine(text=turn.text[word.begin : word.end], start=word.start, end=word.stop) for word in turn.words]
    return TurnLine(speaker=turn.speaker, start=turn.start, end=turn.stop, text=turn.text, words=words)
