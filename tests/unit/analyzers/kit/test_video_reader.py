"""What is read of a recording: all of a short one, stretches of a long one, and no more than that of a hostile one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from av.container import InputContainer

from analyzer_contract import FailureReason
from analyzer_kit.analysis import Caps
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media import video
from analyzer_kit.media.decoding import frames_of
from analyzer_kit.media.video import STRETCH_SECONDS, STRETCHES, WHOLE_SECONDS, VideoReader
from tests.support.media.samples import ffmpeg, truncated

RATE, LONG = 5, 300


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes, five frames a second, a key frame every two seconds; the index lies at the front."""
    target = tmp_path_factory.mktemp("long") / "long.mp4"
    source = f"testsrc2=size=160x90:rate={RATE}:duration={LONG}"
    ffmpeg("-f", "lavfi", "-i", source, "-g", "10", "-preset", "ultrafast", "-movflags", "+faststart", str(target))
    return target


def test_a_long_recording_is_read_in_stretches_from_its_beginning_to_its_end(long: Path) -> None:
    reader = VideoReader(long, Caps(threads=1))
    times = [time for time, _ in reader.frames()]
    assert len(reader.begins) == STRETCHES
    assert times[0] == 0
    assert times[-1] == pytest.approx(LONG - 1 / RATE)
    assert times == sorted(times)
    gaps = [after - before for before, after in pairwise(times) if after - before > 1]
    assert len(gaps) == STRETCHES - 1
    assert reader.seen_seconds == pytest.approx(STRETCHES * STRETCH_SECONDS, rel=0.1)
    assert not reader.whole
    assert reader.facts.duration_seconds == pytest.approx(LONG)
    assert reader.facts.frames == LONG * RATE
    assert reader.facts.frames_per_second == pytest.approx(RATE, rel=0.05)


def test_a_short_recording_is_read_whole(tmp_path: Path) -> None:
    short = tmp_path / "short.mp4"
    source = f"testsrc2=size=160x90:rate={RATE}:duration={WHOLE_SECONDS - 1}"
    ffmpeg("-f", "lavfi", "-i", source, "-preset", "ultrafast", str(short))
    reader = VideoReader(short, Caps(threads=1))
    assert sum(1 for _ in reader.frames()) == (WHOLE_SECONDS - 1) * RATE
    assert reader.begins == [0]
    assert reader.whole


def test_a_long_recording_that_is_cut_off_is_refused(long: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.mp4"
    truncated(long, cut, 0.5)
    reader = VideoReader(cut, Caps(threads=1))
    with pytest.raises(AnalysisError, match="truncated") as refused:
        list(reader.frames())
    assert refused.value.reason is FailureReason.CORRUPT_MEDIA


def test_a_long_recording_with_a_single_key_frame_is_not_decoded_over_and_over(tmp_path: Path) -> None:
    lone = tmp_path / "lone.mp4"
    source = f"testsrc2=size=160x90:rate={RATE}:duration={LONG}"
    ffmpeg("-f", "lavfi", "-i", source, "-g", "100000", "-sc_threshold", "0", "-preset", "ultrafast", str(lone))
    reader = VideoReader(lone, Caps(threads=1))
    times = [time for time, _ in reader.frames()]
    assert times == sorted(set(times))
    assert len(times) < LONG * RATE
    assert not reader.whole


@pytest.mark.parametrize(("size", "threads"), [("1280x720", 1), ("1920x1080", 2)])
def test_only_large_pictures_are_decoded_by_more_than_one_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str, threads: int
) -> None:
    recording = tmp_path / "recording.mp4"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration=0.2", "-preset", "ultrafast", str(recording))
    counts = []

    def counted(container: InputContainer, stream: av.VideoStream, **how: Any) -> Iterator[object]:
        counts.append(stream.codec_context.thread_count)
        return frames_of(container, stream, **how)

    monkeypatch.setattr(video, "frames_of", counted)
    assert len(list(VideoReader(recording, Caps(threads=2)).frames())) == 5
    assert counts == [threads]
