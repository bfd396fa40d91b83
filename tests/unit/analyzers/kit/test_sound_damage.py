"""Damaged sound: what could be decoded is heard, and how much that is, is stated."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer_contract import FailureReason
from tests.support.media.reading import hear, refusal
from tests.support.media.samples import ffmpeg

SECONDS, RATE = 8, 48000
CODERS = {
    "aac": ("m4a", "-c:a", "aac", "-b:a", "48k"),
    "mp3": ("mka", "-c:a", "libmp3lame", "-b:a", "48k"),
    "flac": ("mka", "-c:a", "flac"),
}


def damaged(folder: Path, coder: str, which: str) -> Path:
    """Return noise of which the packets that ``which`` says, an expression of n, are bytes that are none."""
    suffix, *how = CODERS[coder]
    whole, broken = folder / f"whole.{suffix}", folder / f"broken.{suffix}"
    noise = f"anoisesrc=color=pink:duration={SECONDS}:amplitude=0.2:r={RATE}:seed=1"
    ffmpeg("-f", "lavfi", "-i", noise, *how, str(whole))
    ffmpeg("-i", str(whole), "-c", "copy", "-bsf:a", f"noise=amount={which}", str(broken))
    return broken


@pytest.mark.parametrize("coder", CODERS)
def test_sound_of_which_a_fifth_cannot_be_decoded_is_heard_and_that_is_said(tmp_path: Path, coder: str) -> None:
    reader, samples = hear(damaged(tmp_path, coder, "eq(mod(n\\,5)\\,4)"))
    assert reader.coverage.share < 0.9
    assert samples.size > 0.5 * SECONDS * 16_000
    assert reader.coverage.gaps[0].startswith(f"Of {SECONDS}")
    assert reader.coverage.spoilt


@pytest.mark.parametrize("coder", CODERS)
def test_a_single_packet_that_cannot_be_decoded_is_not_worth_a_word(tmp_path: Path, coder: str) -> None:
    reader, _ = hear(damaged(tmp_path, coder, "eq(n\\,40)"))
    assert (reader.coverage.gaps, reader.coverage.spoilt) == ((), False)


def test_sound_of_which_next_to_nothing_is_left_is_refused(tmp_path: Path) -> None:
    refused = refusal(damaged(tmp_path, "aac", "gt(n\\,8)"))
    assert refused.reason is FailureReason.CORRUPT_MEDIA
    assert "damaged" in refused.message
