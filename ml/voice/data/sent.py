"""Copies of the published speech as messengers, calls and phones leave it: which ones are tried, and their sound.

``sent.csv`` names them, and the half of the synthetic clips that is tried. They were drawn once: of the quarter of the
recordings that score highest every one went three messengers and three other ways, of the next quarter every one went
one of either, of the rest every one went one way; then, for those that score highest and some others, what a voice
message becomes that is encoded again. A copy stands for the recordings beside it that were not drawn, so that shares
are those of all; those encoded again stand for no others, and count where the highest score is asked for.
"""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ml.common.chains import SOUND, Chain, send
from ml.voice.data import published
from ml.voice.data.published import Clip
from ml.voice.data.sound import Sound, decode

AS_RECORDED: Final = "as recorded"
TABLE: Final = Path(__file__).with_name("sent.csv")

_NAMED: Final = {chain.name: chain for chain in SOUND}
_OPUS_16: Final = "-ar 48000 -c:a libopus -b:a 16k -application voip -f ogg"
_OPUS_24: Final = "-ar 48000 -c:a libopus -b:a 24k -application voip -f ogg"
_NOISE: Final = (
    "-filter_complex anoisesrc=color=pink:amplitude=0.0025:seed=7:r=48000[n];"
    "[0:a]aresample=48000,speechnorm=e=1.0001,volume=0dB[s];[s][n]amix=inputs=2:duration=first:normalize=0"
)

LOW_RATE: Final[Mapping[str, Chain]] = {
    "opus16": _NAMED["Opus 16 kbit/s"],
    "opus24": _NAMED["Opus 24 kbit/s"],
    "forwarded": _NAMED["forwarded: Opus, AAC, Opus"],
    "opus twice": Chain("messenger", "Opus twice", "ogg", (_OPUS_24, _OPUS_16.removesuffix(" -f ogg"))),
    "noisy opus24": Chain(
        "messenger", "noise, Opus", "opus", (f"{_NOISE} -ar 48000 -c:a libopus -b:a 24k -application voip",)
    ),
    "fast opus24": Chain(
        "messenger", "faster, Opus", "opus", ("-af atempo=1.25 -ar 48000 -c:a libopus -b:a 24k -application voip",)
    ),
}
"""Ways whose last coder is Opus at a low rate: what the detector of coders learns from."""

OTHERS: Final[Mapping[str, Chain]] = {
    "mp3 32": _NAMED["MP3 32 kbit/s"],
    "quiet aac32": _NAMED["memo, AAC 32 kbit/s, 24 dB quieter"],
    "gain aac48": _NAMED["memo with gain control, AAC 48 kbit/s"],
    "aac64": _NAMED["memo, AAC 64 kbit/s"],
}
"""Ways through coders that leave a voice as it is: the detector learns that it is none of the former."""

ENCODED_AGAIN: Final[Mapping[str, Chain]] = {
    f"opus{rate} {name}": Chain("messenger", f"Opus {rate}, {name}", suffix, (first, then))
    for rate, first in (("16", _OPUS_16), ("24", _OPUS_24))
    for name, suffix, then in (
        ("aac64", "m4a", "-ar 44100 -c:a aac -b:a 64k"),
        ("aac32", "m4a", "-ar 44100 -c:a aac -b:a 32k"),
        ("mp3 64", "mp3", "-ar 44100 -c:a libmp3lame -b:a 64k"),
        ("g722", "wav", "-ar 16000 -c:a adpcm_g722 -f wav"),
    )
}
"""Voice messages that are encoded again, by another coder."""

NEW_TO_THE_DETECTOR: Final[Mapping[str, Chain]] = {"amr-wb": _NAMED["AMR-WB 12.65 kbit/s with DTX"], **ENCODED_AGAIN}
"""Ways of which the detector learns nothing."""

WAYS: Final[Mapping[str, Chain]] = {**LOW_RATE, **OTHERS, **NEW_TO_THE_DETECTOR}


@dataclass(frozen=True)
class Trial:
    """A clip as it is, or after one of the :data:`WAYS`.

    Attributes:
        clip: the clip.
        way: a name of :data:`WAYS`, or :data:`AS_RECORDED`.
        weight: how many clips it stands for.
    """

    clip: Clip
    way: str
    weight: float = 1.0

    @property
    def key(self) -> tuple[str, str]:
        """The names of clip and way."""
        return self.clip.name, self.way


def trials(found: Sequence[Clip]) -> list[Trial]:
    """Return the recordings and the drawn synthetic clips as they are, then the copies of the table."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = [(row["clip"], row["part"], list(filter(None, row["ways"].split("+")))) for row in csv.DictReader(file)]
    by_name = {clip.name: clip for clip in found}
    present = [row for row in rows if row[0] in by_name]
    drawn = {name for name, _, _ in present}
    plain = [Trial(clip, AS_RECORDED) for clip in found if not clip.synthetic or clip.name in drawn]
    return [*plain, *_copies(present, by_name)]


def sound(trial: Trial) -> Sound:
    """Return what is heard of a trial: mono, 16 kHz.

    Raises:
        DataMissing: an encoder is missing or fails.
    """
    if trial.way == AS_RECORDED:
        return published.load(trial.clip)
    way = WAYS[trial.way]
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / f"sent.{way.suffix}"
        send(way, ("-i", str(trial.clip.path)), target)
        return decode(target)


def _copies(rows: Sequence[tuple[str, str, list[str]]], by_name: Mapping[str, Clip]) -> Iterator[Trial]:
    sizes = Counter(part for _, part, _ in rows)
    drawn = Counter((part, way) for _, part, ways in rows for way in ways)
    for name, part, ways in rows:
        for way in ways:
            yield Trial(by_name[name], way, 0.0 if way in ENCODED_AGAIN else sizes[part] / drawn[part, way])
