"""What containers say of their tracks, and what is made of it."""

from __future__ import annotations

import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analyzer_contract import DetectorReport
from analyzer_kit.analysis import Caps
from analyzer_kit.media.edits import edits_by_track
from analyzer_kit.media.front import Opening
from analyzer_kit.media.streams import StreamFacts, TrackFacts, read_header
from audio_analyzer.detectors.tracks import Tracks
from tests.support.media.samples import ffmpeg

WIDE = np.zeros((100, 20), dtype=np.float16)
TRACK = TrackFacts("aac", 48_000, 0.0, 10.0, None, "", None, 1, ())
PICTURE = replace(TRACK, codec="h264", rate=None)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def report(sound: TrackFacts, picture: TrackFacts = PICTURE, bands: NDArray[np.float16] = WIDE) -> DetectorReport:
    return Tracks().report_on(StreamFacts(sound, picture), bands, 10.0)


def kinds(found: DetectorReport) -> list[str]:
    return [each.kind for each in found.findings]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds as ffmpeg makes them: H.264 and AAC with their encoder delays."""
    target = tmp_path_factory.mktemp("streams") / "clip.mp4"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=3"),
        *("-f", "lavfi", "-i", "anoisesrc=duration=3:r=48000:amplitude=0.2"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac", str(target)),
    )
    return target


def facts_of(recording: Path) -> StreamFacts:
    return Opening(recording, Caps(), read_header).taken().streams


def swapped(clip: Path, target: Path, *options: str, sound: str = "aac") -> StreamFacts:
    """The clip's picture with other sound."""
    other = ("-f", "lavfi", "-i", "anoisesrc=duration=3:r=48000:amplitude=0.2")
    ffmpeg("-i", str(clip), *options, *other, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", sound, str(target))
    return facts_of(target)


def facts_report(facts: StreamFacts) -> DetectorReport:
    return Tracks().report_on(facts, WIDE, 3.0)


@pytest.mark.parametrize("name", ["copy.mp4", "copy.mov", "copy.mkv", "copy.ts"])
def test_what_encoders_do_is_no_finding(clip: Path, tmp_path: Path, name: str) -> None:
    ffmpeg("-i", str(clip), "-c", "copy", str(tmp_path / name))
    facts = facts_of(tmp_path / name)
    assert facts.sound is not None
    assert (facts.sound.codec, facts.sound.rate) == ("aac", 48_000)
    assert kinds(facts_report(facts)) == []


@pytest.mark.parametrize("name", ["late.mp4", "late.mkv"])
def test_sound_that_begins_late_is_told_with_its_offset(clip: Path, tmp_path: Path, name: str) -> None:
    found = facts_report(swapped(clip, tmp_path / name, "-itsoffset", "0.7"))
    (offset,) = [each for each in found.findings if each.kind == "SoundOffset"]
    assert offset.end_seconds == pytest.approx(0.7, abs=0.05)
    assert found.score < 50


def test_a_picture_of_another_program_is_told(clip: Path, tmp_path: Path) -> None:
    phone = tmp_path / "phone.mov"
    ffmpeg("-i", str(clip), "-c", "copy", "-metadata:s:v", "handler_name=Core Media Video", str(phone))
    found = facts_report(swapped(phone, tmp_path / "swap.mov"))
    assert "DifferentWriters" in kinds(found)
    assert "FFmpeg wrote the sound track, Apple the picture's" in found.findings[0].message


def test_a_track_that_is_missing_is_no_error(clip: Path, tmp_path: Path) -> None:
    ffmpeg("-i", str(clip), "-an", "-c", "copy", str(tmp_path / "mute.mp4"))
    facts = facts_of(tmp_path / "mute.mp4")
    assert facts.sound is None
    assert kinds(facts_report(facts)) == []
    assert kinds(Tracks().report_on(StreamFacts(TRACK, None), WIDE, 10)) == []


@pytest.mark.parametrize(
    ("sound", "kind"),
    [
        (replace(TRACK, start=0.2), None),
        (replace(TRACK, start=-0.5), "SoundOffset"),
        (replace(TRACK, seconds=9.5), None),
        (replace(TRACK, seconds=7.0), "SoundLength"),
        (replace(TRACK, seconds=13.0), "SoundLength"),
        (replace(TRACK, gaps=((2.0, 0.5),)), "SoundGap"),
        (replace(TRACK, tag="Lavc62 libopus", writer="FFmpeg"), "DifferentWriters"),
        (replace(TRACK, signature="Lavc59.37.100"), "EncodedApart"),
        (replace(TRACK, signature="x264 - core 164"), None),
        (replace(TRACK, created=NOON + timedelta(seconds=30)), None),
        (replace(TRACK, created=NOON - timedelta(hours=2)), "DifferentDates"),
        (replace(TRACK, edits=4), "EditedSound"),
        (replace(TRACK, start=None, seconds=None), None),
        (replace(TRACK, start=1e300, seconds=1e300), "SoundOffset"),
    ],
)
def test_each_difference_is_one_fact_of_low_score(sound: TrackFacts, kind: str | None) -> None:
    found = report(sound, replace(PICTURE, created=NOON))
    assert (kind in kinds(found)) if kind else (kinds(found) == [])
    assert found.score < 50


def test_tracks_that_were_encoded_by_programs_together_are_told_nothing_of() -> None:
    sound, picture = replace(TRACK, signature="Lavc59.37.100"), replace(PICTURE, signature="x264 - core 164")
    assert kinds(report(sound, picture)) == []
    assert kinds(report(sound, replace(PICTURE, codec="vp9"))) == []  # no encoder signs it


def test_telephone_sound_in_a_wide_track_is_told() -> None:
    narrow = np.full((100, 20), -30, dtype=np.float16)
    narrow[:, 16:] = -95
    assert kinds(report(TRACK, bands=narrow)) == ["NarrowSound"]
    assert kinds(report(replace(TRACK, rate=8000), bands=narrow)) == []


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), name) + body


def edit_list(*times: int, version: int = 0) -> bytes:
    entry = struct.Struct(">Ii4x" if version == 0 else ">Qq4x")
    body = bytes([version, 0, 0, 0]) + struct.pack(">I", len(times)) + b"".join(entry.pack(100, at) for at in times)
    return box(b"trak", box(b"edts", box(b"elst", body)))


@pytest.mark.parametrize("version", [0, 1])
def test_stretches_of_media_are_counted_and_waiting_is_not(tmp_path: Path, version: int) -> None:
    index = box(b"moov", edit_list(-1, 1024, version=version) + edit_list(0, 500, 900) + box(b"trak", b""))
    for name, before in (("fast", b""), ("late", struct.pack(">I4sQ", 1, b"mdat", 116) + bytes(100))):
        (tmp_path / name).write_bytes(box(b"ftyp", b"isom") + before + index)
        assert edits_by_track(tmp_path / name) == [1, 3, 0]


def test_an_index_may_have_long_sizes_and_a_last_box_without_one(tmp_path: Path) -> None:
    body = edit_list(0, 500)[8:]
    long = struct.pack(">I4sQ", 1, b"trak", 16 + len(body)) + body
    (tmp_path / "long").write_bytes(box(b"ftyp", b"isom") + box(b"moov", long + struct.pack(">I4s", 0, b"trak") + body))
    assert edits_by_track(tmp_path / "long") == [2, 2]


@given(content=st.binary(max_size=300))
@settings(deadline=None)
def test_a_damaged_index_is_no_error(clip: Path, content: bytes) -> None:
    path = clip.with_name("index")
    whole = box(b"moov", edit_list(0, 500))
    for data in (content, box(b"moov", content), box(b"moov", box(b"trak", content)), whole[: len(content)], b""):
        path.write_bytes(data)
        assert all(count >= 0 for count in edits_by_track(path))
