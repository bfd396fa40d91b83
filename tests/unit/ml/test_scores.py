from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from ml.voice.data.corpus import Clip
from ml.voice.data.sound import RATE, Sound, rng, wav_bytes
from ml.voice.evaluate import scores


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SILVER_GUARDIAN_CACHE", str(tmp_path / "cache"))


def _clip(folder: Path, name: str) -> Clip:
    path = folder / f"{name}.wav"
    path.write_bytes(wav_bytes(np.zeros(RATE, np.float32), rng(name)))
    return Clip(
        path=path,
        sha256=f"sha-{name}",
        base=name,
        source="s",
        speaker="s",
        language="en",
        label="recorded",
        family="recorded",
        kind="recorded",
        channel="clean",
        history="none",
        style="sentences",
        fold=0,
    )


def test_an_interrupted_run_continues(tmp_path: Path) -> None:
    clips = [_clip(tmp_path, name) for name in "abcd"]
    lengths: list[int] = []

    def fails_at_the_third(sound: Sound) -> Mapping[str, float]:
        lengths.append(len(sound))
        if len(lengths) == 3:
            raise RuntimeError("power cut")
        return {"score": float(len(lengths))}

    with pytest.raises(RuntimeError, match="power cut"):
        scores.run("detector-v1", fails_at_the_third, clips, workers=1)
    before = len(lengths)
    result = scores.run("detector-v1", fails_at_the_third, clips, workers=1)
    assert set(result) == {"sha-a", "sha-b", "sha-c", "sha-d"}
    assert len(lengths) - before < 3, "clips that had a score were scored again"
    assert scores.run("detector-v1", fails_at_the_third, clips, workers=1) == result


def test_a_truncated_line_of_a_killed_run_is_scored_again(tmp_path: Path) -> None:
    clips = [_clip(tmp_path, "a"), _clip(tmp_path, "b")]
    scores.run("detector-v1", lambda _: {"score": 1.0}, clips)
    (file,) = tmp_path.glob("cache/ml/scores/*.jsonl")
    file.write_text(file.read_text()[:-9])
    again = scores.run("detector-v1", lambda _: {"score": 2.0}, clips)
    assert sorted(numbers["score"] for numbers in again.values()) == [1.0, 2.0]
    assert scores.run("detector-v1", lambda _: {"score": 3.0}, clips) == again


def test_another_version_of_a_scorer_scores_again(tmp_path: Path) -> None:
    clips = [_clip(tmp_path, "a")]
    scores.run("detector-v1", lambda _: {"score": 1.0}, clips)
    assert scores.run("detector-v2", lambda _: {"score": 2.0}, clips) == {"sha-a": {"score": 2.0}}
