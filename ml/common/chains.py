"""What happens to a genuine recording on its way to a listener, made by the encoders that phones and programs use.

Nothing here joins, repeats or removes anything: an accusation of what comes out is a false one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from ml.common.packages import run
from ml.common.speech_codecs import amr_nb, amr_wb, opus_with_dtx

Kind = Literal["phone", "camera", "messenger", "screen", "call"]
KINDS: Final[tuple[Kind, ...]] = ("phone", "camera", "messenger", "screen", "call")

_BAND = "highpass=f=300,lowpass=f=3400"
_GATE = "agate=threshold=0.01:range=0:ratio=9000:attack=5:release=80"
"""Closes to zeros in pauses: what noise suppression and voice activity transmission do to a line."""


@dataclass(frozen=True)
class Chain:
    """One way.

    Attributes:
        kind: of the recording that comes out.
        name: of the way.
        suffix: of the file.
        steps: arguments of ffmpeg between its input and its output, for one encoding after the other.
        encode: in place of the last encoding: takes the sound that came out of the steps, as WAV, and writes the file.
    """

    kind: Kind
    name: str
    suffix: str
    steps: tuple[str, ...] = ()
    encode: Callable[[Path, Path], None] | None = None


SOUND: Final = (
    Chain("phone", "memo, AAC 64 kbit/s", "m4a", ("-ar 44100 -c:a aac -b:a 64k",)),
    Chain("phone", "memo, AAC 32 kbit/s, 24 dB quieter", "m4a", ("-af volume=-24dB -ar 44100 -c:a aac -b:a 32k",)),
    Chain("phone", "WAV, 12 dB quieter", "wav", ("-af volume=-12dB -c:a pcm_s16le",)),
    Chain("phone", "WAV, 8 bit, 8 kHz", "wav", ("-ar 8000 -c:a pcm_u8",)),
    Chain("phone", "dictaphone, IMA ADPCM", "wav", ("-c:a adpcm_ima_wav",)),
    Chain("phone", "memo with gain control, AAC 48 kbit/s", "m4a", ("-af dynaudnorm -ar 48000 -c:a aac -b:a 48k",)),
    Chain("messenger", "Opus 6 kbit/s", "ogg", ("-ar 48000 -c:a libopus -b:a 6k -application voip",)),
    Chain("messenger", "Opus 16 kbit/s", "ogg", ("-ar 48000 -c:a libopus -b:a 16k -application voip",)),
    Chain("messenger", "Opus 24 kbit/s", "opus", ("-ar 48000 -c:a libopus -b:a 24k -application voip",)),
    Chain("messenger", "Opus 16 kbit/s with DTX", "ogg", ("-ar 48000 -c:a pcm_s16le",), opus_with_dtx),
    Chain(
        "messenger",
        "forwarded: Opus, AAC, Opus",
        "ogg",
        (
            "-ar 48000 -c:a libopus -b:a 16k -f ogg",
            "-ar 44100 -c:a aac -b:a 32k -f mp4",
            "-ar 48000 -c:a libopus -b:a 12k",
        ),
    ),
    Chain("messenger", "MP3 32 kbit/s", "mp3", ("-ar 22050 -c:a libmp3lame -b:a 32k",)),
    Chain("call", "AMR-NB 12.2 kbit/s with DTX", "amr", (f"-af {_BAND} -ar 8000 -c:a pcm_s16le",), amr_nb),
    Chain("call", "AMR-WB 12.65 kbit/s with DTX", "amr", ("-ar 16000 -c:a pcm_s16le",), amr_wb),
    Chain("call", "GSM full rate", "wav", (f"-af {_BAND} -ar 8000 -c:a libgsm_ms",)),
    Chain("call", "G.711 A-law", "wav", (f"-af {_BAND} -ar 8000 -c:a pcm_alaw",)),
    Chain("call", "G.711 µ-law, 12 dB quieter", "wav", (f"-af {_BAND},volume=-12dB -ar 8000 -c:a pcm_mulaw",)),
    Chain("call", "noise gate, G.711 A-law", "wav", (f"-af {_GATE},{_BAND} -ar 8000 -c:a pcm_alaw",)),
    Chain("call", "noise gate, recorder with AAC", "m4a", (f"-af {_GATE} -ar 16000 -c:a aac -b:a 24k",)),
    Chain("call", "Speex", "ogg", ("-ar 8000 -c:a libspeex -b:a 11k",)),
    Chain(
        "call",
        "GSM, then a recorder's MP3",
        "mp3",
        (f"-af {_BAND} -ar 8000 -c:a libgsm_ms -f wav", "-ar 8000 -b:a 16k"),
    ),
)

_H264 = "-c:v libx264 -preset veryfast -pix_fmt yuv420p"
_EVEN = "scale=trunc(iw/2)*2:trunc(ih/2)*2"
_SMALL = "scale='min(640,iw)':-2"
_DESKTOP = "scale=-2:400,pad=1280:720:(ow-iw)/2:(oh-ih)/2:color=0x30343c"

PICTURE: Final = (
    Chain("camera", "phone, H.264", "mp4", (f"-vf {_EVEN} {_H264} -crf 20 -c:a aac -b:a 96k",)),
    Chain("camera", "phone, HEVC", "mov", (f"-vf {_EVEN} -c:v libx265 -preset ultrafast -crf 24 -c:a aac",)),
    Chain("camera", "old camera, Motion JPEG", "avi", (f"-vf {_SMALL} -c:v mjpeg -q:v 4 -c:a pcm_s16le",)),
    Chain("camera", "phone of 2004, H.263 at 15 frames a second", "3gp", ("-r 15 -s 352x288 -c:v h263 -b:v 200k -an",)),
    Chain(
        "camera", "dim light: 12 frames a second, stored as 30", "mp4", (f"-vf fps=12,fps=30,{_EVEN} {_H264} -c:a aac",)
    ),
    Chain("camera", "stored as 60 frames a second", "mp4", (f"-vf fps=60,{_EVEN} {_H264} -c:a aac",)),
    Chain("messenger", "video, H.264 640 wide", "mp4", (f"-vf {_SMALL} {_H264} -crf 30 -c:a aac -b:a 48k",)),
    Chain(
        "messenger",
        "video, forwarded",
        "mp4",
        (f"-vf {_SMALL} {_H264} -crf 30 -c:a aac -b:a 48k -f mp4", f"-vf fps=25 {_H264} -crf 32 -c:a aac -b:a 32k"),
    ),
    Chain(
        "screen",
        "player on a desktop, still before and after",
        "mp4",
        (f"-vf fps=30,{_DESKTOP},tpad=start=60:stop=60:start_mode=clone:stop_mode=clone {_H264} -crf 23 -an",),
    ),
    Chain(
        "screen",
        "60 frames a second, only what changes",
        "mkv",
        (f"-vf fps=60,{_DESKTOP},mpdecimate -vsync vfr {_H264} -an",),
    ),
    Chain(
        "call",
        "video call, VP8, two stalls",
        "webm",
        (
            "-vf fps=15,scale=480:-2,select='not(between(n,30,36)+between(n,62,70))' -vsync vfr "
            "-c:v libvpx -deadline realtime -b:v 250k -c:a libopus -b:a 24k",
        ),
    ),
)


def send(chain: Chain, source: tuple[str, ...], target: Path) -> None:
    """Write what comes out of a way.

    Args:
        chain: the way.
        source: ffmpeg's arguments for its first input, such as ``-i FILE``.
        target: the file; its folder exists.

    Raises:
        DataMissing: an encoder is missing or fails.
    """
    between = [target.with_suffix(f".step{number}") for number in range(len(chain.steps))]
    given = source
    try:
        for number, step in enumerate(chain.steps):
            last = number == len(chain.steps) - 1 and chain.encode is None
            out = target if last else between[number]
            form = ("-f", "wav") if not last and "-f " not in step else ()
            command = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-bitexact", *given, *_words(step), *form, str(out)]
            run(command, f"{chain.kind}, {chain.name}")
            given = ("-i", str(out))
        if chain.encode is not None:
            chain.encode(between[-1], target)
    finally:
        for path in between:
            path.unlink(missing_ok=True)


def _words(step: str) -> list[str]:
    return step.split(" ")
