"""Pictures as a person sees them, and to their end: turned phones, live recordings, times that start again."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from analyzer_kit.analysis import Caps
from analyzer_kit.media.clock import Clock
from analyzer_kit.media.gray import GrayFrame
from analyzer_kit.media.transport import is_steady
from analyzer_kit.media.turning import Turn
from analyzer_kit.media.video import STRETCH_SECONDS, STRETCHES, VideoReader
from tests.support.media.reading import see
from tests.support.media.samples import ONE_THREAD, ffmpeg
from video_analyzer.shrinking import shrink

CASES = Path(__file__).parents[3] / "support" / "media" / "cases"
LONG, RATE = 300, 5
CARD = ("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=5:duration=2")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "20")


Matrix = tuple[int, int, int, int]


def first_frame(recording: Path, *, own: bool = True) -> tuple[VideoReader, GrayFrame]:
    reader = VideoReader(recording, Caps(threads=1), shrink if own else None)
    frames = [frame for _, frame in reader.frames()]
    return reader, frames[0]


@pytest.fixture(scope="module")
def upright(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("turned") / "upright.mp4"
    ffmpeg(*CARD, *H264, str(target))
    return target


def with_matrix(source: Path, target: Path, matrix: Matrix) -> None:
    """Write ``source`` with another matrix in its track's header (ISO 14496-12, 8.3.2)."""
    data = bytearray(source.read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    across, down, back_across, back_down = matrix
    for number, value in enumerate((across, down, 0, back_across, back_down, 0, 0, 0)):
        data[place + 4 * number : place + 4 * number + 4] = (value << 16).to_bytes(4, signed=True)
    target.write_bytes(bytes(data))


@pytest.mark.parametrize("own", [True, False], ids=["luma", "swscale"])
@pytest.mark.parametrize(
    ("matrix", "turned"),
    [
        ((1, 0, 0, 1), lambda picture: picture),
        ((0, 1, -1, 0), lambda picture: np.rot90(picture, -1)),
        ((-1, 0, 0, -1), lambda picture: np.rot90(picture, 2)),
        ((0, -1, 1, 0), np.rot90),
        ((-1, 0, 0, 1), np.fliplr),
        ((1, 0, 0, -1), np.flipud),
        ((0, 1, 1, 0), np.transpose),
        ((0, -1, -1, 0), lambda picture: np.rot90(picture, 2).T),
    ],
    ids=[
        "upright",
        "clockwise",
        "upside down",
        "counter-clockwise",
        "mirrored",
        "flipped",
        "transposed",
        "transversed",
    ],
)
def test_the_picture_is_turned_as_it_is_shown(
    tmp_path: Path, upright: Path, matrix: Matrix, turned: Callable[[GrayFrame], GrayFrame], *, own: bool
) -> None:
    with_matrix(upright, tmp_path / "turned.mp4", matrix)
    _, plain = first_frame(upright, own=own)
    reader, picture = first_frame(tmp_path / "turned.mp4", own=own)
    assert np.array_equal(picture, turned(plain))
    assert picture.flags.c_contiguous
    assert (reader.facts.height, reader.facts.width) == picture.shape


def test_a_turned_phone_is_as_sharp_as_one_held_upright(tmp_path: Path) -> None:
    ffmpeg(*("-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=5:duration=1"), *H264, str(tmp_path / "wide.mp4"))
    with_matrix(tmp_path / "wide.mp4", tmp_path / "turned.mp4", (0, 1, -1, 0))
    reader, picture = first_frame(tmp_path / "turned.mp4")
    assert (reader.facts.width, reader.facts.height) == (720, 1280)
    assert picture.shape == (569, 320)


def test_a_turned_film_of_a_phone_has_the_size_that_a_person_sees() -> None:
    facts = see(CASES / "F22_rotated_90.mov").facts
    assert (facts.width, facts.height) == (320, 568)


def test_a_turn_and_its_size_belong_together() -> None:
    picture = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for turn in (Turn(), Turn(quarter=True), Turn(right_to_left=True), Turn(quarter=True, upside_down=True)):
        assert turn.apply(picture).shape[::-1] == turn.shown(3, 2)


@pytest.mark.parametrize("kind", ["mp4", "mov", "mkv"])
def test_the_last_frame_may_stay_for_long(tmp_path: Path, kind: str) -> None:
    clip = tmp_path / f"held.{kind}"
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("mpeg4", rate=RATE)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        frames = [*(av.VideoFrame(64, 48, "yuv420p") for _ in range(10)), None]
        packets = [packet for frame in frames for packet in stream.encode(frame)]
        packets[-1].duration = 8  # of the encoder's ticks, one a frame
        container.mux(packets)
    reader = see(clip)
    assert reader.facts.duration_seconds == pytest.approx((9 + 8) / RATE, abs=0.01)
    assert reader.facts.frames == 10
    assert reader.whole


def test_a_frame_may_stay_for_long_in_the_middle(tmp_path: Path) -> None:
    ffmpeg(*CARD, "-vf", "setpts=PTS+gte(N\\,5)*6/TB", "-fps_mode", "vfr", *H264, str(tmp_path / "held.mp4"))
    reader = see(tmp_path / "held.mp4")
    assert reader.facts.duration_seconds == pytest.approx(8, abs=0.3)
    assert reader.whole


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five minutes with a key frame every four seconds, live, in a transport stream."""
    target = tmp_path_factory.mktemp("long") / "long.ts"
    ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=96x64:rate={RATE}:duration={LONG}", *H264, str(target))
    return target


def live(source: Path, target: Path, *options: str) -> None:
    """Write ``source`` to a pipe: nothing can be added to its header afterwards."""
    command = ["ffmpeg", "-v", "error", "-i", str(source), *options, *ONE_THREAD, "-"]
    with target.open("wb") as file, subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=file) as cat:
        subprocess.run(command, check=True, stdout=cat.stdin)


def subtitled(source: Path, target: Path) -> None:
    """Write ``source`` with subtitles that are longer by far, without the tags that say how long each track is."""
    words = target.with_suffix(".srt")
    words.write_text("1\n00:00:01,000 --> 00:50:00,000\nHello grandma\n")
    ffmpeg("-i", str(source), "-i", str(words), "-c:v", "copy", "-c:s", "srt", "-f", "matroska", str(target))
    target.write_bytes(target.read_bytes().replace(b"DURATION", b"DURATIOM"))


def twice(source: Path, target: Path) -> None:
    half = target.with_suffix(".half.ts")
    ffmpeg("-t", str(LONG / 2), "-i", str(source), "-c", "copy", str(half))
    target.write_bytes(half.read_bytes() * 2)


WRITERS = {
    "transport stream": lambda source, target: target.write_bytes(source.read_bytes()),
    "its time stamps start again": twice,
    "WebM": lambda source, target: live(
        source,
        target,
        "-c:v",
        "libvpx",
        "-deadline",
        "realtime",
        "-cpu-used",
        "8",
        "-g",
        "20",
        "-live",
        "1",
        "-f",
        "webm",
    ),
    "Matroska": lambda source, target: live(source, target, "-c", "copy", "-live", "1", "-f", "matroska"),
    "AVI": lambda source, target: live(source, target, "-c:v", "mpeg4", "-g", "20", "-f", "avi"),
    "fragments": lambda source, target: live(
        source, target, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", "-f", "mp4"
    ),
    "subtitles": subtitled,
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_long_recording_without_a_stated_length_is_looked_at_to_its_end(
    tmp_path: Path, long: Path, kind: str
) -> None:
    WRITERS[kind](long, tmp_path / "recording")
    reader = VideoReader(tmp_path / "recording", Caps(threads=1))
    times = [time for time, _ in reader.frames()]
    assert reader.facts.duration_seconds == pytest.approx(LONG, abs=1)
    assert len(reader.begins) == STRETCHES
    assert times == sorted(times)
    assert times[-1] == pytest.approx(LONG, abs=1)
    assert reader.seen_seconds == pytest.approx(STRETCHES * STRETCH_SECONDS, rel=0.1)
    assert not reader.whole


def test_a_transport_stream_is_steady_unless_its_times_start_anew(tmp_path: Path, long: Path) -> None:
    assert is_steady(long)
    twice(long, tmp_path / "twice.ts")
    assert not is_steady(tmp_path / "twice.ts")
    (tmp_path / "none").write_bytes(b"G" + bytes(50_000))
    assert not is_steady(tmp_path / "none")


def test_a_header_that_states_too_little_hides_nothing(tmp_path: Path, long: Path) -> None:
    """The header says half a minute: what was not looked at is said."""
    clip = tmp_path / "clip.mkv"
    ffmpeg("-i", str(long), "-c", "copy", "-fflags", "+bitexact", str(clip))
    data = clip.read_bytes().replace(b"DURATION", b"DURATIOM")
    place = data.index(b"\x44\x89\x88") + 3
    clip.write_bytes(data[:place] + struct.pack(">d", 30_000.0) + data[place + 8 :])
    reader = see(clip)
    assert reader.facts.duration_seconds == pytest.approx(LONG, abs=1)
    assert not reader.whole


def test_a_clock_goes_on_where_times_start_anew() -> None:
    clock = Clock(0.2, restarts=True)
    assert [clock.seconds(time) for time in (100.0, 100.2, None, 3.0, 3.2)] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    clock = Clock(0.2, restarts=True)
    assert [clock.seconds(time) for time in (1.4, 8.2, 1.4, 1.6, 1.5)] == pytest.approx([0, 6.8, 7.0, 7.2, 7.1])
    clock = Clock(0.2)
    assert [clock.seconds(time) for time in (None, 0.2, 50.0, 1.0)] == pytest.approx([0, 0.2, 50, 1])
