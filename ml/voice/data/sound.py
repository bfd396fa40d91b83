"""Sound as float32 mono arrays: decoding, coding, silence, loudness. The same for both classes."""

from __future__ import annotations

import hashlib
import io
import wave
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
import numpy.typing as npt

from analyzer_kit.media.audio import SAMPLE_RATE
from ml.common.packages import DataMissing, run

Sound = npt.NDArray[np.float32]
"""Mono sound ``[samples]``, full scale 1.0; every function states its sample rate."""

RATE: Final = SAMPLE_RATE
"""Samples per second of every clip."""

_FRAME: Final = 0.02  # s
_ACTIVE_DB: Final = -40.0  # relative to the loud frames (95th percentile); below it is silence
_QUIET: Final = ["ffmpeg", "-hide_banner", "-loglevel", "error"]
_RAW_NAMES: Final = {".g722": "g722", ".gsm": "gsm"}  # files without a header


def rng(*parts: object) -> np.random.Generator:
    """Return a random generator that depends on these parts only: no clip's sound depends on another clip."""
    digest = hashlib.sha256("|".join(map(str, parts)).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


def decode(path: Path, rate: int = RATE) -> Sound:
    """Decode a file and resample it to ``rate``; stop at the first damaged frame.

    Raises:
        DataMissing: the file cannot be read.
    """
    try:
        with av.open(str(path), format=_RAW_NAMES.get(path.suffix)) as container:
            return resampled(_until_damaged(container), rate)
    except (av.FFmpegError, IndexError) as error:
        raise DataMissing(f"the sound of {path.name}: {error}") from error


def _until_damaged(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    with suppress(av.FFmpegError):
        yield from container.decode(audio=0)


def resampled(frames: Iterable[av.AudioFrame], rate: int) -> Sound:
    """Return the sound of decoded frames, mono, at a sample rate."""
    resampler = av.AudioResampler(format="flt", layout="mono", rate=rate)
    parts = [part.to_ndarray()[0] for frame in frames for part in resampler.resample(frame)]
    parts += [part.to_ndarray()[0] for part in resampler.resample(None)]
    return np.concatenate(parts).astype(np.float32) if parts else np.zeros(0, np.float32)


@dataclass(frozen=True)
class Coder:
    """An audio encoder with its settings.

    Attributes:
        name: FFmpeg's name of the encoder.
        container: FFmpeg's name of the file format.
        rate: sample rate of the coded sound in Hz; a low rate limits the bandwidth.
        arguments: FFmpeg's ``-b:a`` or ``-q:a`` and its value.
    """

    name: str
    container: str
    rate: int
    arguments: Sequence[str] = ()


def transcode(sound: Sound, rate: int, coder: Coder, to: int = RATE) -> Sound:
    """Encode and decode sound.

    Args:
        sound: at ``rate``.
        rate: in Hz.
        coder: encoder and its settings.
        to: sample rate of the result, in Hz.

    Returns:
        Sound of the same duration: padding of the coder is cut off at the end.

    Raises:
        DataMissing: FFmpeg has no such encoder.
    """
    clipped = resample(np.clip(sound, -1, 1), rate, coder.rate)
    coded = _encoded_by_program(clipped, coder) if coder.name in _BY_PROGRAM else _encoded(clipped, coder)
    options = {"sample_rate": str(coder.rate)} if coder.container in {"mulaw", "g722"} else {}
    try:
        form = _READ_AS.get(coder.container, coder.container)
        with av.open(io.BytesIO(coded), "r", format=form, options=options) as file:
            decoded = resampled(file.decode(audio=0), to)
    except av.FFmpegError as error:
        raise DataMissing(f"sound through {coder.name}: {error}") from error
    length = round(len(sound) * to / rate)
    return np.pad(decoded[:length], (0, max(0, length - len(decoded))))


_BY_PROGRAM: Final = {"libvorbis", "libgsm"}
"""Encoders of Debian's FFmpeg that PyAV lacks."""
_READ_AS: Final = {"adts": "aac"}


def _encoded_by_program(sound: Sound, coder: Coder) -> bytes:
    samples = sound.astype("<f4").tobytes()
    arguments = ["-f", "f32le", "-ar", str(coder.rate), "-ac", "1", "-i", "-", "-c:a", coder.name, *coder.arguments]
    return run([*_QUIET, *arguments, "-f", coder.container, "-"], f"sound through {coder.name}", stdin=samples)


def _encoded(sound: Sound, coder: Coder) -> bytes:
    """Return the encoded sound without starting a program, since thousands of clips are encoded."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=coder.container) as file:
        stream = file.add_stream(coder.name, rate=coder.rate, layout="mono")
        if not isinstance(stream, av.AudioStream):
            raise DataMissing(f"{coder.name} is no audio encoder")
        if "-b:a" in coder.arguments:
            stream.bit_rate = int(coder.arguments[1].removesuffix("k")) * 1000
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound)[None], format="flt", layout="mono")
        frame.sample_rate = coder.rate
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return buffer.getvalue()


def resample(sound: Sound, rate: int, to: int = RATE) -> Sound:
    """Return the sound at another sample rate."""
    if rate == to:
        return sound
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound, np.float32)[None], format="flt", layout="mono")
    frame.sample_rate = rate
    length = round(len(sound) * to / rate)
    result = resampled([frame], to)[:length]
    return np.pad(result, (0, length - len(result)))


def frame_db(sound: Sound, rate: int = RATE) -> npt.NDArray[np.float64]:
    """Return the level of each frame of 20 ms in dB of full scale, at least -120."""
    size = round(_FRAME * rate)
    frames = sound[: len(sound) // size * size].reshape(-1, size).astype(np.float64)
    return 10 * np.log10(np.maximum((frames**2).mean(axis=1), 1e-12))


def active_frames(sound: Sound, rate: int = RATE) -> npt.NDArray[np.bool_]:
    """Return which frames of 20 ms are less than 40 dB below the loud ones (95th percentile) and above -70 dB."""
    levels = frame_db(sound, rate)
    if not len(levels):
        return np.zeros(0, bool)
    return levels > max(float(np.percentile(levels, 95)) + _ACTIVE_DB, -70.0)


def trim(sound: Sound, rate: int = RATE, keep: float = 0.1) -> Sound:
    """Cut off everything more than ``keep`` seconds before the first or after the last active frame."""
    active = np.flatnonzero(active_frames(sound, rate))
    if not len(active):
        return sound[:0]
    size, margin = round(_FRAME * rate), round(keep * rate)
    return sound[max(0, active[0] * size - margin) : (active[-1] + 1) * size + margin]


def cut(sound: Sound, least: float, most: float, rate: int = RATE) -> list[Sound]:
    """Cut a long recording into pieces of ``least`` to ``most`` seconds, each cut to its active part.

    A cut is in the quietest fifth of a second between ``most / 2`` and ``most``; shorter pieces are left out.
    """
    size = round(_FRAME * rate)
    shortest, longest = round(most / 2 * rate), round(most * rate)
    result = []
    while len(sound) > longest:
        power = (sound[shortest:longest] ** 2)[: (longest - shortest) // size * size].reshape(-1, size).mean(axis=1)
        at = shortest + (int(np.convolve(power, np.ones(10), "valid").argmin()) + 5) * size
        result.append(trim(sound[:at], rate))
        sound = sound[at:]
    return [piece for piece in (*result, trim(sound, rate)) if len(piece) >= least * rate]


def join(pieces: Sequence[Sound], rate: int = RATE) -> Sound:
    """Concatenate pieces, each faded in and out over 10 ms, so that joins do not click."""
    ramp = np.linspace(0, 1, round(0.01 * rate), dtype=np.float32)
    result = []
    for piece in pieces:
        faded = piece.copy()
        size = min(len(ramp), len(faded) // 2)
        faded[:size] *= ramp[:size]
        faded[len(faded) - size :] *= ramp[:size][::-1]
        result.append(faded)
    return np.concatenate(result) if result else np.zeros(0, np.float32)


def at_level(sound: Sound, db: float) -> Sound:
    """Scale the sound so that its active frames have a level ``db`` in dB of full scale (RMS)."""
    active = active_frames(sound)
    levels = frame_db(sound)[active] if active.any() else frame_db(sound)
    level = 10 * np.log10(np.mean(10 ** (levels / 10))) if len(levels) else db
    return (sound * 10 ** ((db - level) / 20)).astype(np.float32)


def wav_bytes(sound: Sound, noise: np.random.Generator) -> bytes:
    """Return a WAV file of 16 bits at 16 kHz; triangular dither of one step leaves no digital silence."""
    dither = noise.random(len(sound)) - noise.random(len(sound))
    samples = np.clip(np.round(sound * 32767 + dither), -32768, 32767).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
    return buffer.getvalue()


def read_wav(path: Path) -> Sound:
    """Return the sound of a file that :func:`wav_bytes` made."""
    with wave.open(str(path), "rb") as file:
        return (np.frombuffer(file.readframes(file.getnframes()), "<i2") / np.float32(32768)).astype(np.float32)
