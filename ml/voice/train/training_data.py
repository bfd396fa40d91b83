"""What our own model learns from: more clips than the corpus has, made by the same programs, and what befalls them.

A lesson is a clip as it was recorded or made; ``measures`` sends each several times through a chain that is drawn
anew: another speed, an equaliser, a room, noise, a level, a coder. The chain knows nothing of the clip's class, so that
nothing that it does tells one from the other.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import onnxruntime

from ml.common.packages import folder
from ml.voice.data import attacks, channels, splits, vocoders
from ml.voice.data.recordings import takes
from ml.voice.data.series import SERIES, Series
from ml.voice.data.sound import RATE, Sound, at_level, read_wav, rng, wav_bytes
from ml.voice.train import augmentation as hardships
from ml.voice.train import texture

VERSION: Final = 2
"""Raised when the same seed would give other lessons."""

_TAKES: Final = {"sentences": 60, "words": 4, "telephone": 6}
_TAKES_OF: Final = {"tuxpaint": 24}
"""By the first part of a series' name: packages of which there is more."""

_SPOKEN: Final = {
    "piper": 100,
    "hibari": 160,
    "kokoro": 180,
    "mellotron": 128,
    "mellotron-hifi-gan": 96,
    "tiny-tts": 90,
    "espeak-ng": 90,
    "flite": 60,
    "festival": 24,
    "festival-hts": 12,
}
_COPIES: Final = {"hifi-gan": 150, "melgan": 120, "vits": 100, "griffin-lim": 60, "world": 50}


@dataclass(frozen=True)
class Lesson:
    """One clip.

    Attributes:
        name: of its file, without ``.wav``.
        synthetic: whether it is.
        group: the series, or the family; groups weigh the same within their class.
        family_fold: of the family that it was made by; None of recordings.
        recording_fold: of the recording that it is, or that was copied; None of what was spoken by a machine.
    """

    name: str
    synthetic: bool
    group: str
    family_fold: splits.Fold | None
    recording_fold: splits.Fold | None


def lessons(seed: int, workers: int = 2) -> list[Lesson]:
    """Give every lesson; makes those that are not in the cache.

    Raises:
        DataMissing: a package, a program or a network cannot be had.
    """
    home = _home(seed)
    listing = home / "lessons.json"
    if listing.exists():
        rows = json.loads(listing.read_text("utf-8"))
        return [Lesson(**row) for row in rows]
    home.mkdir(parents=True, exist_ok=True)
    families = {family.name: family for family in attacks.FAMILIES}
    with ThreadPoolExecutor(workers) as pool:
        recorded = [one for many in pool.map(partial(_recorded, home, seed), SERIES) for one in many]
        spoken = pool.map(lambda name: list(_spoken(home, seed, families[name], _SPOKEN[name])), _SPOKEN)
        copied = pool.map(lambda name: list(_copied(home, seed, recorded, name)), _COPIES)
        result = [*recorded, *(one for many in (*spoken, *copied) for one in many)]
    listing.write_text(json.dumps([asdict(one) for one in result], indent=0), "utf-8")
    return result


def sound_of(lesson: Lesson, seed: int) -> Sound:
    """Give a lesson's sound: mono, 16 kHz."""
    return read_wav(_home(seed) / f"{lesson.name}.wav")


def _home(seed: int) -> Path:
    return folder() / f"lessons-v{VERSION}-seed{seed}"


def _recorded(home: Path, seed: int, series: Series) -> list[Lesson]:
    fold = splits.series_folds(seed)[series.name]
    wanted = _TAKES_OF.get(series.name.split("-")[0], _TAKES[series.style])
    done = home / f"{series.name}.done"
    if not done.exists():
        names = [
            _store(home, f"{series.name}-{take.index}", take.sound)
            for take in takes(replace(series, clips=wanted), f"{seed}-lessons")
        ]
        done.write_text("\n".join(names), "utf-8")
    names = done.read_text("utf-8").splitlines()
    return [Lesson(name, False, series.name, None, fold) for name in names]


def _spoken(home: Path, seed: int, family: attacks.Family, wanted: int) -> Iterator[Lesson]:
    fold = splits.family_folds()[family.name]
    for line in attacks.lines(replace(family, clips=wanted), ["sentences", "sentences", "words"], f"{seed}-lessons"):
        name = f"{family.name}-{line.voice}-{line.index}"
        if not (home / f"{name}.wav").exists():
            sound, rate = attacks.speak(line, f"{seed}-lessons", mixed=True)
            _store(home, name, channels.with_history(sound, rate, "none"))
        yield Lesson(name, True, family.name, fold, None)


def _copied(home: Path, seed: int, recorded: list[Lesson], family: str) -> Iterator[Lesson]:
    fold = splits.family_folds()[family]
    groups = sorted({one.group for one in recorded})
    weight = {group: min(1.0, 24 / sum(one.group == group for one in recorded)) for group in groups}
    random = rng(seed, family, "lessons")
    chance = [weight[one.group] for one in recorded]
    drawn = random.choice(len(recorded), _COPIES[family], replace=False, p=[each / sum(chance) for each in chance])
    for index in drawn:
        model = recorded[index]
        name = f"{family}-of-{model.name}"
        if not (home / f"{name}.wav").exists():
            _store(home, name, vocoders.copy(family, read_wav(home / f"{model.name}.wav"), rng(seed, name)))
        yield Lesson(name, True, family, fold, model.recording_fold)


def _store(home: Path, name: str, sound: Sound) -> str:
    name = name.replace("/", "_")
    content = wav_bytes(at_level(sound[: 8 * RATE], -26.0), rng(name))
    partial_file = home / f"{name}.partial"
    partial_file.write_bytes(content)
    partial_file.replace(home / f"{name}.wav")
    return name


def measures(seed: int, variants: int, workers: int = 2) -> tuple[list[Lesson], npt.NDArray[np.float32]]:
    """Give every lesson, and its measures after so many chains: ``[lessons, variants, measures]``.

    Raises:
        DataMissing: a package, a program or a network cannot be had.
    """
    every = lessons(seed, workers)
    groups: dict[str, list[int]] = {}
    for index, one in enumerate(every):
        groups.setdefault(one.group, []).append(index)
    columns: list[list[npt.NDArray[np.float32]]] = [[] for _ in every]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for variant in range(variants):
            for group, members in groups.items():
                found = _of_group(pool, seed, variant, group, [every[index] for index in members])
                for index, row in zip(members, found, strict=True):
                    columns[index].append(row)
    return every, np.array(columns, np.float32)


def _of_group(pool: Executor, seed: int, variant: int, group: str, mine: Sequence[Lesson]) -> npt.NDArray[np.float32]:
    """Give the measures of one group: from the cache, if it has these, of these lessons."""
    made_of = hashlib.sha256(_measures_of() + "\n".join(one.name for one in mine).encode()).hexdigest()[:12]
    kept = _home(seed) / "measures" / f"{group}-{variant}-{made_of}.npy"
    if not kept.exists():
        kept.parent.mkdir(exist_ok=True)
        np.save(kept, np.stack(list(pool.map(_measured, [(one, seed, variant) for one in mine], chunksize=8))))
    return np.asarray(np.load(kept), np.float32)


def _measured(job: tuple[Lesson, int, int]) -> npt.NDArray[np.float32]:
    lesson, seed, variant = job
    random = rng(seed, lesson.name, "chain", variant)
    sound = sound_of(lesson, seed)
    if lesson.synthetic:
        sound = hardships.packaged(sound, random)
    heard = hardships.befall(sound, random)
    start = int(random.integers(max(1, len(heard) - texture.SAMPLES)))
    window = np.resize(heard[start : start + texture.SAMPLES], texture.SAMPLES)
    return np.asarray(_front_end().run(None, {texture.INPUT: window[None]})[0][0], np.float32)


@cache
def _measures_of() -> bytes:
    """Name the measures: other ones have another checksum."""
    return hashlib.sha256(texture.front_end()).digest()


@cache
def _front_end() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(texture.front_end(), options, providers=["CPUExecutionProvider"])
