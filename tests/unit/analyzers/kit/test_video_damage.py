"""Damaged pictures: what a decoder makes up is not shown to anybody, and where that was is stated."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analyzer_contract import FailureReason
from analyzer_kit.analysis import Caps
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.damage import Damage
from analyzer_kit.media.video import VideoReader
from tests.support.media.samples import ffmpeg

RATE, FRAMES, KEY_EVERY = 25, 150, 25
ENCODERS = {
    # Left to choose where B frames are, it chooses by the number of threads: a damaged one would be shown elsewhere.
    "H.264": ("libx264", "-preset", "veryfast", "-x264-params", "scenecut=0:b-adapt=0"),
    "H.264, no B frames": ("libx264", "-preset", "veryfast", "-bf", "0", "-x264-params", "scenecut=0"),
    "MPEG-4": ("mpeg4", "-q:v", "4", "-sc_threshold", "1000000000"),
    "MPEG-2": ("mpeg2video", "-q:v", "4", "-sc_threshold", "1000000000"),
}


def encoded(target: Path, encoder: str) -> None:
    source = f"testsrc2=size=320x180:rate={RATE}:duration={FRAMES / RATE}"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", *ENCODERS[encoder], "-g", str(KEY_EVERY), str(target))


def read(recording: Path) -> tuple[VideoReader, list[float]]:
    reader = VideoReader(recording, Caps(threads=1))
    return reader, [time for time, _ in reader.frames()]


@pytest.mark.parametrize("encoder", ENCODERS)
def test_what_is_damaged_is_left_out_until_a_key_frame_renews_the_picture(tmp_path: Path, encoder: str) -> None:
    whole, damaged = tmp_path / "whole.mkv", tmp_path / "damaged.mkv"
    encoded(whole, encoder)
    ffmpeg("-i", str(whole), "-c", "copy", "-bsf:v", "noise=amount=between(n\\,60\\,62)*40", str(damaged))
    reader, times = read(damaged)
    ((begin, end),) = reader.damaged
    assert begin == pytest.approx(60 / RATE, abs=4 / RATE)
    assert end == pytest.approx(75 / RATE, abs=1.5 / RATE)
    assert not [time for time in times if begin <= time < end - 0.5 / RATE]
    assert reader.begins == [0, pytest.approx(begin * RATE, abs=1.5)]
    assert reader.keys[3] == reader.begins[1]
    assert reader.seen_seconds == pytest.approx(FRAMES / RATE - (end - begin), abs=1.5 / RATE)
    assert reader.facts.duration_seconds == pytest.approx(FRAMES / RATE, abs=1.5 / RATE)


@pytest.mark.parametrize("encoder", ENCODERS)
def test_a_whole_recording_has_no_damage(tmp_path: Path, encoder: str) -> None:
    whole = tmp_path / "whole.mkv"
    encoded(whole, encoder)
    reader, times = read(whole)
    assert (reader.damaged, reader.begins, len(times)) == ([], [0], FRAMES)
    assert reader.keys == list(range(0, FRAMES, KEY_EVERY))


@pytest.mark.parametrize("encoder", ["H.264", "H.264, no B frames", "MPEG-4"])
def test_what_was_cut_off_without_encoding_anew_is_no_damage(tmp_path: Path, encoder: str) -> None:
    whole, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    encoded(whole, encoder)
    ffmpeg("-ss", "2.52", "-i", str(whole), "-c", "copy", str(cut))
    reader, times = read(cut)
    assert reader.damaged == []
    assert len(times) == pytest.approx(FRAMES - 2.52 * RATE, abs=2)
    assert reader.seen_seconds == pytest.approx(FRAMES / RATE - 2.52, abs=3 / RATE)


def test_a_decoder_that_does_not_tell_key_frames_shows_no_damage(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mov"
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=25:duration=1", "-c:v", "qtrle", str(whole))
    reader, times = read(whole)
    assert (reader.damaged, len(times)) == ([], 25)


def test_pictures_that_are_refreshed_strip_by_strip_and_begin_midway_are_shown(tmp_path: Path) -> None:
    whole, midway = tmp_path / "whole.ts", tmp_path / "midway.ts"
    refresh = ("-x264-params", "intra-refresh=1:keyint=25")
    source = f"testsrc2=size=320x180:rate={RATE}:duration=16"
    ffmpeg("-f", "lavfi", "-i", source, "-c:v", "libx264", "-preset", "veryfast", *refresh, str(whole))
    midway.write_bytes(whole.read_bytes()[188 * 200 :])
    reader, times = read(midway)
    assert len(times) > 250
    assert reader.begins == [0]


def test_pictures_that_are_nearly_all_damaged_are_refused_and_called_damaged_or_encrypted(tmp_path: Path) -> None:
    whole, scrambled = tmp_path / "whole.mkv", tmp_path / "scrambled.mkv"
    encoded(whole, "H.264")
    ffmpeg("-i", str(whole), "-c", "copy", "-bsf:v", "noise=amount=gt(n\\,0)*300", str(scrambled))
    with pytest.raises(AnalysisError, match="damaged, or encrypted") as refused:
        read(scrambled)
    assert refused.value.reason is FailureReason.CORRUPT_MEDIA


def test_a_recording_that_begins_with_pictures_that_cannot_be_decoded_is_read_from_where_they_can(
    tmp_path: Path,
) -> None:
    whole, late = tmp_path / "whole.webm", tmp_path / "late.webm"
    source = f"testsrc2=size=320x180:rate={RATE}:duration={FRAMES / RATE}"
    call = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-g", "50", "-lag-in-frames", "0")
    ffmpeg("-f", "lavfi", "-i", source, *call, str(whole))
    ffmpeg("-i", str(whole), "-c", "copy", "-bsf:v", "noise=drop=eq(n\\,0)", str(late))
    reader, times = read(late)
    ((begin, end),) = reader.damaged
    assert begin == 0
    assert end == pytest.approx(2, abs=2 / RATE)
    assert times[0] == pytest.approx(2, abs=2 / RATE)
    assert reader.facts.duration_seconds == pytest.approx(FRAMES / RATE, abs=2 / RATE)
    assert reader.seen_seconds == pytest.approx(4, abs=2 / RATE)


def still_pictures(path: Path, broken: Callable[[int], bool]) -> None:
    """Write Motion JPEG, of whose pictures some are bytes that are none."""
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=160x90:rate={RATE}:duration=4", "-c:v", "mjpeg", "-q:v", "5", str(path))
    content, number = bytearray(path.read_bytes()), 0
    at = content.find(b"\xff\xd8\xff")
    while at >= 0:
        following = content.find(b"\xff\xd8\xff", at + 3)
        if broken(number):
            size = int.from_bytes(content[at - 4 : at], "little")
            content[at : at + size] = bytes(size)
        at, number = following, number + 1
    path.write_bytes(content)


def test_single_pictures_that_cannot_be_decoded_are_left_out_and_said(tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    still_pictures(clip, lambda number: number % 5 == 3)
    reader, times = read(clip)
    assert len(times) == 80
    assert len(reader.damaged) == pytest.approx(20, abs=1)
    assert sum(end - begin for begin, end in reader.damaged) == pytest.approx(0.8, abs=0.05)
    assert reader.seen_seconds == pytest.approx(3.2, abs=0.05)


def test_an_end_that_cannot_be_decoded_is_part_of_the_recording(tmp_path: Path) -> None:
    clip = tmp_path / "clip.avi"
    still_pictures(clip, lambda number: number >= 70)
    reader, times = read(clip)
    assert len(times) == 70
    ((begin, end),) = reader.damaged
    assert begin == pytest.approx(2.8)
    assert end == pytest.approx(4, abs=0.05)
    assert reader.facts.duration_seconds == pytest.approx(4, abs=0.05)


def test_damaged_time_stamps_that_run_backwards_make_no_stretch_that_ends_before_it_begins() -> None:
    damage = Damage()
    damage.note(1.0, 1.5, goes_on=False)
    damage.note(0.2, 0.24, goes_on=True)
    damage.note(1.8, 1.7, goes_on=False)
    assert damage.stretches == [(1.0, 1.5), (1.8, 1.8)]
