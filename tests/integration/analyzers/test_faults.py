"""What happens when a child dies, the client goes, time runs out, or the pod is terminated."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from analyzer_contract import EVENT, Failure, FailureKind, FailureReason, Progress, Result
from tests.support.analyzers.service import Service, eventually, running
from tests.support.waiting import PATIENCE_SECONDS, Stopwatch

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
SCRIPTED = "tests.support.scripted_analyzer"
Put = Callable[[str, bytes | Path], str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scripted(s3_endpoint: str, s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    scratch = tmp_path_factory.mktemp("scratch")
    async with running(SCRIPTED, scratch, s3_endpoint, memory_mib=300) as service:
        yield service


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def proc(pid: int, name: str) -> str:
    return Path(f"/proc/{pid}/{name}").read_text()


async def works(service: Service, put: Put) -> None:
    """Assert that the next analysis gets its result, and that nothing is left of the last one."""
    assert isinstance(await service.last(put("null", b"{}")), Result)
    assert await service.status("/livez") == 200
    assert service.leftovers() == []


async def test_an_idle_connection_stays_open_longer_than_a_client_keeps_it(scripted: Service) -> None:
    """Or a POST meets a connection that was just closed; uvicorn's own 5 s are less than most clients' limit."""
    reader, writer = await asyncio.open_connection(*scripted.url.removeprefix("http://").split(":"))
    request = b"GET /livez HTTP/1.1\r\nHost: analyzer\r\n\r\n"
    writer.write(request)
    with pytest.raises(TimeoutError):  # an end of the stream would not be one
        await asyncio.wait_for(_drained(reader), 7)
    writer.write(request)
    assert await reader.readuntil(b"\r\n") == b"HTTP/1.1 200 OK\r\n"
    writer.close()


async def _drained(reader: asyncio.StreamReader) -> None:
    while await reader.read(4096):
        pass


@pytest.mark.parametrize(
    ("crash", "reason"),
    [
        ("sigkill", FailureReason.WORKER_CRASHED),
        ("sigsegv", FailureReason.WORKER_CRASHED),
        ("exit", FailureReason.WORKER_CRASHED),
        ("oom", FailureReason.OUT_OF_MEMORY),
    ],
)
async def test_a_child_that_dies_ends_its_analysis_and_not_the_service(
    scripted: Service, put: Put, crash: str, reason: FailureReason
) -> None:
    failure = await scripted.last(put("crash", f'{{"crash": "{crash}"}}'.encode()))
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.reason) == (FailureKind.INTERNAL, reason)
    await works(scripted, put)


async def test_a_child_killed_from_outside_while_it_works(scripted: Service, put: Put) -> None:
    async with scripted.post(put("slow", b'{"seconds": 60}')) as answer:
        async for line in answer.content:
            event = EVENT.validate_json(line)
            if isinstance(event, Progress) and event.stage == "script":
                child = await scripted.working()
                os.kill(child, signal.SIGKILL)
        assert isinstance(event, Failure)
        assert event.reason is FailureReason.WORKER_CRASHED
        assert "SIGKILL" in event.message
    await works(scripted, put)


async def test_a_child_killed_while_idle_is_replaced(scripted: Service, put: Put) -> None:
    child = await scripted.child()
    os.kill(child, signal.SIGKILL)
    await eventually(lambda: child not in scripted.children(), "the service to notice")
    await works(scripted, put)


async def test_children_killed_before_they_are_ready_leave_no_zombies(scripted: Service, put: Put) -> None:
    for _ in range(4):
        await _kill_two(scripted)
    await works(scripted, put)


async def _kill_two(scripted: Service) -> None:
    """Kill the idle child, and the next one as soon as it is there: a thousandth of a second later it is ready."""
    idle, until = await scripted.child(), time.monotonic() + PATIENCE_SECONDS
    os.kill(idle, signal.SIGKILL)
    while not (young := [pid for pid in scripted.children() if pid != idle]) and time.monotonic() < until:
        pass
    os.kill(young[0], signal.SIGKILL)
    await eventually(lambda: not {idle, young[0]} & {*scripted.children()}, "the service to collect both")


@pytest.mark.parametrize("script", ['{"crash": "hang"}', '{"seconds": 60}', '{"seconds": 60, "burn": true}'])
async def test_out_of_time_is_final_and_kills_the_child(scripted: Service, put: Put, script: str) -> None:
    failure = await scripted.last(put("hang", script.encode()), deadlineSeconds=1)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.reason) == (FailureKind.DEADLINE, FailureReason.DEADLINE_EXCEEDED)
    await works(scripted, put)


async def test_a_silent_analysis_still_sends_a_line_every_two_seconds(scripted: Service, put: Put) -> None:
    async with scripted.post(put("hang", b'{"crash": "hang"}'), deadlineSeconds=5) as answer:
        stopwatch = Stopwatch()
        async for _ in answer.content:
            assert stopwatch.seconds <= 2.0
            stopwatch = Stopwatch()


async def test_a_client_that_goes_stops_the_work_within_a_second(scripted: Service, put: Put) -> None:
    async with scripted.post(put("slow", b'{"seconds": 60}')) as answer:
        async for line in answer.content:
            if b'"stage":"script"' in line:
                break
        child = await scripted.working()
        answer.close()

        async def stopped() -> bool:
            return not alive(child) and scripted.leftovers() == [] and not (await scripted.health())["busy"]

        assert await eventually(stopped, "the work stops") <= 1
    await works(scripted, put)


async def test_a_client_that_waits_for_a_plain_answer_can_go_as_well(scripted: Service, put: Put) -> None:
    request = asyncio.ensure_future(_read(scripted, put("slow", b'{"seconds": 60}'), "application/json"))

    async def busy() -> bool:
        return scripted.leftovers() != []

    await eventually(busy, "the analysis runs")
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)

    async def stopped() -> bool:
        return scripted.leftovers() == [] and not (await scripted.health())["busy"]

    assert await eventually(stopped, "the work stops") <= 1
    await works(scripted, put)


async def _read(service: Service, uri: str, accept: str) -> bytes:
    async with service.post(uri, accept) as answer:
        content: bytes = await answer.read()
        return content


async def test_more_work_than_slots_is_refused_with_retry_after(s3_endpoint: str, put: Put, tmp_path: Path) -> None:
    async with running(SCRIPTED, tmp_path, s3_endpoint, concurrency=2) as service:
        uri = put("slow", b'{"seconds": 60}')
        running_jobs = [asyncio.ensure_future(_read(service, uri, "application/x-ndjson")) for _ in range(2)]

        async def full() -> bool:
            return bool((await service.health())["busy"] == 2)

        await eventually(full, "both slots are taken")
        async with service.post(uri) as answer:
            assert answer.status == 429
            assert int(answer.headers["Retry-After"]) >= 1
            assert answer.content_type == "application/problem+json"
        async with service.session.get(f"{service.url}/metrics") as scraped:
            assert 'guardian_busy_slots{analyzer="scripted"} 2.0' in await scraped.text()
        for job in running_jobs:
            job.cancel()
        await asyncio.gather(*running_jobs, return_exceptions=True)


async def test_sigterm_finishes_what_runs_takes_nothing_new_and_exits_with_0(
    s3_endpoint: str, put: Put, tmp_path: Path, s3: S3Client
) -> None:
    async with running(SCRIPTED, tmp_path, s3_endpoint, concurrency=2) as service:
        uri = put("slow", b'{"seconds": 4}')
        prefix = "s3://results/drained/"
        job = asyncio.ensure_future(service.last(uri, resultPrefix=prefix))

        async def busy() -> bool:
            return bool((await service.health())["busy"])

        await eventually(busy, "the analysis runs")
        service.process.send_signal(signal.SIGTERM)

        async def draining() -> bool:
            return await service.status("/readyz") == 503

        await eventually(draining, "not ready any more")
        async with service.post(uri) as answer:
            assert answer.status == 503
        assert await service.status("/livez") == 200
        assert isinstance(await job, Result)
        assert s3.head_object(Bucket="results", Key="drained/scripted.json")["ContentLength"] > 0
        assert await eventually(lambda: service.process.poll() is not None, "the service ends") <= 10
        assert service.process.returncode == 0
        assert service.leftovers() == []


async def test_the_children_die_with_the_service(s3_endpoint: str, put: Put, tmp_path: Path) -> None:
    async with running(SCRIPTED, tmp_path, s3_endpoint) as service:
        child = await service.child()
        template = service.template()
        service.process.send_signal(signal.SIGKILL)
        assert await eventually(lambda: not alive(child) and not alive(template), "they end") <= 5


async def test_a_template_that_is_killed_is_replaced(scripted: Service, put: Put) -> None:
    template = scripted.template()
    os.kill(template, signal.SIGKILL)
    await eventually(lambda: not alive(template), "the template ends")
    for _ in range(2):  # the child that it made before still takes the first one
        await works(scripted, put)
    assert scripted.template() != template


async def test_every_recording_gets_a_child_of_its_own_which_then_ends(scripted: Service, put: Put) -> None:
    children = []
    for _ in range(3):
        children.append(await scripted.child())
        await works(scripted, put)
        await eventually(lambda: not alive(children[-1]), "the child ends")
    assert len(set(children)) == len(children)


async def test_a_child_gets_no_credentials_and_runs_under_limits(scripted: Service) -> None:
    child = await scripted.child()
    environment = proc(child, "environ")
    assert "AWS_" not in environment
    assert "GUARDIAN_" not in environment
    assert "NoNewPrivs:\t1" in proc(child, "status")
    limits = {line[:25].strip(): line[26:].split()[0] for line in proc(child, "limits").splitlines()}
    assert limits["Max data size"] == str(300 * 1024**2)
    assert limits["Max file size"] == str(32 * 1024**2)
    assert limits["Max core file size"] == "0"
    assert int(limits["Max open files"]) <= 64


async def test_the_null_mode_needs_neither_s3_nor_children(tmp_path: Path) -> None:
    async with running(SCRIPTED, tmp_path, "http://127.0.0.1:9", null=1, concurrency=16) as service:
        results = await asyncio.gather(*(service.last("s3://media/key") for _ in range(16)))
        assert all(isinstance(result, Result) for result in results)
        assert service.processes() == []


async def test_a_service_whose_children_do_not_start_is_never_ready_and_fails_its_liveness_probe(
    tmp_path: Path,
) -> None:
    too_little = 128  # MiB: the voice model and ONNX Runtime do not fit in
    async with running("audio_analyzer", tmp_path, "http://127.0.0.1:9", wait=False, memory_mib=too_little) as service:
        assert await service.status("/readyz") == 503

        async def broken() -> bool:
            return await service.status("/livez") == 503

        await eventually(broken, "the liveness probe fails")
        assert (await service.health())["status"] == "broken"
