"""Synthetic speech: families, their voices, and what they speak. The card lists families with shared weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ml.voice.data import mellotron, tiny_tts, vocoders, voices
from ml.voice.data.series import Style
from ml.voice.data.sound import Sound, join, rng, trim
from ml.voice.data.texts import SENTENCES, WORDS

Kind = Literal["neural", "classic", "copy"]


@dataclass(frozen=True)
class Family:
    """One method of speech synthesis.

    Attributes:
        name: of the method.
        kind: ``neural``: a network; ``classic``: rules, diphones or hidden Markov models; ``copy``: copy-synthesis of
            a recording.
        voices: languages by name of the voice; empty for copy-synthesis.
        clips: number of clips in the corpus.
        say: function from text, voice and language to sound and its sample rate; None for copy-synthesis.
    """

    name: str
    kind: Kind
    voices: Mapping[str, tuple[str, ...]]
    clips: int
    say: Callable[[str, str, str], tuple[Sound, int]] | None


@dataclass(frozen=True)
class Line:
    """One text to speak.

    Attributes:
        family: that speaks it.
        index: of the line in its family.
        voice: of the family.
        language: BCP 47, primary part.
        style: sentences or joined words.
    """

    family: Family
    index: int
    voice: str
    language: str
    style: Style


FAMILIES: Final = (
    Family("piper", "neural", {"joe": ("en",)}, 32, voices.piper),
    Family("hibari", "neural", {"heart": ("en",)}, 32, voices.hibari),
    Family("kokoro", "neural", voices.KOKORO, 24, voices.kokoro),
    Family("mellotron", "neural", mellotron.VOICES, 24, mellotron.speak),
    Family("mellotron-hifi-gan", "neural", mellotron.VOICES, 24, vocoders.mellotron_hifi_gan),
    Family("tiny-tts", "neural", {"male": ("en",)}, 32, tiny_tts.speak),
    Family("espeak-ng", "classic", voices.ESPEAK, 36, voices.espeak),
    Family("flite", "classic", dict.fromkeys(("awb", "rms", "slt", "kal16"), ("en",)), 24, voices.flite),
    Family("festival", "classic", dict.fromkeys(("kal_diphone", "ked_diphone"), ("en",)), 24, voices.festival),
    Family("festival-hts", "classic", {"cmu_us_slt_arctic_hts": ("en",)}, 12, voices.festival),
    Family("hifi-gan", "copy", {}, 32, None),
    Family("melgan", "copy", {}, 32, None),
    Family("vits", "copy", {}, 32, None),
    Family("world", "copy", {}, 32, None),
    Family("griffin-lim", "copy", {}, 32, None),
)
"""All families, in a fixed order."""


def lines(family: Family, styles: list[Style], seed: int | str) -> Iterator[Line]:
    """Yield the lines of a family: its voices in turn, each in its languages in turn.

    Args:
        family: any but copy-synthesis.
        styles: styles of the recordings that it is compared with; each line draws one.
        seed: of the data.
    """
    speakers = sorted(family.voices)
    first = int(rng(seed, family.name, "first").integers(len(speakers)))
    for index in range(family.clips):
        voice = speakers[(first + index) % len(speakers)]
        languages = family.voices[voice]
        language = languages[index // len(speakers) % len(languages)]
        style = styles[int(rng(seed, family.name, index, "style").integers(len(styles)))]
        yield Line(family, index, voice, language, style)


def speak(line: Line, seed: int | str, *, mixed: bool = False) -> tuple[Sound, int]:
    """Return the speech of a line, cut to its active part, and its sample rate.

    Args:
        line: family, voice, language and style.
        seed: draws the text.
        mixed: join the first half of one sentence to the second half of another, which gives more sentences.

    Raises:
        DataMissing: a program or a network of the family is not installed.
        ValueError: the family is copy-synthesis.
    """
    if line.family.say is None:
        raise ValueError(f"{line.family.name} speaks no text")
    random = rng(seed, line.family.name, line.index, "text")
    if line.style == "words":
        chosen = random.permutation(len(WORDS[line.language]))[:6]
        words = [line.family.say(WORDS[line.language][i], line.voice, line.language) for i in chosen]
        rate = words[0][1]
        return join([trim(sound, rate) for sound, _ in words], rate), rate
    texts = SENTENCES[line.language]
    text = texts[int(random.integers(len(texts)))]
    if mixed:
        text = _crossed(text, texts[int(random.integers(len(texts)))])
    sound, rate = line.family.say(text, line.voice, line.language)
    return trim(sound, rate), rate


def _crossed(first: str, second: str) -> str:
    a, b = first.split(), second.split()
    return " ".join([*a[: (len(a) + 1) // 2], *b[len(b) // 2 :]])
