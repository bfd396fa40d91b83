"""The speech codecs that ffmpeg does not encode here: AMR by the libraries of Debian, Opus with DTX by PyAV."""

from __future__ import annotations

import ctypes
import wave
from pathlib import Path
from typing import Protocol

import av

from ml.common.packages import debian

_FRAME_SECONDS = 0.02
_MOST_BYTES = 128
_NB_12_2, _WB_12_65 = 7, 2
"""Modes of the encoders: the usual ones of telephone networks."""


class Encode(Protocol):
    """Encodes one frame."""

    def __call__(self, samples: bytes, out: ctypes.Array[ctypes.c_char]) -> int:
        """Encode 20 ms of 16-bit samples into ``out``, and return how many bytes that are."""


def amr_nb(source: Path, target: Path) -> None:
    """Encode WAV, 8 kHz, as AMR-NB with discontinuous transmission, as mobile networks do.

    Raises:
        DataMissing: the library cannot be downloaded.
    """
    library = _library("libopencore-amrnb0", "libopencore-amrnb.so.0")
    library.Encoder_Interface_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.Encoder_Interface_init(1))

    def encode(samples: bytes, out: ctypes.Array[ctypes.c_char]) -> int:
        return int(library.Encoder_Interface_Encode(state, _NB_12_2, samples, out, 0))

    write(source, target, b"#!AMR\n", encode)
    library.Encoder_Interface_exit(state)


def amr_wb(source: Path, target: Path) -> None:
    """Encode WAV, 16 kHz, as AMR-WB with discontinuous transmission.

    Raises:
        DataMissing: the library cannot be downloaded.
    """
    library = _library("libvo-amrwbenc0", "libvo-amrwbenc.so.0")
    library.E_IF_init.restype = ctypes.c_void_p
    state = ctypes.c_void_p(library.E_IF_init())

    def encode(samples: bytes, out: ctypes.Array[ctypes.c_char]) -> int:
        return int(library.E_IF_encode(state, _WB_12_65, samples, out, 1))

    write(source, target, b"#!AMR-WB\n", encode)
    library.E_IF_exit(state)


def opus_with_dtx(source: Path, target: Path) -> None:
    """Encode WAV, 48 kHz, as Opus for speech at 16 kbit/s with discontinuous transmission, as messengers do."""
    with av.open(str(source)) as sound, av.open(str(target), "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=48_000, options={"application": "voip", "dtx": "1"}, layout="mono")
        stream.bit_rate = 16_000
        for frame in sound.decode(audio=0):
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def write(source: Path, target: Path, head: bytes, encode: Encode) -> None:
    """Write a file head, and each 20 ms of a WAV file, encoded; what is left at the end is shorter and left out."""
    with wave.open(str(source)) as sound, target.open("wb") as file:
        frame = round(sound.getframerate() * _FRAME_SECONDS)
        out = ctypes.create_string_buffer(_MOST_BYTES)
        file.write(head)
        while len(samples := sound.readframes(frame)) == 2 * frame:
            size = encode(samples, out)
            file.write(out.raw[:size])


def _library(package: str, name: str) -> ctypes.CDLL:
    (path,) = debian(package).rglob(name)
    return ctypes.CDLL(str(path))
