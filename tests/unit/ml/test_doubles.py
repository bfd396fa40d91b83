"""The same sound under two names is one clip, and who learned from the one knows the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ml.voice.data import doubles, published
from ml.voice.data.channels import add_noise
from ml.voice.data.published import Clip
from ml.voice.data.sound import RATE, Coder, Sound, rng, transcode
from tests.support.media import sounds
from tests.unit.ml.test_published import clip

OPUS = Coder("libopus", "ogg", 48_000, ["-b:a", "16k"])
MP3 = Coder("libmp3lame", "mp3", 22_050, ["-b:a", "32k"])
AAC = Coder("aac", "adts", RATE, ["-b:a", "24k"])


def sentence(number: int, seconds: float = 5.0) -> Sound:
    """Return syllables of one made voice: its pitch and its vowels are the same, what it says depends on the number."""
    random = rng("sentence", number)
    time = np.arange(round(seconds * RATE)) / RATE

    def drawn(every: float, least: float, most: float) -> NDArray[np.float64]:
        at = np.arange(0, seconds + 1, every)
        return np.interp(time, at, random.uniform(least, most, len(at)))

    pitch = np.cumsum(118 * 2 ** drawn(0.25, -0.15, 0.15)) / RATE
    loud, vowel = drawn(0.12, 0, 1) ** 2, drawn(0.2, 300, 900)
    tones = [np.exp(-(((118 * n - vowel) / 200) ** 2)) * np.sin(2 * np.pi * n * pitch) for n in range(1, 30)]
    noise = random.normal(0, 1e-3, len(time))
    return (0.1 * loud * np.sum(tones, axis=0) + noise).astype(np.float32)


@pytest.mark.parametrize(
    ("what", "changed"),
    [
        ("the same file", lambda sound: sound),
        ("softer, and turned over", lambda sound: -0.05 * sound),
        ("louder, and clipped", lambda sound: np.clip(6 * sound, -0.5, 0.5)),
        ("cut off", lambda sound: sound[: 3 * RATE]),
        ("from later on", lambda sound: sound[2 * RATE + 77 :]),
        ("after a pause", lambda sound: np.concatenate([np.zeros(RATE, np.float32), sound])[: 5 * RATE]),
        ("through a messenger", lambda sound: transcode(sound, RATE, OPUS)),
        ("as MP3", lambda sound: transcode(sound, RATE, MP3)),
        ("as AAC, from later on", lambda sound: transcode(sound, RATE, AAC)[RATE + 5 :]),
        ("in noise", lambda sound: add_noise(sound, rng(9).normal(size=len(sound)).astype(np.float32), 15)),
    ],
)
@pytest.mark.parametrize("said", [sentence(1), sounds.voice()], ids=["made", "read"])
def test_a_sound_at_another_level_in_another_format_or_cut_elsewhere_is_the_same(
    said: Sound, what: str, changed: Callable[[Sound], Sound]
) -> None:
    assert doubles.groups([sentence(2), said, np.asarray(changed(said), np.float32)]) == [0, 1, 1], what


def test_other_sentences_of_a_speaker_are_not_the_same() -> None:
    half = len(sounds.voice()) // 2
    said = [*map(sentence, range(12)), sounds.voice()[:half], sounds.voice()[half:]]
    assert doubles.groups(said) == list(range(len(said)))


def test_a_word_with_which_one_ends_and_another_begins_does_not_make_them_one() -> None:
    word = 5 * sentence(1, 1.0)
    one, other = np.concatenate([sentence(2), word]), np.concatenate([word, sentence(3)])
    assert doubles.groups([one, other]) == [0, 1]


def test_silence_is_nobodys_double() -> None:
    assert doubles.groups([np.zeros(3 * RATE, np.float32), np.zeros(4 * RATE, np.float32), sentence(1)]) == [0, 1, 2]


@pytest.fixture
def heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return whose sounds were loaded; clips with the same number modulo 10 have the same sound."""
    loaded: list[str] = []

    def load(one: Clip) -> Sound:
        loaded.append(one.name)
        return sentence(int(one.name.partition(".")[0]) % 10, 3.0)

    monkeypatch.setattr(published, "load", load)
    monkeypatch.setattr(doubles, "cache", lambda: tmp_path)
    return loaded


def names(found: Sequence[Clip]) -> list[str]:
    return [each.name for each in found]


def test_each_sound_counts_once_and_has_the_name_of_its_speaker(heard: list[str]) -> None:
    found = [
        clip(1, "people/1"),
        clip(2, "people/1", speaker="somebody"),
        clip(11, "people/2", speaker="LJ"),
        clip(21, "people/3"),
        clip(12, "systems/1", family="copy of somebody"),
        replace(clip(32, "people/telephone"), rate=8000),
    ]
    once = doubles.once(found)
    assert names(once) == ["1.flac", "2.flac", "12.flac", "32.flac"]  # a copy is no recording, a call another channel
    assert [each.speaker for each in once] == ["LJ", "somebody", "", ""]
    assert doubles.once(found) == once
    assert len(heard) == len(found) - 1  # the recordings, and the second time they came from the cache


def test_who_has_two_names_for_one_sound_is_one_person(heard: list[str]) -> None:
    found = [
        clip(1, "people/1", speaker="fw-jfk"),
        clip(2, "people/1", speaker="fw-jfk"),
        clip(11, "people/2", speaker="jfk_441khz"),
        clip(3, "people/2", speaker="jfk_441khz"),
        clip(4, "people/2", speaker="another"),
    ]
    once = doubles.once(found)
    assert [each.speaker for each in once] == ["fw-jfk", "fw-jfk", "fw-jfk", "another"]
    assert heard


def test_a_network_knows_the_doubles_and_the_speakers_of_what_it_learned_from(heard: list[str]) -> None:
    found = [
        clip(1, "people/1"),
        clip(11, "people/2"),
        clip(2, "people/2", speaker="LJ"),
        clip(3, "people/3", speaker="LJ"),
        clip(4, "people/3", speaker="another"),
        clip(5, "systems/1", family="one", speaker="LJ"),
    ]
    assert doubles.met(found, {"1.flac", "2.flac"}) == {"1.flac", "11.flac", "2.flac", "3.flac"}
    assert doubles.met(found, {"5.flac"}) == set()  # who learned what a system says in a voice knows no recording of it
    assert heard
