"""What the media analyzers say of a recording of which they examined a part only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from analyzer_contract import Verdict
from analyzer_kit.analysis import Assessment, Caps
from analyzer_kit.coverage import Coverage
from analyzer_kit.media.audio import AudioReader, Samples
from audio_analyzer import analysis as sound
from audio_analyzer import reading as sound_reading
from tests.support.media.samples import ffmpeg
from video_analyzer import analysis as picture

LONG = 300
"""Seconds: more than twice of what is read of a picture."""


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes of a picture that never repeats, with noise for its sound."""
    target = tmp_path_factory.mktemp("long") / "long.mp4"
    scene = f"mandelbrot=size=160x90:rate=5:maxiter=50,trim=duration={LONG}"
    noise = f"anoisesrc=duration={LONG}:sample_rate=16000:amplitude=0.1:seed=1"
    ffmpeg("-f", "lavfi", "-i", scene, "-f", "lavfi", "-i", noise, "-g", "10", "-preset", "ultrafast", str(target))
    return target


def examined(analyze: object, recording: Path, folder: Path) -> Assessment:
    assert callable(analyze)
    found = analyze(recording, folder / "plot.png", Caps(threads=1), lambda _stage, _share: None)
    assert isinstance(found, Assessment)
    return found


def test_a_picture_that_is_read_in_stretches_is_not_called_clean(recording: Path, tmp_path: Path) -> None:
    found = examined(picture.analyze, recording, tmp_path)
    assert 0.4 < found.examined_share < 0.5
    assert found.unexamined == [found.unexamined[0]]
    assert "Of 300 s of picture" in found.unexamined[0]
    assert found.verdict is not Verdict.NO_EVIDENCE
    if found.verdict is Verdict.INCONCLUSIVE:
        assert "No evidence was found, but only" in found.summary


def test_sound_that_is_heard_to_its_end_is_examined_whole(recording: Path, tmp_path: Path) -> None:
    found = examined(sound.analyze, recording, tmp_path)
    assert (found.examined_share, found.unexamined) == (1, [])


def test_what_the_reader_could_not_hear_is_in_the_assessment(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class HalfDeaf(AudioReader):
        def blocks(self) -> Iterator[Samples]:
            yield from super().blocks()
            self.coverage = Coverage(0.5, ("The second track was not heard.",))

    whole = examined(sound.analyze, recording, tmp_path)
    monkeypatch.setattr(sound_reading, "AudioReader", HalfDeaf)
    found = examined(sound.analyze, recording, tmp_path)
    assert (found.examined_share, found.unexamined) == (0.5, ["The second track was not heard."])
    expected = Verdict.INCONCLUSIVE if whole.verdict is Verdict.NO_EVIDENCE else whole.verdict
    assert found.verdict is expected
