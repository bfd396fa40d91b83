"""The audio analysis: decode once in blocks, measure, and decode again only what looks repeated."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analyzer_contract import DetectorReport, MediaFacts, Verdict
from analyzer_kit.detector import Assessment, Caps, ReportStage
from analyzer_kit.media.audio import SAMPLE_RATE, AudioReader
from analyzer_kit.plots import draw_timeline
from analyzer_kit.reports import completed
from analyzer_kit.verdicts import judge
from audio_analyzer import ANALYZER
from audio_analyzer.fingerprints import Fingerprinter
from audio_analyzer.levels import FRAME_SECONDS, LevelMeter, Levels
from audio_analyzer.repeats import Candidate, find_candidates, is_tone, report_repeats, similarity
from audio_analyzer.silence import detect_digital_silence

NO_CLONE_DETECTOR = (
    "No detector that was measured for cloned voices is installed: a good clone leaves none of these traces."
)
_LEAST_SOUND_SECONDS = 1.0


def analyze(recording: Path, plot: Path, caps: Caps, report: ReportStage) -> Assessment:
    """Looks for evidence in the first sound track of ``recording``.

    Raises:
        AnalysisError: NoAudioStream, UnsupportedMedia, CorruptMedia, or MediaTooLarge.
    """
    reader = AudioReader(recording, caps)
    meter, printer = LevelMeter(), Fingerprinter()
    done = 0
    for block in reader.blocks():
        meter.add(block)
        printer.add(block)
        done += block.size
        report("decode", 0.7 * min(done / SAMPLE_RATE / (reader.stated or 60.0), 1.0))
    levels = meter.levels()
    candidates = find_candidates(printer.fingerprints())
    report("compare", 0.75)
    likeness = _likeness(candidates, AudioReader(recording, caps)) if candidates else []
    detectors = [
        detect_digital_silence(levels, ANALYZER.version),
        report_repeats(candidates, likeness, ANALYZER.version),
    ]
    report("plot", 0.95)
    return _assess(reader.facts, levels, detectors, plot)


def warm_up() -> None:
    """Runs the detectors over two seconds of noise."""
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * SAMPLE_RATE).astype(np.float32)
    meter, printer = LevelMeter(), Fingerprinter()
    meter.add(noise)
    printer.add(noise)
    detect_digital_silence(meter.levels(), ANALYZER.version)
    find_candidates(printer.fingerprints())


def _likeness(candidates: list[Candidate], reader: AudioReader) -> list[float]:
    spans = [(start, each.seconds) for each in candidates for start in (each.first, each.second)]
    parts = _cut(reader, [(round(s * SAMPLE_RATE), round((s + d) * SAMPLE_RATE)) for s, d in spans])
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return [0.0 if is_tone(first) else similarity(first, second) for first, second in pairs]


def _cut(reader: AudioReader, spans: list[tuple[int, int]]) -> list[NDArray[np.float32]]:
    """The samples of each span, in one more pass over the recording."""
    parts: list[list[NDArray[np.float32]]] = [[] for _ in spans]
    at = 0
    for block in reader.blocks():
        for (start, end), part in zip(spans, parts, strict=True):
            if start < at + block.size and end > at:
                part.append(block[max(start - at, 0) : end - at])
        at += block.size
    return [np.concatenate(part) if part else np.zeros(0, dtype=np.float32) for part in parts]


def _assess(facts: MediaFacts, levels: Levels, detectors: list[DetectorReport], plot: Path) -> Assessment:
    sound_seconds = float(levels.sound().sum()) * FRAME_SECONDS
    verdict, score = judge(detectors, conclusive=sound_seconds >= _LEAST_SOUND_SECONDS)
    findings = [finding for detector in detectors for finding in detector.findings]
    draw_timeline(
        plot,
        title=f"Sound: {verdict}, score {score}",
        axis="waveform",
        seconds=facts.duration_seconds,
        low=levels.low if levels.low.size else np.zeros(1, dtype=np.float32),
        high=levels.high if levels.high.size else np.zeros(1, dtype=np.float32),
        findings=findings,
    )
    seconds = facts.duration_seconds
    return Assessment(
        media=facts,
        verdict=verdict,
        score=score,
        summary=_summary(verdict, detectors, sound_seconds),
        detectors=[completed(each, seconds=seconds, limitation=NO_CLONE_DETECTOR) for each in detectors],
    )


def _summary(verdict: Verdict, detectors: list[DetectorReport], sound_seconds: float) -> str:
    if verdict is Verdict.INCONCLUSIVE:
        return f"Only {sound_seconds:.1f} s of sound: too little to say anything. Send a longer recording."
    if verdict is Verdict.NO_EVIDENCE:
        return f"No traces of editing or of a simple synthetic voice in the sound. {NO_CLONE_DETECTOR}"
    strongest = max(detectors, key=lambda each: each.score)
    return {
        "DigitalSilence": (
            f"{len(strongest.findings)} pauses are digitally silent, as in synthetic or edited speech; "
            "a noise gate can do this too."
        ),
        "RepeatedAudio": f"{len(strongest.findings)} stretches of sound are exact repetitions of earlier ones: edited.",
    }[strongest.name]
