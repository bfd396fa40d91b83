"""Damaged media through the real services; ``python -m tests.benchmarks.fuzz`` takes many more of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from tests.benchmarks.fuzz import ask, complaint, make_seeds, mutated
from tests.support.analyzers.service import Service, running

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
_COUNT, _SEED = 24, 2


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def services(
    s3_endpoint: str, s3: S3Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[list[Service]]:
    scratch = tmp_path_factory.mktemp("scratch")
    async with (
        running("audio_analyzer", scratch, s3_endpoint) as audio,
        running("video_analyzer", scratch, s3_endpoint) as video,
    ):
        yield [audio, video]


async def test_damaged_media_get_a_verdict_or_a_fault_of_the_recording_and_nothing_restarts(
    services: list[Service], put: Callable[[str, bytes | Path], str], tmp_path: Path
) -> None:
    templates = [service.template() for service in services]
    complaints = []
    for name, content in mutated(make_seeds(tmp_path), _COUNT, _SEED):
        uri = put(name, content)
        answers = await asyncio.gather(*(ask(service, uri) for service in services))
        complaints += [f"{name}: {wrong}" for wrong in map(complaint, answers) if wrong]
    assert complaints == []
    assert [service.template() for service in services] == templates
