"""What ordinary devices and coders do to sound, by name: kinds that are no evidence, for tests and measurements."""

from __future__ import annotations

from collections.abc import Callable

from tests.support.media import sounds
from tests.support.media.sounds import Random, Samples

Change = Callable[[Samples, Random], Samples]

DEVICES: dict[str, Change] = {
    "as recorded": lambda talk, _: sounds.stored(talk),
    "12 dB quieter": lambda talk, _: sounds.stored(talk, 16, -12),
    "24 dB quieter": lambda talk, _: sounds.stored(talk, 16, -24),
    "36 dB quieter": lambda talk, _: sounds.stored(talk, 16, -36),
    "8 bits": lambda talk, _: sounds.stored(talk, 8),
    "8 bits, 12 dB quieter": lambda talk, _: sounds.stored(talk, 8, -12),
    "noise gate": lambda talk, _: sounds.gated(talk),
    "noise gate that closes at once": lambda talk, _: sounds.gated(talk, below=20, hold=0),
    "noise gate that fades": lambda talk, _: sounds.gated(talk, fade=0.06),
    "call without pauses": sounds.without_pauses,
    "call with comfort noise": lambda talk, rng: sounds.without_pauses(talk, rng, comfort=-65),
    "quiet call without pauses": lambda talk, rng: sounds.stored(sounds.without_pauses(talk, rng, hold=3), 16, -24),
    "muted now and then": lambda talk, rng: sounds.muted(talk, rng, each=8),
    "three pauses of zeros": lambda talk, rng: sounds.muted(talk, rng, each=9, shortest=0.3, longest=1.5),
    "lost packets": sounds.with_losses,
    "many lost packets": lambda talk, rng: sounds.with_losses(talk, rng, each=0.5),
}
"""Changes of samples."""

CODERS: dict[str, tuple[str, ...]] = {
    "speex with DTX": ("ogg", "-c:a", "libspeex", "-vad", "1", "-dtx", "1", "-cbr_quality", "4"),
    "GSM": ("wav", "-ar", "8000", "-c:a", "gsm_ms"),
    "A-law at 8 kHz": ("wav", "-ar", "8000", "-c:a", "pcm_alaw"),
    "Opus at 12 kbit": ("ogg", "-c:a", "libopus", "-b:a", "12k", "-application", "voip"),
    "MP3 at 32 kbit": ("mp3", "-c:a", "libmp3lame", "-b:a", "32k"),
    "AAC after a gate": ("m4a", "-af", "agate=threshold=0.02:range=0:ratio=9000:release=100", "-c:a", "aac"),
}
"""The file's suffix, and FFmpeg's arguments."""
