"""Scripted telephone calls, as transcripts of Amazon Transcribe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).parent / "calls"
_LANGUAGES = {"english": "en-US", "korean": "ko-KR"}
_SYLLABLES_A_SECOND = 4.5
"""Typical speed on the telephone, in both languages."""

_CHARACTERS_A_SYLLABLE = {"ko-KR": 1.0}
"""In other languages: about three."""
_PAUSE_SECONDS = 0.6
_ENDINGS = ".,?!"


@dataclass(frozen=True)
class Call:
    """One scripted call.

    Attributes:
        name: of the script.
        language: for example ko-KR.
        scam: whether the call is a fraud.
        split: ``development``: the rules were written on it; ``held-out``; ``hard``: written against the rules.
        turns: speaker and words of each turn.
    """

    name: str
    language: str
    scam: bool
    split: str
    turns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Word:
    speaker: str
    text: str
    mark: str
    start: float
    stop: float


def load_calls() -> list[Call]:
    """Return all scripted calls, in the order of the files."""
    return [call for file, language in _LANGUAGES.items() for call in _read(_FOLDER / f"{file}.yaml", language)]


def transcribed(call: Call, seconds: float | None = None) -> bytes:
    """Return a call in the format of Amazon Transcribe, with estimated times of its words.

    Args:
        call: the script.
        seconds: length of the recording, if there is one; the times are scaled to it.
    """
    words = list(_spoken(call))
    pace = seconds / words[-1].stop if seconds is not None else 1.0
    items: list[dict[str, Any]] = []
    for word in words:
        times = {"start_time": f"{word.start * pace:.2f}", "end_time": f"{word.stop * pace:.2f}"}
        items.append({"type": "pronunciation", "speaker_label": word.speaker, **times, **_content(word.text)})
        if word.mark:
            items.append({"type": "punctuation", "speaker_label": word.speaker, **_content(word.mark)})
    text = " ".join(words for _, words in call.turns)
    results = {"language_code": call.language, "transcripts": [{"transcript": text}], "items": items}
    output = {"jobName": call.name, "accountId": "111122223333", "status": "COMPLETED", "results": results}
    return json.dumps(output, ensure_ascii=False, indent=1).encode()


def _spoken(call: Call) -> Iterator[_Word]:
    clock = _PAUSE_SECONDS
    for speaker, words in call.turns:
        for spoken in words.split():
            word = spoken.rstrip(_ENDINGS)
            seconds = max(len(word) / _CHARACTERS_A_SYLLABLE.get(call.language, 3.0), 1) / _SYLLABLES_A_SECOND
            yield _Word(speaker, word, spoken[len(word) :], clock, clock + seconds)
            clock += seconds
        clock += _PAUSE_SECONDS


def _content(word: str) -> dict[str, Any]:
    return {"alternatives": [{"confidence": "0.99", "content": word}]}


def _read(path: Path, language: str) -> Iterator[Call]:
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        turns = []
        for line in entry["turns"]:
            speaker, _, words = line.partition(": ")
            turns.append((f"spk_{'AB'.index(speaker)}", words))
        yield Call(entry["id"], language, entry["label"] == "scam", entry["split"], tuple(turns))
