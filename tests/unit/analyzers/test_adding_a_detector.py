"""A new detector is one module and one entry in DETECTORS: its report, finding and sentence are in the result."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from analyzer_contract import SUSPICIOUS_FROM, Finding, Verdict
from analyzer_kit.analysis import Assessment, Caps, Models
from analyzer_kit.detector import Detector, InstalledDetectors, Reading
from analyzer_kit.verdicts import verdict_of
from audio_analyzer import analysis as audio
from audio_analyzer.detectors import DETECTORS as AUDIO_DETECTORS
from audio_analyzer.levels import LevelMeter
from context_analyzer.backend import conclude
from context_analyzer.detector import ContextSetup
from context_analyzer.detectors import DETECTORS as CONTEXT_DETECTORS
from context_analyzer.reading import Transcription
from context_analyzer.settings import ContextSettings
from context_analyzer.transcript import read_transcript
from ml.context.scripts import Call, transcribed
from tests.support.analyzers.listener import babble, wav
from tests.support.analyzers.toy_detectors import (
    KIND,
    LIMITATION,
    NAME,
    SCORE,
    SUMMARY,
    ToyAudioDetector,
    ToyContextDetector,
    ToyVideoDetector,
)
from tests.support.media.samples import encode_frames
from tests.support.media.scene import Scene
from video_analyzer import analysis as video
from video_analyzer.detectors import DETECTORS as VIDEO_DETECTORS

_NO_THREADS = ThreadPoolExecutor(1)


@pytest.fixture(autouse=True)
def _no_toy_stays() -> Iterator[None]:
    yield
    audio._installed = video._installed = None


def is_in(assessment: Assessment) -> bool:
    """The toy's report, as a whole, and its sentence."""
    (report,) = (report for report in assessment.detectors if report.name == NAME)
    (finding,) = report.findings
    assert (finding.kind, finding.score, report.score) == (KIND, SCORE, SCORE)
    assert LIMITATION in report.limitations
    assert report.timeline[0].score == SCORE
    assert assessment.verdict is Verdict.SUSPICIOUS
    assert assessment.score == SCORE
    assert assessment.summary.startswith(SUMMARY)
    return True


def test_a_detector_of_sound_is_in_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audio, "DETECTORS", (*AUDIO_DETECTORS, ToyAudioDetector()))
    recording = tmp_path / "voice.wav"
    recording.write_bytes(wav(babble(3)))
    audio.warm_up(Caps(threads=1), Models())
    assessment = audio.analyze(recording, tmp_path / "plot.png", Caps(threads=1), lambda _stage, _fraction: None)
    assert is_in(assessment)
    message = assessment.detectors[-1].findings[0].message
    assert message.startswith("48000 samples")
    assert message.endswith("1600 of them were cut.")


def test_a_detector_of_the_picture_is_in_the_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(video, "DETECTORS", (*VIDEO_DETECTORS, ToyVideoDetector()))
    recording = tmp_path / "clip.mp4"
    encode_frames(recording, Scene(5, pan=0, speed=0).frames(range(20)))
    video.warm_up(Caps(threads=1), Models())
    assessment = video.analyze(recording, tmp_path / "plot.png", Caps(threads=1), lambda _stage, _fraction: None)
    assert is_in(assessment)
    assert assessment.detectors[-1].findings[0].message.startswith("20 frames")


def test_a_detector_of_the_words_is_in_the_result() -> None:
    settings = ContextSettings(context_model="none")
    installed = InstalledDetectors((*CONTEXT_DETECTORS, ToyContextDetector()), ContextSetup(settings, _NO_THREADS))
    transcript = read_transcript(transcribed(Call("t", "en-US", False, "", (("spk_0", "Hello, how are you today?"),))))
    answers = {each.name: asyncio.run(each.ask(transcript, 10)) for each in installed.all}
    assessment, plot = conclude(installed, Transcription(transcript), answers)
    assert is_in(assessment)
    assert assessment.detectors[-1].findings[0].message == "1 turns, the first is 'Hello, how are you today?'."
    assert plot.startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "detector",
    [entry for entry in (*AUDIO_DETECTORS, *VIDEO_DETECTORS, *CONTEXT_DETECTORS) if isinstance(entry, Detector)],
    ids=lambda detector: str(detector.name),
)
def test_every_detector_has_a_sentence_for_the_verdict_that_it_decides(detector: Detector[Any]) -> None:
    finding = Finding(kind=KIND, start_seconds=0, end_seconds=1, score=SUSPICIOUS_FROM, message="It was found.")
    report = detector.report(SUSPICIOUS_FROM, [finding])
    assert verdict_of(report) is Verdict.SUSPICIOUS
    assert detector.summary(report)


def test_a_detector_that_asks_for_what_it_did_not_declare_is_told_what_to_do() -> None:
    with pytest.raises(LookupError, match="list it in the `meters`"):
        Reading().measured(LevelMeter)


def test_what_several_detectors_compute_is_computed_once() -> None:
    calls = []

    def compute(reading: Reading) -> int:
        calls.append(reading)
        return len(calls)

    reading = Reading()
    assert [reading.computed(compute), reading.computed(compute)] == [1, 1]
    assert calls == [reading]
