"""What happens when S3 fails, is silent, forbids, or lies about an object."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from analyzer_contract import Failure, FailureKind, FailureReason, Result
from tests.support.analyzers.service import FaultyS3, eventually, running

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
SCRIPTED = "tests.support.scripted_analyzer"
Put = Callable[[str, bytes | Path], str]


async def with_s3(server: FaultyS3, tmp_path: Path, jobs: list[dict[str, Any]], **settings: Any) -> list[Any]:
    """Return the last lines that ``jobs`` get from a service whose S3 server is ``server``."""
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url, **settings) as service:
            return [await service.last("s3://media/key", **job) for job in jobs]


async def test_an_s3_that_recovers_is_retried_and_nothing_is_lost(tmp_path: Path) -> None:
    server = FaultyS3(failures=2, failure_status=503, cut=1)
    (result,) = await with_s3(server, tmp_path, [{"resultPrefix": "s3://results/x/"}])
    assert isinstance(result, Result)
    assert len(server.requests) == 7  # 2 failed, HEAD, GET cut off, GET, and both results
    assert set(server.puts) == {"/results/x/scripted.json", "/results/x/scripted.png"}


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_an_s3_that_does_not_recover_is_unavailable(tmp_path: Path, status: int) -> None:
    server = FaultyS3(failures=10**6, failure_status=status)
    # With the longest jitter, up to a second each, the two pauses before the third request take 2.6 s.
    # The rest is for a machine that is busy.
    (failure,) = await with_s3(server, tmp_path, [{}], s3_retry_seconds=10)
    assert (failure.kind, failure.reason) == (FailureKind.SOURCE, FailureReason.SOURCE_UNAVAILABLE)
    assert len(server.requests) >= 3


async def test_an_s3_that_sends_no_bytes_is_unavailable(tmp_path: Path) -> None:
    server = FaultyS3(body=b'{"seconds": 0}')
    server.stalled.set()
    (failure,) = await with_s3(server, tmp_path, [{"deadlineSeconds": 60}], s3_read_seconds=0.5, s3_retry_seconds=1)
    assert (failure.kind, failure.reason) == (FailureKind.SOURCE, FailureReason.SOURCE_UNAVAILABLE)


async def test_an_s3_that_forbids_is_not_asked_again(tmp_path: Path) -> None:
    server = FaultyS3(failures=1, failure_status=403)
    (failure,) = await with_s3(server, tmp_path, [{}])
    assert failure.reason is FailureReason.SOURCE_FORBIDDEN
    assert len(server.requests) == 1


async def test_more_than_two_gibibytes_are_refused_before_they_are_read(tmp_path: Path) -> None:
    server = FaultyS3(stated_bytes=2 * 1024**3 + 1)
    (failure,) = await with_s3(server, tmp_path, [{}])
    assert (failure.kind, failure.reason) == (FailureKind.MEDIA, FailureReason.MEDIA_TOO_LARGE)
    assert [request.split()[0] for request in server.requests] == ["HEAD"]


async def test_an_s3_that_sends_more_than_it_says_does_not_fill_the_disk(tmp_path: Path) -> None:
    server = FaultyS3(body=b"{}" + b" " * 1_000_000, stated_bytes=2)
    (failure,) = await with_s3(server, tmp_path, [{}], s3_retry_seconds=1)
    assert failure.reason is FailureReason.SOURCE_UNAVAILABLE


async def test_a_large_object_is_read_in_ranges_and_is_the_same(tmp_path: Path) -> None:
    server = FaultyS3(body=b"{}" + b" " * (20 * 1024**2), cut=1)
    (result,) = await with_s3(server, tmp_path, [{}])
    assert isinstance(result, Result)
    assert result.source.size_bytes == len(server.body)
    assert sum(request.startswith("GET") for request in server.requests) == 4  # three ranges, one of them twice


async def test_results_that_cannot_be_written_are_said_to_be_so(tmp_path: Path, put: Put) -> None:
    server = FaultyS3()
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url, s3_retry_seconds=1) as service:
            job = asyncio.ensure_future(_fail_puts(server))
            failure = await service.last("s3://media/key", resultPrefix="s3://results/x/")
            await job
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.reason) == (FailureKind.INTERNAL, FailureReason.RESULTS_UNAVAILABLE)


async def _fail_puts(server: FaultyS3) -> None:
    await eventually(lambda: any(request.startswith("GET") for request in server.requests), "the object is read")
    server.failures = 10**6
