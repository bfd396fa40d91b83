"""The card on genuine recordings, and the recordings that it is about."""

from __future__ import annotations

import ctypes
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ml.common.chains import KINDS, PICTURE, SOUND, Chain, send
from ml.common.metrics import wilson
from ml.common.speech_codecs import write
from ml.genuine.build import sound_trials
from ml.genuine.card import Recording, card
from ml.genuine.sources import Source


def line(verdict: str | None, score: int = 0, reason: str = "Completed") -> dict[str, Any]:
    finding = {"kind": "LoopedFrames", "startSeconds": 1, "endSeconds": 2, "score": score, "message": "It loops."}
    detectors = [
        {"name": "LoopedFrames", "score": score, "findings": [finding]},
        {"name": "SceneCuts", "score": 0, "findings": []},
    ]
    return {
        "verdict": verdict,
        "score": score,
        "reason": reason,
        "analyses": [{"name": "video", "detectors": detectors}],
    }


def test_the_card_begins_with_the_accused_and_counts_each_kind() -> None:
    told = [("NoEvidence", 3), ("Suspicious", 60), ("LikelyFake", 71), ("Inconclusive", 0), ("NoEvidence", 0)]
    recordings = [
        Recording(f"{number}.mp4", "camera" if number else "call", "way", f"clip-{number}", line(*answer))
        for number, answer in enumerate(told)
    ]
    recordings.append(Recording("x.wav", "call", "GSM", "voice", line(None, reason="CorruptMedia")))
    text = card(recordings, [{"repository": "a/b", "licence": "MIT"}, {"repository": "PyPI x 1"}])
    lines = text.splitlines()
    first = lines.index("## Accused: 2 of 6")
    assert lines[first + 2 : first + 4] == [
        "- LikelyFake 71: clip-2, camera, way: LoopedFrames: It loops",
        "- Suspicious 60: clip-1, camera, way: LoopedFrames: It loops",
    ]
    assert first < lines.index("## By kind")
    assert "| call | 2 | 0: 0.0% (0.0%–65.8%) | 0: 0.0% (0.0%–65.8%) | 0 | 1 |" in lines  # noqa: RUF001
    assert "| camera | 4 | 1: 25.0% (4.6%–69.9%) | 1: 25.0% (4.6%–69.9%) | 1 | 0 |" in lines  # noqa: RUF001
    assert "- call, GSM: CorruptMedia, 1" in lines
    assert "| PyPI x 1 | as the package says | 1 |" in lines


@pytest.mark.parametrize(
    ("hits", "count", "low", "high"),
    [(0, 10, 0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1), (1, 300, 0.0006, 0.0186)],
)
def test_the_interval_is_wilsons(hits: int, count: int, low: float, high: float) -> None:
    assert list(wilson(hits, count)) == pytest.approx([low, high], abs=1e-4)


def test_each_way_of_sound_gets_about_as_many_voices() -> None:
    sources = [Source(str(number), (), {}) for number in range(70)]
    counts = Counter(chain for _, chain in sound_trials(sources))
    assert max(counts.values()) - min(counts.values()) <= 1
    assert {chain.kind for chain in (*SOUND, *PICTURE)} == set(KINDS)


@pytest.mark.parametrize("chain", [SOUND[0], SOUND[10], SOUND[9], PICTURE[6]], ids=lambda chain: chain.name)
def test_a_way_leaves_a_recording_of_the_same_length_and_nothing_else(chain: Chain, tmp_path: Path) -> None:
    source = ("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=3", "-f", "lavfi", "-i", "sine=duration=3")
    send(chain, source, tmp_path / f"target.{chain.suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"target.{chain.suffix}"]
    probe = ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"]
    done = subprocess.run([*probe, tmp_path / f"target.{chain.suffix}"], capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(3, abs=0.1)


def test_speech_codecs_write_each_frame_after_it_was_encoded(tmp_path: Path) -> None:
    import wave

    with wave.open(str(tmp_path / "source.wav"), "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(b"\x01\x00" * 480)
    frames = iter([b"\x3cfirst", b"\x3cse", b"\x3cthird one"])

    def encode(samples: bytes, out: ctypes.Array[ctypes.c_char]) -> int:
        assert len(samples) == 320
        out.raw = (frame := next(frames)).ljust(128, b"\0")
        return len(frame)

    write(tmp_path / "source.wav", tmp_path / "target.amr", b"#!AMR\n", encode)
    assert (tmp_path / "target.amr").read_bytes() == b"#!AMR\n\x3cfirst\x3cse\x3cthird one"
