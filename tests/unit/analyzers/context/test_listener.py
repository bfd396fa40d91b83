"""The process that listens, seen from the service: whatever happens to it, the next recording is heard."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from analyzer_contract import FailureReason
from analyzer_kit.errors import AnalysisError, Misconfigured
from context_analyzer.reasons import NotDone
from context_analyzer.speech import listener as module
from context_analyzer.speech.listener import Listener


@pytest.fixture(autouse=True)
def _stub(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MODULE", "tests.support.analyzers.stub_listener")


@pytest.fixture
async def listener(tmp_path: Path) -> AsyncIterator[Listener]:
    made = Listener(tmp_path, "stub", threads=1)
    yield made
    await made.stop()


async def hear(listener: Listener, folder: Path, language: str = "") -> bytes:
    return await listener.hear(folder / "samples", folder / "transcript", language, 60, lambda _share: None)


async def test_one_process_hears_one_recording_after_the_other(listener: Listener, tmp_path: Path) -> None:
    await listener.start()
    assert {*await asyncio.gather(hear(listener, tmp_path), hear(listener, tmp_path))} == {b"{}"}
    assert listener.starts == 1


async def test_a_cancelled_recording_ends_the_process_and_the_next_one_gets_another(
    listener: Listener, tmp_path: Path
) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await hear(listener, tmp_path, "slow")
    assert await hear(listener, tmp_path) == b"{}"
    assert listener.starts == 2


@pytest.mark.parametrize(
    ("language", "reason", "told"),
    [
        ("dies", FailureReason.WORKER_CRASHED, "ended with 3"),
        ("fails", FailureReason.INTERNAL_ERROR, "ValueError: no"),
    ],
)
async def test_a_failure_is_told_and_the_next_recording_is_heard(
    listener: Listener, tmp_path: Path, language: str, reason: FailureReason, told: str
) -> None:
    with pytest.raises(AnalysisError, match=told) as caught:
        await hear(listener, tmp_path, language)
    assert caught.value.reason is reason
    assert await hear(listener, tmp_path) == b"{}"


async def test_a_transcript_that_is_too_long_is_not_read(listener: Listener, tmp_path: Path) -> None:
    with pytest.raises(NotDone, match="more than 16777216 bytes"):
        await hear(listener, tmp_path, "much")


async def test_a_model_that_cannot_be_used_is_a_matter_of_the_installation(tmp_path: Path) -> None:
    broken = Listener(tmp_path, "broken", threads=1)
    with pytest.raises(Misconfigured, match=r"model\.bin is gone"):
        await broken.start()
    with pytest.raises(AnalysisError, match=r"model\.bin is gone"):
        await hear(broken, tmp_path)
