"""Whether a recording is called truncated: for an end that is missing, and never for what a header says."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer_contract import FailureReason
from analyzer_kit.analysis import Caps
from analyzer_kit.media import chunks
from analyzer_kit.media.audio import SAMPLE_RATE
from tests.support.media.hostile import wav_claiming
from tests.support.media.reading import hear, refusal, see
from tests.support.media.samples import ffmpeg, truncated

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration={}")
SOUND = ("-f", "lavfi", "-i", "anoisesrc=duration={}:r=16000:amplitude=0.2:seed=1")
CODECS = {
    "mp4": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"),
    "mov": ("-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-c:a", "pcm_s16le"),
    "mkv": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "webm": ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "libopus"),
    "avi": ("-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "ts": ("-c:v", "mpeg2video", "-c:a", "mp2"),
}
PIPED = ("-movflags", "frag_keyframe+empty_moov", "-g", "12")


def lasting(source: tuple[str, ...], seconds: float) -> tuple[str, ...]:
    return tuple(part.format(seconds) for part in source)


def make(target: Path, *more: str, picture: float, sound: float, late: tuple[str, ...] = ()) -> Path:
    inputs = (*lasting(PICTURE, picture), *late, *lasting(SOUND, sound))
    ffmpeg(*inputs, *more, *CODECS[target.suffix[1:]], str(target))
    return target


@pytest.mark.parametrize("kind", CODECS)
@pytest.mark.parametrize(("picture", "sound"), [(2, 5), (5, 2)])
def test_tracks_of_different_lengths_are_whole(tmp_path: Path, kind: str, picture: float, sound: float) -> None:
    clip = make(tmp_path / f"clip.{kind}", picture=picture, sound=sound)
    heard, _ = hear(clip)
    assert heard.facts.duration_seconds == pytest.approx(sound, abs=0.2)
    assert heard.coverage.share == 1
    seen = see(clip)
    assert seen.facts.duration_seconds == pytest.approx(picture, abs=0.2)
    assert seen.whole


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "webm", "ts"])
def test_a_track_that_begins_late_is_whole(tmp_path: Path, kind: str) -> None:
    clip = make(tmp_path / f"clip.{kind}", picture=2, sound=2, late=("-itsoffset", "4"))
    assert hear(clip)[0].facts.duration_seconds == pytest.approx(2, abs=0.2)
    assert see(clip).facts.duration_seconds == pytest.approx(2, abs=0.2)


def test_subtitles_may_outlast_the_picture_and_be_many(tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n00:00:01,000 --> 00:00:30,000\nHello grandma\n")
    clip = make(tmp_path / "clip.mkv", picture=3, sound=3)
    many = [part for _ in range(40) for part in ("-i", str(words))]
    maps = [part for number in range(41) for part in ("-map", str(number))]
    for name, codec in (("many.mkv", "srt"), ("many.mp4", "mov_text")):
        ffmpeg("-i", str(clip), *many, *maps, "-c", "copy", "-c:s", codec, str(tmp_path / name))
        assert hear(tmp_path / name)[0].facts.duration_seconds == pytest.approx(3, abs=0.2)
        assert see(tmp_path / name).facts.duration_seconds == pytest.approx(3, abs=0.2)


def test_subtitles_of_hours_make_no_recording_too_long(tmp_path: Path) -> None:
    words = tmp_path / "words.srt"
    words.write_text("1\n02:30:00,000 --> 03:00:00,000\nHello grandma\n")
    clip = make(tmp_path / "clip.mkv", "-i", str(words), *("-map", "0", "-map", "1", "-map", "2"), picture=3, sound=3)
    assert hear(clip)[0].facts.duration_seconds == pytest.approx(3, abs=0.2)
    assert see(clip).facts.duration_seconds == pytest.approx(3, abs=0.2)


def test_more_streams_than_are_accepted_are_named_as_that(tmp_path: Path) -> None:
    clip = make(tmp_path / "clip.mp4", *("-map", "0", "-map", "1") * 3, picture=1, sound=1)
    refused = refusal(clip, caps=Caps(max_streams=4))
    assert refused.reason is FailureReason.UNSUPPORTED_MEDIA
    assert "too many streams; at most 4" in refused.message


CUT = {
    "sound.wav": ("-c:a", "pcm_s16le"),
    "adpcm.wav": ("-c:a", "adpcm_ima_wav"),
    "large.wav": ("-c:a", "pcm_s16le", "-rf64", "always"),
    "sound.aiff": ("-c:a", "pcm_s16be"),
    "sound.caf": ("-c:a", "pcm_s16le"),
    "sound.flac": ("-c:a", "flac"),
    "sound.m4a": ("-c:a", "aac", "-movflags", "+faststart"),
    "sound.mka": ("-c:a", "libopus"),
    "dash.mp4": ("-c:a", "aac", "-movflags", "+dash+global_sidx", "-frag_duration", "500000"),
}


@pytest.mark.parametrize("name", CUT)
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_sound_whose_end_is_missing_is_truncated(tmp_path: Path, name: str, share: float) -> None:
    ffmpeg(*lasting(SOUND, 20), *CUT[name], str(tmp_path / name))
    assert hear(tmp_path / name)[0].facts.duration_seconds == pytest.approx(20, abs=0.2)
    cut = tmp_path / f"cut-{name}"
    truncated(tmp_path / name, cut, share)
    refused = refusal(cut)
    assert refused.reason is FailureReason.CORRUPT_MEDIA
    assert "truncated" in refused.message
    decoded, stated = (float(part) for part in refused.message.split()[4:8:3])
    assert decoded == pytest.approx(20 * share, abs=2.2)
    assert stated == pytest.approx(20, abs=2.5)


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv", "webm", "avi"])
def test_pictures_whose_end_is_missing_are_truncated(tmp_path: Path, kind: str) -> None:
    clip = make(tmp_path / f"clip.{kind}", "-movflags", "+faststart", picture=10, sound=10)
    truncated(clip, tmp_path / "cut", 0.6)
    for of in ("sound", "picture"):
        assert refusal(tmp_path / "cut", of).reason is FailureReason.CORRUPT_MEDIA


def test_a_matroska_file_whose_second_half_is_zeros_is_damaged(tmp_path: Path) -> None:
    clip = make(tmp_path / "clip.mkv", "-cluster_time_limit", "500", picture=10, sound=10)
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2] + bytes(len(data) - len(data) // 2))
    for of in ("sound", "picture"):
        assert refusal(clip, of).reason is FailureReason.CORRUPT_MEDIA


@pytest.mark.parametrize("kind", ["mp4", "mkv", "webm", "avi", "ts"])
def test_what_is_written_live_states_nothing_and_is_whole(tmp_path: Path, kind: str) -> None:
    clip = make(tmp_path / f"clip.{kind}", *PIPED, "-flags", "+bitexact", picture=4, sound=4)
    formats = {"mkv": "matroska", "ts": "mpegts"}
    piped = tmp_path / "piped"
    live = ("-live", "1") if kind in {"mkv", "webm"} else PIPED[:2] if kind == "mp4" else ()
    with piped.open("wb") as file, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file) as cat:
        command = ["ffmpeg", "-v", "error", "-i", str(clip), "-c", "copy", *live, "-f", formats.get(kind, kind), "-"]
        subprocess.run(command, check=True, stdout=cat.stdin)
    assert hear(piped)[0].facts.duration_seconds == pytest.approx(4, abs=0.2)
    assert see(piped).facts.duration_seconds == pytest.approx(4, abs=0.2)


def wav(data: bytes, *, codec: int = 1, byte_rate: int = 16_000, data_size: int, riff_size: int) -> bytes:
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, codec, 1, 8000, byte_rate, 2, 16)
    return struct.pack("<4sI4s", b"RIFF", riff_size, b"WAVE") + fmt + struct.pack("<4sI", b"data", data_size) + data


PCM = bytes(range(250)) * 192
"""Three seconds at 8 kHz."""


@pytest.mark.parametrize("byte_rate", [0, 1, 8000, 16_000, 176_400, 0xFFFFFFFF])
def test_a_wrong_byte_rate_is_passed_over(tmp_path: Path, byte_rate: int) -> None:
    (tmp_path / "sound").write_bytes(wav(PCM, byte_rate=byte_rate, data_size=len(PCM), riff_size=36 + len(PCM)))
    reader, _ = hear(tmp_path / "sound")
    assert reader.facts.duration_seconds == pytest.approx(3, abs=0.01)
    assert reader.stated == pytest.approx(3)


@pytest.mark.parametrize("codec", ["gsm_ms", "libmp3lame", "ac3"])
def test_a_wrong_byte_rate_of_other_codecs_is_passed_over_too(tmp_path: Path, codec: str) -> None:
    rate = "32000" if codec in {"libmp3lame", "ac3"} else "8000"
    ffmpeg(*lasting(SOUND, 3), "-ar", rate, "-c:a", codec, str(tmp_path / "sound.wav"))
    content = bytearray((tmp_path / "sound.wav").read_bytes())
    at = content.index(b"fmt ") + 16
    content[at : at + 4] = struct.pack("<I", 1)
    (tmp_path / "sound.wav").write_bytes(content)
    assert hear(tmp_path / "sound.wav")[0].facts.duration_seconds == pytest.approx(3, abs=0.2)


def test_a_placeholder_for_the_number_of_samples_is_none(tmp_path: Path) -> None:
    sound = tmp_path / "sound.aiff"
    ffmpeg(*lasting(SOUND, 3), str(sound))
    content = bytearray(sound.read_bytes())
    at = content.index(b"COMM") + 10
    content[at : at + 4] = struct.pack(">I", 0x7F000000 // 2)
    sound.write_bytes(content)
    assert hear(sound)[0].facts.duration_seconds == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize("codec", ["pcm_s16be", "pcm_s24be", "pcm_mulaw"])
def test_an_aiff_file_that_was_written_to_a_pipe_is_heard(tmp_path: Path, codec: str) -> None:
    sound = tmp_path / "sound.aiff"
    ffmpeg(*lasting(SOUND, 3), "-c:a", codec, str(sound))
    content = bytearray(sound.read_bytes())
    for at in (4, content.index(b"SSND") + 4, content.index(b"COMM") + 10):
        content[at : at + 4] = bytes(4)
    sound.write_bytes(content)
    reader, heard = hear(sound)
    assert reader.facts.duration_seconds == pytest.approx(3, abs=0.01)
    assert heard.size == pytest.approx(3 * SAMPLE_RATE, rel=0.01)


@pytest.mark.parametrize("size", [0, 0x7FFFF000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFDB, 0xFFFFFFFF, 0x10000000])
@pytest.mark.parametrize("outer", [0, 36, 0x80000024, 0xFFFFFFFF, 36 + len(PCM)])
def test_a_placeholder_for_a_size_is_none(tmp_path: Path, size: int, outer: int) -> None:
    (tmp_path / "sound").write_bytes(wav(PCM, data_size=size, riff_size=outer))
    assert hear(tmp_path / "sound")[0].facts.duration_seconds == pytest.approx(3, abs=0.01)


def test_sizes_that_contradict_each_other_are_no_proof(tmp_path: Path) -> None:
    (tmp_path / "sound").write_bytes(wav(PCM, data_size=5 * len(PCM), riff_size=36 + len(PCM)))
    assert hear(tmp_path / "sound")[0].facts.duration_seconds == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize("evened", [0, 1])
@pytest.mark.parametrize("sizes", [(5,), (3, 5), (4, 7, 1)])
def test_a_chunk_of_an_odd_size_that_is_not_evened_out_hides_nothing(
    tmp_path: Path, sizes: Sequence[int], evened: int
) -> None:
    plain = wav(PCM, data_size=len(PCM), riff_size=0)
    more = b"".join(struct.pack("<4sI", b"cart", size) + b"x" * size + b"\0" * (evened * (size % 2)) for size in sizes)
    content = plain[:36] + more + plain[36:]
    (tmp_path / "sound").write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    reader, _ = hear(tmp_path / "sound")
    assert reader.facts.duration_seconds == pytest.approx(3, abs=0.01)
    assert reader.stated == pytest.approx(3)
    (tmp_path / "sound").write_bytes((tmp_path / "sound").read_bytes()[:-20_000])
    assert "truncated" in refusal(tmp_path / "sound").message


def test_the_same_of_an_aiff_file(tmp_path: Path) -> None:
    sound = tmp_path / "sound.aiff"
    ffmpeg(*lasting(SOUND, 3), str(sound))
    content = sound.read_bytes()
    sound.write_bytes(content[:12] + b"ANNO" + struct.pack(">I", 5) + b"hello" + content[12:])
    assert hear(sound)[0].facts.duration_seconds == pytest.approx(3, abs=0.01)


@pytest.mark.parametrize("codec", ["adpcm_ima_wav", "adpcm_ms", "pcm_alaw", "pcm_mulaw", "pcm_f32le", "pcm_u8"])
def test_the_length_of_a_wav_file_is_read_for_every_codec(tmp_path: Path, codec: str) -> None:
    ffmpeg(*lasting(SOUND, 5), "-c:a", codec, str(tmp_path / "sound.wav"))
    reader, _ = hear(tmp_path / "sound.wav")
    assert reader.stated == pytest.approx(5, abs=0.2)
    assert reader.facts.duration_seconds == pytest.approx(5, abs=0.2)


def test_more_than_the_cap_by_the_size_of_the_data_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "sound").write_bytes(wav_claiming(3 * 3600))
    refused = refusal(tmp_path / "sound")
    assert refused.reason is FailureReason.MEDIA_TOO_LARGE


@given(
    head=st.sampled_from([b"RIFF\0\1\0\0WAVE", b"FORM\0\0\1\0AIFF", b"RIFF\0\1\0\0AVI ", b"caff\0\1\0\0"]),
    rest=st.binary(max_size=200),
)
@settings(deadline=None)
def test_broken_chunks_say_nothing_and_do_no_harm(
    tmp_path_factory: pytest.TempPathFactory, head: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "broken.wav"
    path.write_bytes(head + rest)
    assert 0 <= chunks.present_share(path) <= 1
    assert (chunks.wav_seconds(path) or 0) >= 0
