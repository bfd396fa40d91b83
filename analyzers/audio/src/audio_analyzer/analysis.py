"""The audio analysis: decode in blocks and measure, then look again only at what seems repeated and what is heard."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, MediaFacts
from analyzer_kit import memory
from analyzer_kit.detector import Assessment, Caps, Models, ReportStage
from analyzer_kit.media.audio import SAMPLE_RATE, AudioReader
from analyzer_kit.media.streams import read_streams
from analyzer_kit.plots import draw_timeline
from analyzer_kit.reports import completed
from analyzer_kit.verdicts import judge
from audio_analyzer import ANALYZER
from audio_analyzer.fingerprints import Fingerprinter
from audio_analyzer.levels import FRAME_SECONDS, LevelMeter, Levels
from audio_analyzer.loading import load_models
from audio_analyzer.repeats import find_candidates, is_tone, report_repeats, similarity
from audio_analyzer.silence import detect_digital_silence
from audio_analyzer.speech import Examination, SpeechDetector
from audio_analyzer.splices import BackgroundMeter, find_splices, report_splices
from audio_analyzer.tracks import report_tracks
from audio_analyzer.words import NO_CLONE_DETECTOR, summary

_LEAST_SOUND_SECONDS = 1.0

_KEPT_SAMPLES = 300 * SAMPLE_RATE
"""19 MB: a longer recording is decoded anew where its samples are needed once more."""

_COMPARED_SECONDS = 10.0
"""Of a stretch that may be a copy: enough to tell, and a bound for memory where an hour is repeated."""

_speech_detectors: list[SpeechDetector] = []
"""One for each model; this process's own, filled when it becomes warm."""


def analyze(recording: Path, plot: Path, caps: Caps, report: ReportStage) -> Assessment:
    """Looks for evidence in the first sound track of ``recording``.

    Raises:
        AnalysisError: NoAudioStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    reader = AudioReader(recording, caps)
    meter, printer, background = LevelMeter(), Fingerprinter(), BackgroundMeter()
    done = 0
    kept: list[NDArray[np.float32]] = []
    for block in reader.blocks():
        meter.add(block)
        printer.add(block)
        background.add(block)
        done += block.size
        kept = [*kept, block] if done <= _KEPT_SAMPLES else []
        report("decode", 0.6 * min(done / SAMPLE_RATE / (reader.stated or 60.0), 1.0))
    levels, bands = meter.levels(), background.bands()
    candidates = find_candidates(printer.fingerprints())
    memory.trim()  # pairs of millions of fingerprints: what follows takes their place
    report("compare", 0.65)
    speech = levels.sound()
    plans = [detector.plan(speech, done) for detector in _speech_detectors]
    copies = [
        _samples(at, min(each.seconds, _COMPARED_SECONDS)) for each in candidates for at in (each.first, each.second)
    ]
    windows = [plan.span(start) for plan in plans for start in plan.needed]
    again = kept if done <= _KEPT_SAMPLES else AudioReader(recording, caps).blocks()
    parts = _cut(again, [*copies, *windows])
    likeness = _likeness(parts[: len(copies)])
    del parts[: len(copies)]
    heard = iter(parts)
    examinations = [
        detector.detect(
            plan,
            {start: next(heard) for start in plan.needed},
            speech,
            lambda share: report("listen", 0.7 + 0.25 * share),
        )
        for detector, plan in zip(_speech_detectors, plans, strict=True)
    ]
    detectors = [
        detect_digital_silence(levels, ANALYZER.version),
        report_repeats(candidates, likeness, ANALYZER.version),
        report_splices(find_splices(bands), ANALYZER.version),
        report_tracks(read_streams(recording, caps), bands, done / SAMPLE_RATE, ANALYZER.version),
    ]
    report("plot", 0.95)
    return _assess(reader.facts, levels, detectors, examinations, plot)


def warm_up(caps: Caps, models: Models) -> None:
    """Loads the models, and runs the other detectors over two seconds of noise.

    Raises:
        Misconfigured: a model is missing, or cannot be used.
    """
    _speech_detectors[:] = [SpeechDetector(model, ANALYZER.version) for model in load_models(models, caps.threads)]
    # Noise enough, and without numpy.random, which nothing else here uses and an idle process would keep.
    noise = (0.1 * np.modf(1e4 * np.sin(np.arange(2 * SAMPLE_RATE)))[0]).astype(np.float32)
    meter, printer, background = LevelMeter(), Fingerprinter(), BackgroundMeter()
    for each in (meter, printer, background):
        each.add(noise)
    detect_digital_silence(meter.levels(), ANALYZER.version)
    find_candidates(printer.fingerprints())
    find_splices(background.bands())


def _samples(start: float, seconds: float) -> tuple[int, int]:
    return round(start * SAMPLE_RATE), round((start + seconds) * SAMPLE_RATE)


def _likeness(parts: list[NDArray[np.float32]]) -> list[float]:
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [0.0 if is_tone(first) else similarity(first, second) for first, second in pairs]


def _cut(blocks: Iterable[NDArray[np.float32]], spans: list[tuple[int, int]]) -> list[NDArray[np.float32]]:
    """The samples of each span, in one more pass over the recording."""
    if not spans:
        return []
    parts = [np.empty(end - start, dtype=np.float32) for start, end in spans]
    at = 0
    for block in blocks:
        for (start, end), part in zip(spans, parts, strict=True):
            if start < at + block.size and end > at:
                held = block[max(start - at, 0) : end - at]
                first = max(at - start, 0)
                part[first : first + held.size] = held
        at += block.size
    return [part[: max(at - start, 0)] for (start, _), part in zip(spans, parts, strict=True)]


def _assess(
    facts: MediaFacts, levels: Levels, traces: list[DetectorReport], examinations: list[Examination], plot: Path
) -> Assessment:
    sound_seconds = float(levels.sound().sum()) * FRAME_SECONDS
    detectors = [*(each.report for each in examinations), *traces]
    verdict, score = judge(detectors, conclusive=sound_seconds >= _LEAST_SOUND_SECONDS)
    draw_timeline(
        plot,
        title=f"Sound: {verdict}, score {score}",
        axis="waveform",
        seconds=facts.duration_seconds,
        low=levels.low if levels.low.size else np.zeros(1, dtype=np.float32),
        high=levels.high if levels.high.size else np.zeros(1, dtype=np.float32),
        findings=[finding for detector in detectors for finding in detector.findings],
    )
    limitation = "" if examinations else NO_CLONE_DETECTOR
    return Assessment(
        media=facts,
        verdict=verdict,
        score=score,
        summary=summary(verdict, detectors, examinations, sound_seconds),
        detectors=[completed(each, seconds=facts.duration_seconds, limitation=limitation) for each in detectors],
    )
