"""What the shipped voice model says of published speech, as it is and sent through the coders of phones and messengers.

The model learned from packages alone: every system is held out, and every source and person but those that packages
hold, too (:mod:`ml.voice.data.packaged`). The thresholds are those that ship. It is asked as the audio analyzer asks
it: windows with speech, the mean of those in its domain.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from analyzer_kit.voice_activity import VoiceMeter
from audio_analyzer.levels import LevelMeter
from audio_analyzer.reading import read_samples
from audio_analyzer.voice_activity import speech_frames
from audio_analyzer.window_scores import WindowScorer
from guardian_models.runtime import Model
from ml.common.chains import SOUND, Chain, send
from ml.common.packages import folder as cache
from ml.voice.data import published
from ml.voice.data.sound import Sound, decode

AS_IT_IS: Final = "as it is"
WAYS: Final[tuple[Chain, ...]] = tuple(chain for chain in SOUND if not any("-ar 8000" in step for step in chain.steps))
"""Ways that leave more than a telephone's band: speech of 8 kHz is outside of the domain whatever it went through."""
_VOICE_MESSAGES: Final = ("Opus 16 kbit/s", "Opus 24 kbit/s", "forwarded: Opus, AAC, Opus")
MESSENGERS: Final = tuple(way for way in WAYS if way.name in _VOICE_MESSAGES)
"""Each recording goes all of these: that is where accusations come from. Of the other ways it goes one."""
OTHERS: Final = tuple(way for way in WAYS if way not in MESSENGERS)
SYNTHETIC_EVERY: Final = 3
"""Of the synthetic clips every third goes one of the ways."""
_VERSION: Final = 1
"""Raise it when the same model hears a clip otherwise."""


@dataclass(frozen=True)
class ScoredTrial:
    """What the model says of a clip.

    Attributes:
        clip: the clip.
        way: what it went through.
        score: mean of its windows in the domain; None: there is none.
        outside: why there is none; empty if there is one.
    """

    clip: published.Clip
    way: str
    score: float | None
    outside: str


def hear(model: Model, found: Sequence[published.Clip], workers: int) -> list[ScoredTrial]:
    """Return what the model says of each clip, and of some sent one of the :data:`WAYS`; the cache is not asked again.

    Raises:
        DataMissing: a file cannot be read, or an encoder is missing.
    """
    path = cache() / "published" / f"heard-v{_VERSION}-{model.manifest.sha256[:12]}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = map(json.loads, path.read_text("utf-8").splitlines() if path.exists() else [])
    known: dict[tuple[str, str], tuple[float | None, str]] = {(name, way): (s, why) for name, way, s, why in rows}
    all_trials = list(trials(found))
    missing = [(clip, way) for clip, way in all_trials if (clip.name, _name(way)) not in known]
    with path.open("a", encoding="utf-8") as file, ThreadPoolExecutor(workers) as pool:
        answers = pool.map(lambda trial: _score(model, _sent(*trial)), missing)
        for (clip, way), answer in zip(missing, answers, strict=True):
            file.write(json.dumps([clip.name, _name(way), *answer]) + "\n")
            file.flush()
            known[clip.name, _name(way)] = answer
    return [ScoredTrial(clip, _name(way), *known[clip.name, _name(way)]) for clip, way in all_trials]


def trials(found: Sequence[published.Clip]) -> Iterator[tuple[published.Clip, Chain | None]]:
    """Yield every clip as it is, then the recordings as voice messages and one other way, then some synthetic clips."""
    yield from ((clip, None) for clip in found)
    wide = [clip for clip in found if not clip.narrow]
    recorded = [clip for clip in wide if not clip.synthetic]
    synthetic = [clip for clip in wide if clip.synthetic][::SYNTHETIC_EVERY]
    yield from ((clip, OTHERS[number % len(OTHERS)]) for number, clip in enumerate(recorded))
    yield from ((clip, way) for clip in recorded for way in MESSENGERS)
    yield from ((clip, WAYS[number % len(WAYS)]) for number, clip in enumerate(synthetic))


def _name(way: Chain | None) -> str:
    return AS_IT_IS if way is None else f"{way.kind}: {way.name}"


def _sent(clip: published.Clip, way: Chain | None) -> Sound:
    if way is None:
        return published.load(clip)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"sent.{way.suffix}"
        send(way, ("-i", str(clip.path)), target)
        return decode(target)


def _score(model: Model, sound: Sound) -> tuple[float | None, str]:
    scorer = WindowScorer(model)
    reading = read_samples(sound, (LevelMeter, VoiceMeter))
    speech = reading.computed(speech_frames)
    plan = scorer.plan(speech, reading.total)
    windows = {start: sound[slice(*plan.span(start))] for start in plan.first}
    scored = scorer.score(plan.first, windows, speech)
    inside = [window.score for window in scored if not window.outside]
    if inside:
        return float(np.mean(inside)), ""
    return None, scored[0].outside if scored else "too little speech"
