"""A recording that has taken over its decoder: every attack is refused, ends typed, and touches nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from analyzer_contract import Failure, FailureKind, FailureReason, Result
from tests.support.analyzers.service import Service, eventually, running
from tests.support.hostile_analyzer.attacks import ATTACKS

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = [pytest.mark.integration, pytest.mark.asyncio(loop_scope="module")]
HOSTILE = "tests.support.hostile_analyzer"
Put = Callable[[str, bytes | Path], str]

METADATA_SERVICE = "169.254.169.254:80"
REFUSED = FailureReason.INTERNAL_ERROR
KILLED = FailureReason.WORKER_CRASHED
OUTCOMES = {
    "connect": KILLED,
    "post to the parent": KILLED,
    "socket pair": KILLED,
    "socket of the local machine": KILLED,
    "pass a descriptor": KILLED,
    "read": REFUSED,
    "read in a thread": REFUSED,
    "read the parent's environment": REFUSED,
    "open the parent's memory": REFUSED,
    "list": REFUSED,
    "write": REFUSED,
    "remove": REFUSED,
    "rename": REFUSED,
    "link": KILLED,
    "fork": KILLED,
    "outlive": KILLED,
    "breed": KILLED,
    "clone with shared memory": KILLED,
    "new user namespace": KILLED,
    "execute": KILLED,
    "become another program": KILLED,
    "kill the parent": KILLED,
    "kill all": KILLED,
    "signal by a file": REFUSED,
    "inspect the parent": KILLED,
    "stay alive": REFUSED,
    "be inspected": REFUSED,
    "lift limits": REFUSED,
    "new code": REFUSED,
    "io_uring": KILLED,
    "bpf": KILLED,
    "answer in the wrong place": KILLED,
    "answer without end": KILLED,
    "answer without a line's end": KILLED,
    "answer nonsense": KILLED,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hostile(s3_endpoint: str, s3: S3Client, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running(HOSTILE, tmp_path_factory.mktemp("scratch"), s3_endpoint) as service:
        yield service


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def unfiltered(
    s3_endpoint: str, s3: S3Client, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    scratch = tmp_path_factory.mktemp("unfiltered")
    async with running(HOSTILE, scratch, s3_endpoint, env={"GUARDIAN_UNFILTERED": "1"}) as service:
        yield service


@pytest.fixture
def token(tmp_path: Path) -> Path:
    """A file as that of Pod Identity: the pod's user may read it."""
    path = tmp_path / "eks-pod-identity-token"
    path.write_text("secret")
    return path


async def attacked(service: Service, put: Put, attack: str, target: str = "") -> Result | Failure:
    order = json.dumps({"attack": attack, "target": target}).encode()
    return await service.last(put("order", order), deadlineSeconds=30)


async def clean(service: Service, put: Put) -> None:
    """Assert that the next recording gets its result from the same service, and that nothing is left of the last."""
    last = await service.last(put("harmless", b"{}"))
    assert isinstance(last, Result)
    assert last.summary == "It worked: harmless"
    assert service.process.poll() is None
    assert service.leftovers() == []
    await eventually(lambda: len(service.processes()) == 2, "the template and one child are left")


@pytest.mark.parametrize("attack", OUTCOMES)
async def test_an_attack_fails_and_the_next_recording_is_clean(
    hostile: Service, put: Put, token: Path, attack: str
) -> None:
    assert set(OUTCOMES) == set(ATTACKS)
    template = hostile.template()
    addresses = {"connect": METADATA_SERVICE, "post to the parent": hostile.url.removeprefix("http://")}
    target = addresses.get(attack, str(token.parent if attack == "list" else token))
    if attack in {"outlive", "breed", "write"}:
        target = str(token.parent / "mark")
    last = await attacked(hostile, put, attack, target)
    assert isinstance(last, Failure)
    assert (last.kind, last.reason) == (FailureKind.INTERNAL, OUTCOMES[attack])
    if OUTCOMES[attack] is REFUSED:
        assert "PermissionError" in last.message or "not allowed" in last.message
    assert [path.name for path in token.parent.iterdir()] == [token.name]
    await clean(hostile, put)
    assert hostile.template() == template


async def test_another_recording_is_out_of_reach(s3_endpoint: str, put: Put, tmp_path: Path) -> None:
    async with running(HOSTILE, tmp_path, s3_endpoint, concurrency=2) as service:
        victim = tmp_path / "guardian-0000000000000000-victim" / "recording"
        victim.parent.mkdir()
        victim.write_bytes(b"private")
        for attack in ("read", "write", "remove", "rename"):
            last = await attacked(service, put, attack, str(victim))
            assert isinstance(last, Failure)
        assert victim.read_bytes() == b"private"


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


@contextmanager
def _listening() -> Iterator[tuple[str, list[object]]]:
    """Yield an address on loopback, and who connected to it."""
    callers: list[object] = []

    class Server(ThreadingHTTPServer):
        def process_request(self, request: object, client_address: object) -> None:
            callers.append(client_address)
            super().process_request(request, client_address)  # type: ignore[arg-type]

    server = Server(("127.0.0.1", 0), BaseHTTPRequestHandler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}", callers
    finally:
        server.shutdown()
        server.server_close()


async def test_no_packet_leaves_the_child(hostile: Service, put: Put) -> None:
    with _listening() as (address, callers):
        last = await attacked(hostile, put, "connect", address)
        assert isinstance(last, Failure)
        assert "SIGSYS" in last.message
        assert callers == []


@pytest.mark.parametrize("attack", ["outlive", "breed"])
async def test_what_a_child_leaves_behind_is_ended_even_where_nothing_is_filtered(
    unfiltered: Service, put: Put, tmp_path: Path, attack: str
) -> None:
    mark = tmp_path / "mark"
    last = await attacked(unfiltered, put, attack, str(mark))
    assert isinstance(last, Result), "without the filter the attack itself works"
    await clean(unfiltered, put)
    marks = mark.read_text()
    assert not alive(int(marks.split()[-1]))
    await asyncio.sleep(0.2)
    assert mark.read_text() == marks, "nothing goes on"
