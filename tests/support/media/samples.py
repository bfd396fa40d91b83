"""Makes the sample media for the demo and the tests: ``python -m tests.support.media.samples OUTDIR``.

Needs ffmpeg and espeak-ng on PATH, and apt-get for the one genuine recording. Nothing that it makes is committed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from ml.context.scripts import Call, load_calls, transcribed
from tests.support.kept import kept
from tests.support.media import scene
from tests.support.media.scene import FRAMES_PER_SECOND, HEIGHT, WIDTH, Scene

GENUINE_PACKAGE = "pocketsphinx-testdata"
GENUINE_MEMBER = "usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav"
"""A sentence of "Sense and Sensibility", read by a LibriVox volunteer: public domain."""

VOICE = Path(__file__).parent / "cases" / "voice.flac"
"""Five seconds of the same."""

SPEECH = (
    "Hello grandma, it is me. I had a little accident, and I need money today. "
    "Please do not tell anybody! Can you send it, right now?"
)

PLAIN = ("-v", "en-us+m3", "-s", "140")
"""A voice of espeak-ng, and how fast it speaks: our own voice model calls it ``Suspicious``."""
CLEAR = ("-v", "en-us+f2", "-s", "110", "-p", "35")
"""Another one, slower and lower, of which the model is as sure as it has to be for ``LikelyFake``."""

CALLS = {"scam-call.wav": "en-grandchild-accident", "bank-call.wav": "en-bank-reminder"}
"""The scripted calls that the demo has judged by their words: by a fraud, and by a bank."""

ONE_THREAD = ("-threads", "1")
"""Options of a file that ffmpeg writes."""

CLIP_SECONDS = 8
CLIP_FRAMES = CLIP_SECONDS * FRAMES_PER_SECOND


@dataclass(frozen=True)
class Edit:
    """What was done to edited.mp4, in its own seconds.

    Attributes:
        dropped_at: where frames are missing.
        dropped_frames: how many.
        duplicate_start: where the repeated stretch begins.
        duplicate_frames: its length.
    """

    dropped_at: float
    dropped_frames: int
    duplicate_start: float
    duplicate_frames: int


_DROP_FROM, _DROPPED = 60, 25
_COPY_FROM, _COPIED = 120, 20

EDIT = Edit(
    dropped_at=_DROP_FROM / FRAMES_PER_SECOND,
    dropped_frames=_DROPPED,
    duplicate_start=(_COPY_FROM + _COPIED - _DROPPED) / FRAMES_PER_SECOND,
    duplicate_frames=_COPIED,
)


class MediaError(Exception):
    """A sample could not be made; says which tool is missing or failed."""


def make_samples(folder: Path) -> dict[str, Path]:
    """Make the samples of the demo and return them by name; what is there already is kept.

    Raises:
        MediaError: a tool is missing or failed.
    """
    makers: dict[str, Callable[[Path], None]] = {
        "genuine.wav": genuine_recording,
        "synthetic.wav": lambda target: synthetic_speech(target, voice=CLEAR),
        "clean.mp4": lambda target: _kept(clean_clip, target),
        "edited.mp4": lambda target: _kept(edited_clip, target),
        "not-a-video.mp4": text_file,
    }
    for name, script in CALLS.items():
        makers[name] = partial(spoken_call, script=script)
        makers[f"{name}.transcript.json"] = partial(call_transcript, script=script, recording=folder / name)
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, make in makers.items():
        paths[name] = folder / name
        if not paths[name].exists():
            unfinished = folder / f".partial-{name}"
            make(unfinished)
            unfinished.replace(paths[name])
    return paths


def _kept(make: Callable[[Path], None], target: Path) -> None:
    """Write a clip; drawing and encoding it takes seconds, so that is done once on a machine."""
    sources = [Path(__file__).read_bytes(), Path(scene.__file__).read_bytes(), VOICE.read_bytes()]
    shutil.copyfile(kept("clips", repr((make.__name__, _encoder(), sources)).encode(), make), target)


@cache
def _encoder() -> tuple[int, int]:
    """Return what tells one version of ffmpeg from another."""
    program = shutil.which("ffmpeg")
    state = Path(program or "/").stat()
    return state.st_size, state.st_mtime_ns


def genuine_recording(target: Path) -> None:
    """Write a person reading a sentence, out of a Debian package (not installed, only unpacked)."""
    installed = Path("/") / GENUINE_MEMBER
    if installed.exists():
        shutil.copyfile(installed, target)
        return
    with unpacked(GENUINE_PACKAGE) as root:
        shutil.copyfile(root / GENUINE_MEMBER, target)


@contextmanager
def unpacked(package: str) -> Iterator[Path]:
    """Yield a folder with the files of a Debian package, which is not installed.

    Raises:
        MediaError: it cannot be downloaded.
    """
    with tempfile.TemporaryDirectory() as folder:
        _run("apt-get", "download", "-q", package, cwd=Path(folder))
        _run("dpkg-deb", "-x", str(next(Path(folder).glob("*.deb"))), "unpacked", cwd=Path(folder))
        yield Path(folder) / "unpacked"


def synthetic_speech(target: Path, text: str = SPEECH, voice: Sequence[str] = PLAIN) -> None:
    """Write speech of a formant synthesiser, whose options say with which voice."""
    _run("espeak-ng", *voice, "-w", str(target), text)


def spoken_call(target: Path, script: str) -> None:
    """Write a scripted call, read by the same synthesiser."""
    synthetic_speech(target, " ".join(sentence for _, sentence in _scripted(script).turns))


def call_transcript(target: Path, script: str, recording: Path) -> None:
    """Write what is said in it, as Amazon Transcribe writes it; the times are spread over the recording's length."""
    with wave.open(str(recording)) as sound:
        seconds = sound.getnframes() / sound.getframerate()
    target.write_bytes(transcribed(_scripted(script), seconds))


def _scripted(name: str) -> Call:
    return next(call for call in load_calls() if call.name == name)


def clean_clip(target: Path) -> None:
    """Write eight seconds of a moving scene with sound, as a camera would record them."""
    encode_frames(target, Scene().frames(range(CLIP_FRAMES)))


def edited_clip(target: Path) -> None:
    """Write the same scene, encoded again, with one stretch missing and another one shown twice (:data:`EDIT`)."""
    order = [
        *range(_DROP_FROM),
        *range(_DROP_FROM + _DROPPED, _COPY_FROM + _COPIED),
        *range(_COPY_FROM, _COPY_FROM + _COPIED),
        *range(_COPY_FROM + _COPIED, CLIP_FRAMES),
    ]
    encode_frames(target, Scene().frames(order))


def text_file(target: Path) -> None:
    """Write plain text, whatever its name says."""
    target.write_text("This is not a video. It is a letter to grandma.\n" * 20)


def encode_frames(target: Path, frames: object, *, crf: int = 26, sound: bool = True) -> None:
    """Encode gray frames (``HEIGHT`` x ``WIDTH`` uint8, 25 a second) as H.264 in MP4; somebody reads beside it."""
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "gray"]
    command += ["-s", f"{WIDTH}x{HEIGHT}", "-r", str(FRAMES_PER_SECOND), "-i", "-"]
    if sound:
        command += ["-i", str(VOICE), "-f", "lavfi", "-i", "anoisesrc=color=pink:amplitude=0.002:seed=7:r=16000"]
        command += ["-filter_complex", "[1:a][2:a]amix=duration=longest:normalize=0[sound]"]
        command += ["-map", "0:v", "-map", "[sound]", "-shortest", "-c:a", "aac", "-b:a", "64k"]
    command += ["-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", "yuv420p"]
    command += ["-movflags", "+faststart", *ONE_THREAD, "-f", "mp4", str(target)]
    data = b"".join(frame.tobytes() for frame in frames)  # type: ignore[attr-defined]
    _run(*command, stdin=data)


def ffmpeg(*arguments: str) -> None:
    """Run ffmpeg with these arguments, the last of which is the file to write; silent unless it fails.

    What it makes without reading a file, it makes once on a machine: the same arguments give a copy of that.
    One thread: on pictures as small as those of the tests, several take up to ten times as much of the processors.

    Raises:
        MediaError: it failed, with what it said.
    """
    *how, target = arguments
    command = ("ffmpeg", "-v", "error", "-y", *how, *ONE_THREAD)
    if not _drawn(how):
        _run(*command, target)
        return
    key = repr((command, _encoder())).encode()
    shutil.copyfile(kept("ffmpeg", key, lambda path: _run(*command, str(path)), Path(target).suffix), target)


def _drawn(how: Sequence[str]) -> bool:
    """Return whether ffmpeg reads no file: all of its input are test cards, tones and noise."""
    return all(tuple(how[at - 2 : at]) == ("-f", "lavfi") for at, part in enumerate(how) if part == "-i")


def truncated(source: Path, target: Path, share: float) -> None:
    """Write the first ``share`` (0 to 1) of the bytes of ``source``."""
    data = source.read_bytes()
    target.write_bytes(data[: int(len(data) * share)])


def hls_playlist(target: Path, url: str) -> None:
    """Write a playlist whose only segment is ``url``."""
    target.write_text(
        f"#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{url}\n#EXT-X-ENDLIST\n"
    )


def concat_playlist(target: Path, url: str) -> None:
    """Write an ffconcat script that plays ``url``."""
    target.write_text(f"ffconcat version 1.0\nfile '{url}'\n")


def _run(*command: str, cwd: Path | None = None, stdin: bytes | None = None) -> None:
    try:
        subprocess.run(command, check=True, cwd=cwd, input=stdin, capture_output=True)
    except FileNotFoundError as error:
        raise MediaError(f"{command[0]} is not installed: apt-get install ffmpeg espeak-ng") from error
    except subprocess.CalledProcessError as error:
        message = error.stderr.decode(errors="replace").strip()
        raise MediaError(f"{' '.join(command[:6])} … failed: {message}") from error


def main() -> None:
    """Make the samples in the folder that the command line names."""
    folder = Path(sys.argv[1])
    for name, path in make_samples(folder).items():
        sys.stdout.write(f"{name}: {path.stat().st_size / 1024:.0f} kB\n")


if __name__ == "__main__":
    main()
