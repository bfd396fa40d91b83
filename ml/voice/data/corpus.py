"""The corpus that detectors are measured on: every clip through its channels, as 16-bit WAV at 16 kHz in the cache.

``clips(seed)`` makes missing clips, which takes some minutes, and returns the list; ``load(clip)`` returns the sound.

    from ml.voice.data import corpus
    held_out = [clip for clip in corpus.clips(7) if clip.fold == 0]
    sound = corpus.load(held_out[0])     # float32 [samples], mono, 16 kHz

A classifier must not recognise the data instead of the speech. So both classes are cut to their active part, brought to
levels drawn from one distribution, dithered, and stored alike. Synthetic speech goes through the coders that the
recordings of its fold went through before they were packaged, in the same proportion. Both classes have joined words.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal

import numpy as np

from ml.common.packages import folder
from ml.voice.data import attacks, channels, splits, vocoders
from ml.voice.data.recordings import takes
from ml.voice.data.series import SERIES, History, Series, Style
from ml.voice.data.sound import RATE, Sound, active_frames, at_level, read_wav, rng, wav_bytes

SEED: Final = 7
VERSION: Final = 3
"""Number of the recipe: raise it when the same seed gives other clips."""

_CHANNELS_EACH: Final = 1
"""Channels drawn for each clip, besides the clean one."""

_LEVELS: Final = (-32.0, -20.0)  # dB of full scale


@dataclass(frozen=True)
class Clip:
    """One clip through one channel.

    Attributes:
        path: a WAV file, 16 bits, 16 kHz, mono.
        sha256: of the file.
        base: name of the clip before its channel; clips of one base differ in the channel only.
        source: series of recordings, or attack family.
        speaker: a name, as far as the package tells one.
        language: BCP 47.
        label: ``recorded`` or ``synthetic``.
        family: the attack family; ``recorded`` for recordings.
        kind: ``recorded``, ``neural``, ``classic`` or ``copy``.
        channel: one of ``channels.CHANNELS``.
        history: coder that the sound went through before.
        style: of the text.
        fold: see :mod:`ml.voice.data.splits`.
    """

    path: Path
    sha256: str
    base: str
    source: str
    speaker: str
    language: str
    label: Literal["recorded", "synthetic"]
    family: str
    kind: Literal["recorded", "neural", "classic", "copy"]
    channel: str
    history: History
    style: Style
    fold: splits.Fold


@dataclass(frozen=True)
class _Base:
    """A clip before its channels; its file is the clean one."""

    name: str
    path: Path
    source: str
    speaker: str
    language: str
    family: str
    kind: Literal["recorded", "neural", "classic", "copy"]
    history: History
    style: Style
    fold: splits.Fold


def clips(seed: int = SEED, workers: int = 2) -> list[Clip]:
    """Return every clip, once for each of its channels; make those that are not in the cache.

    Args:
        seed: draws recordings, texts, levels, noise, channels and folds.
        workers: number of threads.

    Raises:
        DataMissing: a package, a program or a network is not available.
    """
    home = folder() / f"corpus-v{VERSION}-seed{seed}"
    listing = home / "manifest.json"
    if listing.exists():
        rows = json.loads(listing.read_text("utf-8"))
        return [Clip(**{**row, "path": home / row["path"]}) for row in rows]
    (home / "clips").mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(workers) as pool:
        recorded = [base for group in pool.map(partial(_recorded, home, seed), SERIES) for base in group]
        spoken = [base for group in pool.map(partial(_synthetic, home, seed, recorded), _jobs()) for base in group]
        babble = {fold: _babble(recorded, fold, seed) for fold in splits.FOLDS}
        groups = pool.map(partial(_through_channels, home, seed, babble), sorted(recorded + spoken, key=_name))
        result = [clip for group in groups for clip in group]
    rows = [{**asdict(clip), "path": str(clip.path.relative_to(home))} for clip in result]
    listing.write_text(json.dumps(rows, indent=0, ensure_ascii=False, sort_keys=True), "utf-8")
    return result


def _name(base: _Base) -> str:
    return base.name


def load(clip: Clip) -> Sound:
    """Return a clip's sound: float32 ``[samples]``, mono, 16 kHz, full scale 1.0."""
    return read_wav(clip.path)


def digest(items: list[Clip]) -> str:
    """Return a sha256 over the checksums of all clips: two runs with one digest measured the same sound."""
    return hashlib.sha256("\n".join(sorted(clip.sha256 for clip in items)).encode()).hexdigest()


def _jobs() -> list[attacks.Family]:
    return sorted(attacks.FAMILIES, key=lambda family: -family.clips)  # the longest job first


def _recorded(home: Path, seed: int, series: Series) -> list[_Base]:
    fold = splits.series_folds(seed)[series.name]
    names = [f"{series.name}-{index}" for index in range(series.clips)]
    if not all(_path(home, name).exists() for name in names):
        names = [_store(home, f"{series.name}-{take.index}", take.sound, seed).stem for take in takes(series, seed)]
    return [
        _Base(
            name=name,
            path=_path(home, name),
            source=series.name,
            speaker=series.speaker,
            language=series.language,
            family="recorded",
            kind="recorded",
            history=series.history,
            style=series.style,
            fold=fold,
        )
        for name in names
    ]


def _synthetic(home: Path, seed: int, recorded: list[_Base], family: attacks.Family) -> list[_Base]:
    fold = splits.family_folds()[family.name]
    same_fold = [base for base in recorded if base.fold == fold]
    make = _copies if family.say is None else _spoken
    return list(make(home, seed, same_fold, family))


def _copies(home: Path, seed: int, recorded: list[_Base], family: attacks.Family) -> Iterator[_Base]:
    order = rng(seed, family.name, "copies").permutation(len(recorded))[: family.clips]
    for index in order:
        original = recorded[index]
        name = f"{family.name}-of-{original.name}"
        path = _path(home, name)
        if not path.exists():
            sound = read_wav(original.path)
            _store(home, name, vocoders.copy(family.name, sound, rng(seed, name)), seed)
        yield _Base(
            name,
            path,
            family.name,
            original.speaker,
            original.language,
            family.name,
            "copy",
            original.history,
            original.style,
            original.fold,
        )


def _spoken(home: Path, seed: int, recorded: list[_Base], family: attacks.Family) -> Iterator[_Base]:
    for line in attacks.lines(family, [base.style for base in recorded], seed):
        name = f"{family.name}-{line.voice}-{line.index}"
        same_style = [base for base in recorded if base.style == line.style]
        history = same_style[int(rng(seed, name, "history").integers(len(same_style)))].history
        path = _path(home, name)
        if not path.exists():
            sound, rate = attacks.speak(line, seed)
            _store(home, name, channels.with_history(sound, rate, history), seed)
        speaker = f"{family.name}:{line.voice}"
        yield _Base(
            name,
            path,
            family.name,
            speaker,
            line.language,
            family.name,
            family.kind,
            history,
            line.style,
            recorded[0].fold,
        )


def _path(home: Path, name: str) -> Path:
    return home / "clips" / f"{name.replace('/', '_')}.wav"


def _store(home: Path, name: str, sound: Sound, seed: int) -> Path:
    """Bring a clip to its level and store it, unless its file exists."""
    path = _path(home, name)
    if not path.exists():
        random = rng(seed, name, "level")
        level = float(random.uniform(*_LEVELS))
        _write(path, wav_bytes(at_level(sound[: 8 * RATE], level), random))
    return path


def _write(path: Path, content: bytes) -> None:
    partial_file = path.with_suffix(".partial")
    partial_file.write_bytes(content)
    partial_file.replace(path)


def _babble(recorded: list[_Base], fold: splits.Fold, seed: int) -> Sound:
    """Return 20 s of six recorded voices of one fold at once."""
    bases = [base for base in recorded if base.fold == fold and base.style == "sentences"]
    random = rng(seed, "babble", fold)
    total = np.zeros(20 * RATE, np.float32)
    for _ in range(6):
        drawn = random.permutation(len(bases))[:12]
        voice = np.concatenate([at_level(read_wav(bases[i].path), -26.0) for i in drawn])
        total += np.resize(voice, len(total))
    return total


def _through_channels(home: Path, seed: int, babble: dict[splits.Fold, Sound], base: _Base) -> list[Clip]:
    drawn = rng(seed, base.name, "channels").permutation(len(channels.CHANNELS) - 1)[:_CHANNELS_EACH]
    result = []
    for channel in (channels.CLEAN, *(channels.CHANNELS[1 + i] for i in drawn)):
        path = base.path if channel == channels.CLEAN else base.path.with_name(f"{base.path.stem}~{channel}.wav")
        if not path.exists():
            random = rng(seed, base.name, channel)
            sound = channels.through(read_wav(base.path), channel, random, babble[base.fold])
            _write(path, wav_bytes(sound, random))
        if not active_frames(read_wav(path)).any():
            continue
        result.append(_clip(base, channel, path))
    return result


def _clip(base: _Base, channel: str, path: Path) -> Clip:
    return Clip(
        path=path,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        base=base.name,
        source=base.source,
        speaker=base.speaker,
        language=base.language,
        label="recorded" if base.kind == "recorded" else "synthetic",
        family=base.family,
        kind=base.kind,
        channel=channel,
        history=base.history,
        style=base.style,
        fold=base.fold,
    )
