"""Downloads that take too long, change midway, or have odd names; and what a killed service leaves on the disk."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import signal
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from analyzer_contract import Failure, FailureKind, FailureReason, Result, Unchanged
from tests.support.analyzers.service import FaultyS3, eventually, running
from tests.support.waiting import Stopwatch

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
SCRIPTED = "tests.support.scripted_analyzer"


async def test_a_deadline_that_passes_in_the_download_is_out_of_time(tmp_path: Path) -> None:
    server = FaultyS3()
    server.stalled.set()
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url) as service:
            stopwatch = Stopwatch()
            failure = await service.last("s3://media/key", deadlineSeconds=1)
            assert stopwatch.seconds < 2
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.reason) == (FailureKind.DEADLINE, FailureReason.DEADLINE_EXCEEDED)
    assert failure.seconds > 0.9


async def test_an_s3_that_fails_within_the_deadline_is_unavailable(tmp_path: Path) -> None:
    server = FaultyS3(failures=10**6)
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url, s3_retry_seconds=1) as service:
            failure = await service.last("s3://media/key", deadlineSeconds=10)
    assert isinstance(failure, Failure)
    assert failure.reason is FailureReason.SOURCE_UNAVAILABLE


async def test_a_large_object_that_changes_midway_is_given_up_at_once(tmp_path: Path) -> None:
    """256 ranges would be requested; each of them would get the same answer."""
    server = FaultyS3(stated_bytes=2 * 1024**3)
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url) as service:
            job = asyncio.ensure_future(service.last("s3://media/key"))
            await eventually(lambda: server.requests != [], "S3 is asked")
            server.etag = "f" * 32
            failure = await job
    assert isinstance(failure, Failure)
    assert failure.reason is FailureReason.SOURCE_CHANGED
    assert len(server.requests) <= 20


async def test_nothing_is_retried_for_a_client_that_has_gone(tmp_path: Path) -> None:
    server = FaultyS3(failures=10**6)
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url, s3_retry_seconds=60) as service:
            async with service.post("s3://media/key") as answer:
                await eventually(lambda: len(server.requests) >= 2, "S3 is asked again")
                answer.close()

            async def idle() -> bool:
                return not (await service.health())["busy"]

            await eventually(idle, "the slot is free")
            before = len(server.requests)
            with pytest.raises(AssertionError, match="one more"):
                await eventually(lambda: len(server.requests) > before + 1, "one more than was on its way", 6)


async def test_a_result_for_a_content_stands_for_every_object_that_has_it(tmp_path: Path) -> None:
    """One that S3 states is not downloaded for it; another one is, and then hashed. A wrong one is refused."""
    server = FaultyS3(body=b'{"score": 7}')
    sha256 = hashlib.sha256(server.body).hexdigest()
    source = {"uri": "s3://media/first", "sha256": sha256}
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url) as service:
            first = await service.last("", source=source)
            assert isinstance(first, Result)
            assert (first.score, first.source.sha256) == (7, sha256)
            known = {"sha256": sha256, "fingerprint": first.fingerprint}
            for stated, methods in ((False, ["HEAD", "GET"]), (True, ["HEAD"])):
                if stated:
                    server.checksums = {"x-amz-checksum-sha256": base64.b64encode(bytes.fromhex(sha256)).decode()}
                server.etag = "f" * 32
                server.requests.clear()
                same = (await service.events("", source=source | {"uri": "s3://media/copy"}, knownContent=known))[-1]
                assert isinstance(same, Unchanged)
                assert (same.source.etag, same.source.sha256) == ("f" * 32, sha256)
                assert [request.split()[0] for request in server.requests] == methods
            again = await service.last("", source=source, knownContent=known | {"fingerprint": "0" * 64})
            assert isinstance(again, Result)
            unstated = await service.last("s3://media/copy", knownContent=known)
            assert isinstance(unstated, Result)
            assert unstated.source.sha256 is None


@pytest.mark.parametrize("stated", [False, True])
@pytest.mark.parametrize("module", [SCRIPTED, "context_analyzer"])
async def test_an_object_with_another_content_than_is_stated_is_not_analysed(
    tmp_path: Path, module: str, stated: bool
) -> None:
    server = FaultyS3()
    if stated:
        found = base64.b64encode(hashlib.sha256(server.body).digest()).decode()
        server.checksums = {"x-amz-checksum-sha256": found, "x-amz-checksum-type": "FULL_OBJECT"}
    with server.serving():
        async with running(module, tmp_path, server.url) as service:
            failure = await service.last("", source={"uri": "s3://media/key", "sha256": "a" * 64})
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.reason) == (FailureKind.SOURCE, FailureReason.SOURCE_MISMATCH)
    assert hashlib.sha256(server.body).hexdigest() in failure.message
    assert [request.split()[0] for request in server.requests] == ["HEAD"] + ([] if stated else ["GET"])


async def test_odd_characters_in_a_key_reach_s3_as_they_are(tmp_path: Path) -> None:
    server = FaultyS3()
    keys = ["a b", "a+b&c=d", "ümläut/日本", "q?x=1#f", "%2F", "a//b", "/lead", "a\\b", "...", "a\rX-Injected: 1"]
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url) as service:
            for key in keys:
                server.requests.clear()
                assert isinstance(await service.last(f"s3://media/{key}"), Result)
                assert server.requests == [f"{method} /media/{quote(key)}" for method in ("HEAD", "GET")]


async def test_a_key_or_prefix_that_a_server_may_tidy_into_another_is_not_used(tmp_path: Path) -> None:
    """``/bucket/mine/../../other/key`` is sent as it is, and many servers and proxies read ``/other/key``."""
    server = FaultyS3()
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url) as service:
            for key in ("../other/key", "mine/../theirs", "a/./b", "..", "a/.."):
                failure = await service.last(f"s3://media/{key}")
                assert isinstance(failure, Failure)
                assert (failure.kind, failure.reason) == (FailureKind.SOURCE, FailureReason.SOURCE_FORBIDDEN)
            assert server.requests == []
            failure = await service.last("s3://media/key", resultPrefix="s3://results/mine/../../theirs/")
            assert isinstance(failure, Failure)
            assert failure.reason is FailureReason.RESULTS_UNAVAILABLE
            assert server.puts == {}


async def test_a_service_that_was_killed_leaves_nothing_after_its_next_start(
    s3_endpoint: str, put: Callable[[str, bytes | Path], str], tmp_path: Path
) -> None:
    """As when a container is killed and starts again in its pod, with the same emptyDir; another service lives on."""
    uri = put("slow", b'{"seconds": 60}')
    async with running(SCRIPTED, tmp_path, s3_endpoint) as neighbour, neighbour.post(uri) as going_on:
        async for line in going_on.content:
            if b'"stage":"script"' in line:
                break
        (theirs,) = neighbour.leftovers()
        async with running(SCRIPTED, tmp_path, s3_endpoint) as service, service.post(uri) as answer:
            async for line in answer.content:
                if b'"stage":"script"' in line:
                    break
            service.process.send_signal(signal.SIGKILL)
            service.process.wait()
        assert len(neighbour.leftovers()) == 2
        async with running(SCRIPTED, tmp_path, s3_endpoint) as again:
            assert again.leftovers() == [theirs]
            assert (tmp_path / theirs / "recording").exists()
