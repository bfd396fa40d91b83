"""Calls whose network sent no sound in pauses (DTX): neither damage, nor a silence that no room has."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest

from analyzer_contract import Verdict
from analyzer_kit.analysis import Caps
from analyzer_kit.media.audio import SAMPLE_RATE, AudioReader
from audio_analyzer import analysis as sound

NARROW, WIDE = (
    (b"#!AMR\n", 0x3C, 31, [b"\x44" + bytes(5), b"\x7c"]),
    (b"#!AMR-WB\n", 0x14, 32, [b"\x4c" + bytes(5), b"\x7c"]),
)
FRAME = SAMPLE_RATE // 50


def call(path: Path, codec: tuple[bytes, int, int, list[bytes]], spoken: list[bool]) -> None:
    """Write 20 ms for each: speech (here noise, as any bits decode), or a pause as the network tells of it."""
    head, first, size, pauses = codec
    chance = Random(1)
    frames = [
        bytes([first]) + chance.randbytes(size) if speaks else pauses[number % 8 != 0]
        for number, speaks in enumerate(spoken)
    ]
    path.write_bytes(head + b"".join(frames))


@pytest.mark.parametrize("codec", [NARROW, WIDE], ids=["AMR-NB", "AMR-WB"])
def test_what_was_not_sent_is_no_damage_and_no_silence(
    tmp_path: Path, codec: tuple[bytes, int, int, list[bytes]]
) -> None:
    call(tmp_path / "call.amr", codec, [number // 50 % 3 != 1 for number in range(600)])
    reader = AudioReader(tmp_path / "call.amr", Caps())
    samples = np.concatenate([*reader.blocks()])
    assert samples.size == pytest.approx(400 * FRAME, abs=2 * FRAME)
    quiet = np.abs(samples[: samples.size // FRAME * FRAME].reshape(-1, FRAME)).max(axis=1) == 0
    assert quiet.sum() <= 1
    assert (reader.coverage.share, reader.coverage.gaps) == (1, ())
    found = sound.analyze(tmp_path / "call.amr", tmp_path / "plot.png", Caps(), lambda _stage, _share: None)
    assert found.verdict in {Verdict.NO_EVIDENCE, Verdict.INCONCLUSIVE}


@pytest.mark.parametrize("codec", [NARROW, WIDE], ids=["AMR-NB", "AMR-WB"])
def test_a_call_in_which_nobody_speaks_is_inconclusive(
    tmp_path: Path, codec: tuple[bytes, int, int, list[bytes]]
) -> None:
    call(tmp_path / "call.amr", codec, [False] * 200)
    found = sound.analyze(tmp_path / "call.amr", tmp_path / "plot.png", Caps(), lambda _stage, _share: None)
    assert found.verdict is Verdict.INCONCLUSIVE
