"""Which format a recording is: whatever stands before the sound, and whatever else people send."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError
from analyzer_kit.media.sniff import demuxer_of_bytes, format_of
from tests.support.media.reading import hear, refusal, see
from tests.support.media.samples import ffmpeg

CASES = Path(__file__).parents[3] / "support" / "media" / "cases"
ID3 = b"ID3\x04\x00\x00\x00\x00\x10\x00" + bytes(16 * 128)
APE = b"APETAGEX" + (2000).to_bytes(4, "little") + (200).to_bytes(4, "little") + bytes(16) + bytes(200)
ID3V1 = b"TAG" + bytes(125)
NO_SYNC = bytes(range(1, 255))


@pytest.mark.parametrize(
    ("head", "demuxer"),
    [
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "wav"),
        (b"RIFF\x00\x00\x00\x00AVI LIST", "avi"),
        (b"FORM\x00\x00\x00\x00AIFFCOMM", "aiff"),
        (b"fLaC\x00\x00\x00\x22", "flac"),
        (b"OggS\x00\x02", "ogg"),
        (b"\x1a\x45\xdf\xa3\x9f", "matroska"),
        (b"\x00\x00\x00\x20ftypisom", "mov"),
        (b"\x00\x00\x00\x08wide\x00\x00", "mov"),
        (b"#!AMR\n", "amr"),
        (b"caff\x00\x01", "caf"),
        (b"G" + bytes(187) + b"G" + bytes(187), "mpegts"),
        (b"\xff\xfb\x90\x64" + bytes(200), "mp3"),
        (b"\xff\xf1\x50\x80\x1f\xfc" + bytes(200), "aac"),
        (b"#EXTM3U\n#EXT-X-VERSION:3\n", None),
        (b"ffconcat version 1.0\nfile x\n", None),
        (b"XXXX\x00\x00\x00\x00WAVE", None),
        (b"\xff\xff\xff\xff" + bytes(200), None),
        ("Dear grandma".encode("utf-16"), None),
        (b"", None),
    ],
)
def test_the_demuxer_is_chosen_by_the_first_bytes(head: bytes, demuxer: str | None) -> None:
    assert demuxer_of_bytes(head) == demuxer


@given(head=st.binary(max_size=400), tagged=st.booleans())
def test_any_bytes_get_a_demuxer_off_the_list_or_none(head: bytes, *, tagged: bool) -> None:
    allowed = {"wav", "avi", "aiff", "flac", "ogg", "matroska", "mov", "amr", "caf", "mpegts", "mp3", "aac", None}
    assert demuxer_of_bytes(head, tagged=tagged) in allowed


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "Z"]), min_size=16))
def test_text_is_never_taken_for_a_recording(text: str) -> None:
    known = (b"RIFF", b"FORM", b"RF64", b"BW64", b"OggS", b"fLaC", b"#!AMR", b"caff")
    content = text.encode()
    if not content.startswith(known) and content[4:8] not in {b"free", b"skip", b"wide", b"moov", b"mdat", b"ftyp"}:
        assert demuxer_of_bytes(content) in {None, "mov" if content[4:8] in {b"pnot", b"styp"} else None}


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Two seconds of a tone as plain frames without any tag, by extension."""
    folder = tmp_path_factory.mktemp("plain")
    made = {}
    for name, options in (
        ("mp3", ("-id3v2_version", "0", "-write_xing", "0", "-c:a", "libmp3lame")),
        ("mp2", ("-c:a", "mp2")),
        ("aac", ()),
    ):
        target = folder / f"tone.{name}"
        ffmpeg("-f", "lavfi", "-i", "sine=duration=2:sample_rate=44100", *options, str(target))
        made[name] = target.read_bytes()
    return made


@pytest.mark.parametrize("kind", ["mp3", "mp2", "aac"])
@pytest.mark.parametrize(
    "before",
    [
        b"",
        ID3,
        ID3 + ID3,
        APE,
        ID3 + APE,
        ID3V1,
        ID3 + bytes(3000),
        bytes(10),
        NO_SYNC * 100,
        b"\xff" * 50,
        ID3 + NO_SYNC,
    ],
    ids=[
        "nothing",
        "tag",
        "two tags",
        "APE",
        "both",
        "ID3v1",
        "padding",
        "ten zeros",
        "rubbish",
        "ones",
        "tag, rubbish",
    ],
)
def test_sound_is_found_behind_tags_and_rubbish(
    tmp_path: Path, sounds: dict[str, bytes], kind: str, before: bytes
) -> None:
    recording = tmp_path / "sound"
    recording.write_bytes(before + sounds[kind])
    demuxer = format_of(recording).demuxer
    assert demuxer == ("aac" if kind == "aac" else "mp3")
    reader, _ = hear(recording)
    assert reader.facts.duration_seconds == pytest.approx(2, abs=0.15)


def test_two_songs_with_rubbish_and_tags_between_them_are_read_to_the_end(
    tmp_path: Path, sounds: dict[str, bytes]
) -> None:
    joined = tmp_path / "joined.mp3"
    joined.write_bytes(ID3 + sounds["mp3"][:-100] + NO_SYNC * 5 + APE + ID3V1 + ID3 + sounds["mp3"])
    reader, _ = hear(joined)
    assert reader.facts.duration_seconds == pytest.approx(4, abs=0.3)


def test_a_stub_with_bytes_before_its_first_frame_is_an_mp3() -> None:
    assert format_of(CASES / "F18_ten_bytes_before.mp3")[:2] == ("mp3", "an MP3 file")


def test_what_follows_a_tag_is_looked_at(tmp_path: Path) -> None:
    for content, demuxer in ((b"fLaC" + bytes(100), "flac"), (b"OggS" + bytes(100), "ogg")):
        (tmp_path / "song").write_bytes(ID3 + content)
        assert format_of(tmp_path / "song")[0] == demuxer
    for content in (b"#EXTM3U\n", b"", b"\x89PNG\r\n\x1a\n"):
        (tmp_path / "song").write_bytes(ID3 + content)
        assert refusal(tmp_path / "song").reason is FailureReason.UNSUPPORTED_MEDIA


@pytest.mark.parametrize("suffix", ["wav", "aiff", "m4a", "mka", "avi"])
def test_a_tag_may_stand_before_any_recording(tmp_path: Path, suffix: str) -> None:
    plain, song = tmp_path / f"plain.{suffix}", tmp_path / f"song.{suffix}"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=2:sample_rate=16000", str(plain))
    song.write_bytes(ID3 + plain.read_bytes())
    assert hear(song)[1].size / 16_000 == pytest.approx(2.0, abs=0.2)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Two seconds of sound and picture in packets of 188 bytes."""
    target = tmp_path_factory.mktemp("stream") / "clip.ts"
    ffmpeg(
        *("-f", "lavfi", "-i", "testsrc=size=64x64:rate=25:duration=2", "-f", "lavfi", "-i", "sine=duration=2"),
        *("-c:v", "mpeg2video", "-c:a", "mp2", str(target)),
    )
    return target.read_bytes()


@pytest.mark.parametrize("kind", ["188", "192", "204", "in the middle", "behind 500 bytes", "behind 60,000 bytes"])
def test_a_transport_stream_has_packets_of_three_sizes(tmp_path: Path, stream: bytes, kind: str) -> None:
    packets = [stream[at : at + 188] for at in range(0, len(stream), 188)]
    written = {
        "188": stream,
        "192": b"".join(number.to_bytes(4) + packet for number, packet in enumerate(packets)),
        "204": b"".join(packet + bytes(16) for packet in packets),
        "in the middle": stream[100:],
        "behind 500 bytes": b"G" + bytes(499) + stream,
        "behind 60,000 bytes": NO_SYNC * 236 + stream,
    }[kind]
    (tmp_path / "stream").write_bytes(written)
    assert format_of(tmp_path / "stream")[:2] == ("mpegts", "an MPEG transport stream")
    assert hear(tmp_path / "stream")[0].facts.duration_seconds == pytest.approx(2, abs=0.2)
    assert see(tmp_path / "stream").facts.duration_seconds == pytest.approx(2, abs=0.2)


@pytest.mark.parametrize("before", [10, 500, 60_000])
def test_every_part_of_an_ogg_file_is_heard_behind_other_bytes(tmp_path: Path, before: int) -> None:
    target = tmp_path / "tone.ogg"
    ffmpeg("-f", "lavfi", "-i", "sine=duration=2:sample_rate=16000", "-c:a", "libopus", str(target))
    (tmp_path / "song").write_bytes((NO_SYNC * 237)[:before] + 2 * target.read_bytes())
    assert format_of(tmp_path / "song")[:2] == ("ogg", "an Ogg file")
    assert hear(tmp_path / "song")[0].facts.duration_seconds == pytest.approx(4, abs=0.2)


def test_a_name_of_a_page_alone_is_no_ogg_file() -> None:
    assert demuxer_of_bytes(b"about OggS \x00\x02 files" + bytes(500)) is None


def test_an_encrypted_segment_is_told_from_other_unknown_files(tmp_path: Path) -> None:
    segment, text = tmp_path / "segment.ts", tmp_path / "letter.txt"
    segment.write_bytes(random.Random(1).randbytes(188 * 300 // 16 * 16))
    text.write_bytes("Dear grandma, I am well. ".encode("utf-16") * 500)
    assert "encrypted as a whole" in refusal(segment).message
    assert "encrypted" not in refusal(text).message
    for of in (segment, text):
        assert refusal(of).reason is FailureReason.UNSUPPORTED_MEDIA


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x00\x00\x00\x18ftypisom", "an MP4 file"),
        (b"\x00\x00\x00\x18ftypmp42", "an MP4 file"),
        (b"\x00\x00\x00\x18ftypqt  ", "a QuickTime (MOV) file"),
        (b"\x00\x00\x00\x08wide\x00\x00\x00\x00mdat", "a QuickTime (MOV) file"),
        (b"\x00\x00\x00\x18ftyp3gp4", "a 3GP file"),
        (b"\x00\x00\x00\x18ftypM4A ", "an M4A file"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "a WebM file"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska", "a Matroska (MKV) file"),
        (b"fLaC\x00\x00\x00\x22", "a FLAC file"),
    ],
)
def test_a_stub_is_damaged_and_called_by_the_name_that_people_use(tmp_path: Path, head: bytes, name: str) -> None:
    (tmp_path / "stub").write_bytes(head + bytes(380))
    refused = refusal(tmp_path / "stub")
    assert refused.reason is FailureReason.CORRUPT_MEDIA
    assert f"looks like {name} but cannot be opened" in refused.message


def test_an_empty_file_is_named_as_that(tmp_path: Path) -> None:
    (tmp_path / "nothing").write_bytes(b"")
    with pytest.raises(AnalysisError, match="empty"):
        format_of(tmp_path / "nothing")
