"""How a service comes up, and how it goes when nothing runs: the pods of a pool that scales from zero and back."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import aiohttp
import pytest

from analyzer_contract import Result
from tests.support.analyzers.service import CREDENTIALS, FaultyS3, Service, eventually, running
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_SECONDS

pytestmark = pytest.mark.integration
SCRIPTED = "tests.support.scripted_analyzer"
_SOON_SECONDS = 3


def _alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextmanager
def _started(scratch: Path, port: int = 0, endpoint: str = "http://127.0.0.1:9") -> Iterator[subprocess.Popen[bytes]]:
    """Start a service, and yield it from its very beginning."""
    environment = os.environ | CREDENTIALS | {"GUARDIAN_SCRATCH_DIR": str(scratch), "AWS_ENDPOINT_URL": endpoint}
    process = subprocess.Popen([sys.executable, "-m", SCRIPTED, "--port", str(port)], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def _children(process: subprocess.Popen[bytes]) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


async def _exit_code_after_sigterm(service: Service) -> int | None:
    service.process.send_signal(signal.SIGTERM)
    assert await eventually(lambda: service.process.poll() is not None, "the service ends") <= _SOON_SECONDS
    return service.process.returncode


async def test_an_idle_service_that_is_terminated_ends_soon_and_with_0(tmp_path: Path) -> None:
    async with running(SCRIPTED, tmp_path, "http://127.0.0.1:9") as service:
        child, template = await service.child(), service.template()
        assert await _exit_code_after_sigterm(service) == 0
        assert not _alive(child)
        assert not _alive(template)
        assert _empty(tmp_path)


async def test_a_service_that_is_terminated_before_it_listens_ends_with_0_and_so_does_its_child(
    tmp_path: Path,
) -> None:
    with _started(tmp_path) as process:
        await eventually(lambda: _children(process) != [], "the template is started")
        (child,) = _children(process)
        assert _empty(tmp_path)  # the scratch folder is taken just before it listens
        process.send_signal(signal.SIGTERM)
        assert await eventually(lambda: process.poll() is not None, "the service ends") <= _SOON_SECONDS
        assert process.returncode == 0
        assert await eventually(lambda: not _alive(child), "the child ends") <= _SOON_SECONDS


async def test_what_was_accepted_while_it_started_is_finished_and_uploaded_before_it_goes(tmp_path: Path) -> None:
    server, port = FaultyS3(), free_port()
    with server.serving(), _started(tmp_path, port, server.url) as process:
        await eventually(lambda: _children(process) != [], "the template is started")
        (child,) = _children(process)
        # Not before it runs its own program: until then the service waits for it.
        program = Path(f"/proc/{child}/cmdline")
        await eventually(lambda: b"analyzer_kit.child" in program.read_bytes(), "the template runs its program")
        os.kill(child, signal.SIGSTOP)  # so that it is not warm before it may
        async with aiohttp.ClientSession() as session:
            service = Service(f"http://127.0.0.1:{port}", process, tmp_path, session)

            async def listening() -> bool:
                return await service.status("/livez") == 200

            await eventually(listening, "it listens")
            assert (await service.health())["status"] == "starting"
            job = asyncio.ensure_future(service.last("s3://media/key", resultPrefix="s3://results/x/"))
            await eventually(lambda: len(server.requests) == 2, "it is downloaded")
            process.send_signal(signal.SIGTERM)

            async def draining() -> bool:
                return bool((await service.health())["status"] == "draining")

            await eventually(draining, "it drains")
            async with service.post("s3://media/key") as refused:
                assert refused.status == 503
            os.kill(child, signal.SIGCONT)
            assert isinstance(await job, Result)
        assert set(server.puts) == {"/results/x/scripted.json", "/results/x/scripted.png"}
        assert await eventually(lambda: process.poll() is not None, "the service ends") <= _SOON_SECONDS
        assert process.returncode == 0


async def test_a_service_that_is_terminated_while_its_child_warms_up_ends_with_0(tmp_path: Path) -> None:
    async with running("audio_analyzer", tmp_path, "http://127.0.0.1:9", wait=False) as service:
        assert await _exit_code_after_sigterm(service) == 0


async def test_what_is_asked_the_moment_it_is_ready_gets_its_verdict(tmp_path: Path) -> None:
    """The S3 client may still be in the making then."""
    server = FaultyS3()
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url) as service:
            assert isinstance(await service.last("s3://media/key"), Result)


async def test_every_slot_gets_a_child_of_its_own(tmp_path: Path) -> None:
    server = FaultyS3(body=b'{"seconds": 60}')
    with server.serving():
        async with running(SCRIPTED, tmp_path, server.url, concurrency=2) as service:
            jobs = [asyncio.ensure_future(service.last("s3://media/key")) for _ in range(2)]

            async def two() -> bool:
                leaders = [pid for pid in service.children() if os.getsid(pid) == pid]
                return len(leaders) == 2 and bool((await service.health())["busy"] == 2)

            await eventually(two, "two children for two slots")
            for job in jobs:
                job.cancel()
            await asyncio.gather(*jobs, return_exceptions=True)


def test_a_setting_that_is_none_is_named_and_ends_the_start(tmp_path: Path) -> None:
    environment = os.environ | {"GUARDIAN_SCRATCH_DIR": str(tmp_path), "GUARDIAN_CONCURRENCY": "0"}
    command = [sys.executable, "-m", "audio_analyzer"]
    ended = subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert ended.returncode == 1
    assert "GUARDIAN_CONCURRENCY: Input should be greater than or equal to 1" in ended.stderr
    assert "Exception ignored" not in ended.stderr
