"""People's voices in Debian packages: who speaks, in which language, and what was done to the sound before.

A series is what one person recorded with one equipment. Where it is not known that two series have different
speakers, they have one group, and a group is never in two splits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from evaluation.packages import DataMissing, debian
from evaluation.sound import RATE, Sound, decode, join, rng, trim

History = Literal["none", "g722", "gsm", "pcm8k", "vorbis", "opus", "mp3"]
"""What the sound went through before it was packaged."""

Style = Literal["sentences", "telephone", "words"]
"""``sentences``: wideband; ``telephone``: sentences at 8 kHz; ``words``: words or letters, joined here."""

_LEAST, _MOST = 2.0, 8.0  # s of a clip
_WORDS = 4.5  # s that words are joined to


@dataclass(frozen=True)
class Series:
    """One person's recordings.

    Attributes:
        name: of the source.
        package: that ships it.
        pattern: glob of its files below the package's root.
        language: as the package says, BCP 47.
        speaker: a name, where the package tells it; else one made from the source.
        group: whatever may share a speaker with this.
        history: what the sound went through.
        style: what is spoken.
        clips: how many clips are taken.
    """

    name: str
    package: str
    pattern: str
    language: str
    speaker: str
    group: str
    history: History
    style: Style
    clips: int


@dataclass(frozen=True)
class Take:
    """One clip of a series: the sound, at 16 kHz, cut to its active part."""

    series: Series
    index: int
    sound: Sound


def _asterisk(code: str, language: str, voice: str) -> Series:
    # The folders in the packages name the voices; English and Spanish have the same one.
    package = f"asterisk-core-sounds-{code}-g722"
    return Series(package, package, "**/*.g722", language, voice, f"asterisk-{voice}", "g722", "sentences", 16)


def _fish(code: str, who: str) -> Series:
    package = f"fillets-ng-data-{code}"
    name = f"{package}-{who}"
    # The file names tell the role (m, v: the small and the big fish), the credits the actors of all roles together.
    return Series(name, package, f"**/{code}/*-{who}-*.ogg", code, name, package, "vorbis", "sentences", 12)


def _kde(package: str, code: str, history: History = "vorbis") -> Series:
    root = "klettres" if package == "klettres-data" else "ktuberling/sounds"
    ends = {"none": "wav", "pcm8k": "wav", "opus": "opus"}.get(history, "ogg")
    name = f"{package.removesuffix('-data')}-{code}"
    # A translator may have spoken for both programs: one group for each language.
    language = code.split("_", maxsplit=1)[0]
    pattern = f"usr/share/{root}/{code}/**/*.{ends}"
    return Series(name, package, pattern, code, name, f"kde-{language}", history, "words", 2)


def _tux(code: str, ends: str = "ogg") -> Series:
    name = f"tuxpaint-{code}"
    language = code.split("_", maxsplit=1)[0]
    history: History = "vorbis" if ends == "ogg" else "none"
    pattern = f"**/stamps/**/*_desc_{code}.{ends}"
    return Series(
        name, "tuxpaint-stamps-default", pattern, code, name, f"kde-{language}", history, "words", 4
    )  # what stamps show, said by volunteers; who they are is known of a few only


def _horizons(code: str) -> Series:
    name = f"unknown-horizons-{code}"
    return Series(name, "unknown-horizons", f"**/voice/{code}/**/*.ogg", code, name, name, "vorbis", "sentences", 4)


_KLETTRES: Final = "ar cs da de en en_GB es fr he hu it lt ml nb nds nl pt_BR ru tn uk"
_KTUBERLING: Final = "ca da de el en gl lt ru sl sr uk wa"
_TUXPAINT: Final = "be bg ca da el es fr lt nl ro ru"

SERIES: Final = (
    _asterisk("en", "en-US", "Allison"),
    _asterisk("es", "es-MX", "Allison"),
    _asterisk("fr", "fr-CA", "June"),
    _asterisk("it", "it-IT", "Carlo"),
    _asterisk("ru", "ru-RU", "IvrvoiceRU"),
    *(_fish(code, who) for code in ("cs", "nl") for who in "mv"),
    Series(
        "librivox-austen",
        "pocketsphinx-testdata",
        "**/librivox/*.wav",
        "en",
        "librivox-austen",
        "librivox",
        "mp3",
        "sentences",
        5,
    ),
    Series(
        "pocketsphinx-cards", "pocketsphinx-testdata", "**/cards/*.wav", "en", "cards", "cards", "none", "sentences", 3
    ),
    Series(
        "asterisk-prompt-es-co",
        "asterisk-prompt-es-co",
        "**/*.gsm",
        "es-CO",
        "July E. Jiménez",
        "es-co",
        "gsm",
        "telephone",
        12,
    ),
    Series(
        "asterisk-prompt-fr-armelle",
        "asterisk-prompt-fr-armelle",
        "**/*.gsm",
        "fr-FR",
        "Armelle Desjardins",
        "fr-armelle",
        "gsm",
        "telephone",
        12,
    ),
    Series(
        "asterisk-prompt-it-menardi",
        "asterisk-prompt-it-menardi-wav",
        "**/*.wav",
        "it-IT",
        "Paola Dal Zot",
        "it-menardi",
        "pcm8k",
        "telephone",
        12,
    ),
    Series("alsa-utils", "alsa-utils", "**/*_*.wav", "en", "alsa-utils", "alsa", "none", "words", 2),
    *(_kde("klettres-data", code) for code in _KLETTRES.split()),
    *(_kde("ktuberling-data", code) for code in _KTUBERLING.split()),
    *(_kde("ktuberling-data", code, "pcm8k") for code in ("fr", "it", "pt", "sv")),
    *(_kde("ktuberling-data", code, "none") for code in ("ga", "ro")),
    _kde("ktuberling-data", "nn", "opus"),
    *(_tux(code) for code in _TUXPAINT.split()),
    _tux("pt_BR", "wav"),
    *(_horizons(code) for code in ("de", "en", "fr")),
)
"""Every series, in a fixed order."""


def takes(series: Series, seed: int | str) -> Iterator[Take]:
    """Give a series' clips: drawn by the seed, cut to their active part, of 2 to 8 s.

    Words are joined to 4.5 s, each with up to 0.1 s of what was around it in its file.

    Raises:
        DataMissing: the package cannot be had, or holds too little.
    """
    files = sorted(path for path in debian(series.package).glob(series.pattern) if path.is_file())
    order = [files[i] for i in rng(seed, series.name).permutation(len(files))]
    pool = _words(order) if series.style == "words" else _sentences(order)
    found = 0
    for index, sound in zip(range(series.clips), pool, strict=False):
        found += 1
        yield Take(series, index, sound)
    if not found:
        raise DataMissing(f"{series.name}: no recording of {series.package} is long enough")


def _sentences(files: list[Path]) -> Iterator[Sound]:
    for path in files:
        sound = trim(decode(path))
        if len(sound) >= _LEAST * RATE:
            yield sound[: round(_MOST * RATE)]


def _words(files: list[Path]) -> Iterator[Sound]:
    pieces: list[Sound] = []
    for path in files:
        pieces.append(trim(decode(path)))
        if sum(map(len, pieces)) >= _WORDS * RATE:
            yield join(pieces)[: round(_MOST * RATE)]
            pieces = []
