"""Ogg streams that follow each other in one file: all of the sound is heard, and what is not looked at is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer_contract import FailureReason
from analyzer_kit.media.audio import SAMPLE_RATE
from analyzer_kit.media.parts import Part, PartFile, parts_of
from tests.support.media.reading import hear, refusal, see
from tests.support.media.samples import ffmpeg

LINKS = {
    "vorbis": ("-c:a", "libvorbis"),
    "opus": ("-c:a", "libopus"),
    "flac": ("-c:a", "flac"),
    "speex": ("-c:a", "libspeex"),
    "stereo": ("-c:a", "libvorbis", "-ac", "2", "-ar", "48000"),
}


@pytest.fixture(scope="module")
def links(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Two seconds of a tone of its own pitch in each codec, and a film of two seconds with a tone."""
    folder = tmp_path_factory.mktemp("links")
    made = {}
    for number, (name, options) in enumerate(LINKS.items()):
        tone = f"sine={PITCHES[number]}:duration=2:sample_rate=16000"
        ffmpeg("-f", "lavfi", "-i", tone, *options, str(folder / f"{name}.ogg"))
        made[name] = (folder / f"{name}.ogg").read_bytes()
    card, tone = "testsrc2=size=64x48:rate=10:duration=2", "sine=1200:duration=2:sample_rate=16000"
    film = ("-f", "lavfi", "-i", card, "-f", "lavfi", "-i", tone, "-c:v", "libtheora", "-c:a", "libvorbis")
    ffmpeg(*film, str(folder / "film.ogg"))
    made["film"] = (folder / "film.ogg").read_bytes()
    return made


PITCHES = (400, 600, 800, 1000, 1400)


def pitch(samples: np.ndarray[tuple[int], np.dtype[np.float32]]) -> float:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size)))
    return float(np.argmax(spectrum) * SAMPLE_RATE / samples.size)


@pytest.mark.parametrize(
    "chain",
    [
        ("vorbis", "vorbis"),
        ("vorbis", "stereo", "vorbis"),
        ("opus", "vorbis"),
        ("flac", "opus"),
        ("speex", "flac", "opus"),
        ("vorbis", "film"),
        ("film", "film"),
    ],
    ids="-".join,
)
def test_every_part_is_heard(tmp_path: Path, links: dict[str, bytes], chain: tuple[str, ...]) -> None:
    (tmp_path / "chain.ogg").write_bytes(b"".join(links[name] for name in chain))
    reader, samples = hear(tmp_path / "chain.ogg")
    assert reader.facts.duration_seconds == pytest.approx(2 * len(chain), abs=0.1)
    assert reader.coverage.share == 1
    expected = dict(zip(LINKS, PITCHES, strict=True), film=1200)
    for number, name in enumerate(chain):
        middle = int((2 * number + 1) * SAMPLE_RATE)
        assert pitch(samples[middle - 4000 : middle + 4000]) == pytest.approx(expected[name], abs=5)


@pytest.mark.parametrize("live", [True, False], ids=["live", "whole"])
def test_a_browsers_recorder_may_be_started_again(tmp_path: Path, *, live: bool) -> None:
    """Another codec or size in the second part is no damage."""
    parts = []
    for number, (size, codec) in enumerate((("64x48", "libopus"), ("96x64", "libvorbis"))):
        card, tone = f"testsrc2=size={size}:rate=10:duration=2", f"sine={PITCHES[number]}:duration=2"
        how = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-c:a", codec, "-live", str(int(live)))
        target = tmp_path / f"{number}.webm"
        ffmpeg("-f", "lavfi", "-i", card, "-f", "lavfi", "-i", tone, *how, str(target))
        parts.append(target.read_bytes())
    (tmp_path / "chain.webm").write_bytes(b"".join(parts))
    reader, samples = hear(tmp_path / "chain.webm")
    assert reader.facts.duration_seconds == pytest.approx(4, abs=0.1)
    assert pitch(samples[3 * SAMPLE_RATE - 4000 :][:8000]) == pytest.approx(PITCHES[1], abs=5)
    pictures = see(tmp_path / "chain.webm")
    assert pictures.facts.duration_seconds == pytest.approx(4, abs=0.1)
    assert not pictures.whole


def test_rubbish_between_two_parts_is_passed_over(tmp_path: Path, links: dict[str, bytes]) -> None:
    (tmp_path / "chain.ogg").write_bytes(links["vorbis"] + bytes(100_000) + links["opus"])
    assert hear(tmp_path / "chain.ogg")[0].facts.duration_seconds == pytest.approx(4, abs=0.1)


def test_a_part_that_cannot_be_read_is_named(tmp_path: Path, links: dict[str, bytes]) -> None:
    (tmp_path / "chain.ogg").write_bytes(links["vorbis"] + links["opus"][:200])
    reader, _ = hear(tmp_path / "chain.ogg")
    assert reader.facts.duration_seconds == pytest.approx(2, abs=0.1)
    assert 0.9 < reader.coverage.share < 1
    assert "1 of 2 parts of the file could not be heard" in reader.coverage.sentences[-1]


def test_pictures_of_later_parts_are_not_looked_at_and_said_to_be_there(
    tmp_path: Path, links: dict[str, bytes]
) -> None:
    (tmp_path / "chain.ogg").write_bytes(links["vorbis"] + links["film"] + links["film"])
    reader = see(tmp_path / "chain.ogg")
    assert reader.facts.duration_seconds == pytest.approx(4, abs=0.1)
    assert reader.seen_seconds == pytest.approx(2, abs=0.1)
    assert not reader.whole
    (tmp_path / "chain.ogg").write_bytes(links["vorbis"] * 2)
    assert refusal(tmp_path / "chain.ogg", "picture").reason is FailureReason.NO_VIDEO_STREAM


def test_parts_without_end_are_refused(tmp_path: Path, links: dict[str, bytes]) -> None:
    page = bytearray(links["vorbis"][:58])
    (tmp_path / "chain.ogg").write_bytes((bytes(page) + b"OggS" + bytes(23)) * 600)
    assert "600 parts" in refusal(tmp_path / "chain.ogg").message


@given(content=st.binary(max_size=300))
def test_any_bytes_have_parts_that_cover_them(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "parts"
    for data in (content, b"OggS" + content, b"OggS" + bytes(23) + b"OggS\x00\x02" + content):
        path.write_bytes(data)
        parts = parts_of(path)
        assert (parts[0].start, parts[-1].end) == (0, len(data))
        assert all(part.start <= part.end for part in parts)


def test_a_part_is_read_as_if_it_were_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"0123456789")
    with PartFile(tmp_path / "file", Part(3, 8)) as file:
        assert (file.read(), file.read()) == (b"34567", b"")
        assert file.seek(-2, 2) == 3
        assert (file.read(10), file.seek(1), file.read(2), file.seek(1, 1), file.tell()) == (b"67", 1, b"45", 4, 4)
        assert file.seek(100) == 100
        assert file.read(5) == b""
