"""Training data of our own model: more clips than the corpus has, made by the same programs, and augmented variants.

:func:`training_clips` returns the clips as they were recorded or made. :func:`measures` augments each clip several
times, with another speed, equaliser, room, noise, level and coder. The augmentation does not depend on the class, so it
cannot help to tell the classes apart.
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
from ml.voice.data.series import SERIES, Series, Style
from ml.voice.data.sound import RATE, Sound, at_level, read_wav, rng, wav_bytes
from ml.voice.train import augmentation, texture

VERSION: Final = 2
"""Number of the recipe: raise it when the same seed gives other clips."""

_STREAM: Final = "lessons"
"""Part of the seed of every draw. With another word the draws differ, and so does the trained model."""

_TAKES: Final = {"sentences": 60, "words": 4, "telephone": 6}
_TAKES_OF: Final = {"tuxpaint": 24}
"""By the first part of the name of a series: packages with more recordings."""

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
class TrainingClip:
    """One clip before augmentation.

    Attributes:
        name: of its file, without ``.wav``.
        synthetic: False: recorded.
        group: series of recordings, or attack family.
        family_fold: fold of the attack family; None for recordings.
        recording_fold: fold of the recording, or of the recording that was copied; None for speech from text.
    """

    name: str
    synthetic: bool
    group: str
    family_fold: splits.Fold | None
    recording_fold: splits.Fold | None


def training_clips(seed: int, workers: int = 2) -> list[TrainingClip]:
    """Return every training clip; make those that are not in the cache.

    Raises:
        DataMissing: a package, a program or a network is not available.
    """
    home = _home(seed)
    listing = home / "clips.json"
    if listing.exists():
        rows = json.loads(listing.read_text("utf-8"))
        return [TrainingClip(**row) for row in rows]
    home.mkdir(parents=True, exist_ok=True)
    families = {family.name: family for family in attacks.FAMILIES}
    with ThreadPoolExecutor(workers) as pool:
        recorded = [clip for group in pool.map(partial(_recorded, home, seed), SERIES) for clip in group]
        spoken = pool.map(lambda name: list(_spoken(home, seed, families[name], _SPOKEN[name])), _SPOKEN)
        copied = pool.map(lambda name: list(_copied(home, seed, recorded, name)), _COPIES)
        result = [*recorded, *(clip for group in (*spoken, *copied) for clip in group)]
    listing.write_text(json.dumps([asdict(clip) for clip in result], indent=0), "utf-8")
    return result


def sound_of(clip: TrainingClip, seed: int) -> Sound:
    """Return a clip's sound: mono, 16 kHz."""
    return read_wav(_home(seed) / f"{clip.name}.wav")


def _home(seed: int) -> Path:
    return folder() / f"training-v{VERSION}-seed{seed}"


def _recorded(home: Path, seed: int, series: Series) -> list[TrainingClip]:
    fold = splits.series_folds(seed)[series.name]
    count = _TAKES_OF.get(series.name.split("-")[0], _TAKES[series.style])
    done = home / f"{series.name}.done"
    if not done.exists():
        names = [
            _store(home, f"{series.name}-{take.index}", take.sound)
            for take in takes(replace(series, clips=count), f"{seed}-{_STREAM}")
        ]
        done.write_text("\n".join(names), "utf-8")
    names = done.read_text("utf-8").splitlines()
    return [TrainingClip(name, False, series.name, None, fold) for name in names]


def _spoken(home: Path, seed: int, family: attacks.Family, count: int) -> Iterator[TrainingClip]:
    fold = splits.family_folds()[family.name]
    styles: list[Style] = ["sentences", "sentences", "words"]
    for line in attacks.lines(replace(family, clips=count), styles, f"{seed}-{_STREAM}"):
        name = f"{family.name}-{line.voice}-{line.index}"
        if not (home / f"{name}.wav").exists():
            sound, rate = attacks.speak(line, f"{seed}-{_STREAM}", mixed=True)
            _store(home, name, channels.with_history(sound, rate, "none"))
        yield TrainingClip(name, True, family.name, fold, None)


def _copied(home: Path, seed: int, recorded: list[TrainingClip], family: str) -> Iterator[TrainingClip]:
    fold = splits.family_folds()[family]
    groups = sorted({clip.group for clip in recorded})
    weight = {group: min(1.0, 24 / sum(clip.group == group for clip in recorded)) for group in groups}
    random = rng(seed, family, _STREAM)
    weights = [weight[clip.group] for clip in recorded]
    chances = [value / sum(weights) for value in weights]
    for index in random.choice(len(recorded), _COPIES[family], replace=False, p=chances):
        original = recorded[index]
        name = f"{family}-of-{original.name}"
        if not (home / f"{name}.wav").exists():
            _store(home, name, vocoders.copy(family, read_wav(home / f"{original.name}.wav"), rng(seed, name)))
        yield TrainingClip(name, True, family, fold, original.recording_fold)


def _store(home: Path, name: str, sound: Sound) -> str:
    name = name.replace("/", "_")
    content = wav_bytes(at_level(sound[: 8 * RATE], -26.0), rng(name))
    partial_file = home / f"{name}.partial"
    partial_file.write_bytes(content)
    partial_file.replace(home / f"{name}.wav")
    return name


def measures(seed: int, variants: int, workers: int = 2) -> tuple[list[TrainingClip], npt.NDArray[np.float32]]:
    """Return every training clip, and the measures of its augmented variants, ``[clips, variants, measures]``.

    Raises:
        DataMissing: a package, a program or a network is not available.
    """
    clips = training_clips(seed, workers)
    groups: dict[str, list[int]] = {}
    for index, clip in enumerate(clips):
        groups.setdefault(clip.group, []).append(index)
    columns: list[list[npt.NDArray[np.float32]]] = [[] for _ in clips]
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        for variant in range(variants):
            for group, members in groups.items():
                rows = _measures_of_group(pool, seed, variant, group, [clips[index] for index in members])
                for index, row in zip(members, rows, strict=True):
                    columns[index].append(row)
    return clips, np.array(columns, np.float32)


def _measures_of_group(
    pool: Executor, seed: int, variant: int, group: str, clips: Sequence[TrainingClip]
) -> npt.NDArray[np.float32]:
    """Return the measures of one group, from the cache if it has them for this front end and these clips."""
    names = "\n".join(clip.name for clip in clips)
    key = hashlib.sha256(_front_end_checksum() + names.encode()).hexdigest()[:12]
    path = _home(seed) / "measures" / f"{group}-{variant}-{key}.npy"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        np.save(path, np.stack(list(pool.map(_measured, [(clip, seed, variant) for clip in clips], chunksize=8))))
    return np.asarray(np.load(path), np.float32)


def _measured(job: tuple[TrainingClip, int, int]) -> npt.NDArray[np.float32]:
    clip, seed, variant = job
    random = rng(seed, clip.name, "chain", variant)
    sound = sound_of(clip, seed)
    if clip.synthetic:
        sound = augmentation.packaged(sound, random)
    augmented = augmentation.augment(sound, random)
    start = int(random.integers(max(1, len(augmented) - texture.SAMPLES)))
    window = np.resize(augmented[start : start + texture.SAMPLES], texture.SAMPLES)
    return np.asarray(_front_end().run(None, {texture.INPUT: window[None]})[0][0], np.float32)


@cache
def _front_end_checksum() -> bytes:
    return hashlib.sha256(texture.front_end()).digest()


@cache
def _front_end() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(texture.front_end(), options, providers=["CPUExecutionProvider"])
