"""Analyzer services as real processes, and what they talk to: an S3 server that works, and one that does not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

import aiohttp

from analyzer_contract import EVENT, MEDIA_TYPE_STREAM, Failure, Outcome, Progress, Result, Unchanged
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_SECONDS, Stopwatch

Event = Progress | Outcome

CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test-secret", "AWS_REGION": "us-east-1"}
_POLL_SECONDS = 0.05


async def eventually(
    condition: Callable[[], bool | Awaitable[bool]], what: str, seconds: float = PATIENCE_SECONDS
) -> float:
    """Wait until ``condition`` holds and return how long that took, as a `Stopwatch` counts it.

    Raises:
        AssertionError: it does not hold within ``seconds``.
    """
    start, stopwatch = time.monotonic(), Stopwatch()
    while time.monotonic() - start < seconds:
        outcome = condition()
        if await outcome if isinstance(outcome, Awaitable) else outcome:
            return stopwatch.seconds
        await asyncio.sleep(_POLL_SECONDS)
    raise AssertionError(f"not within {seconds} s: {what}")


@dataclass
class Service:
    """A running analyzer service."""

    url: str
    process: subprocess.Popen[bytes]
    scratch: Path
    session: aiohttp.ClientSession

    async def status(self, path: str) -> int:
        """Return the status code of a GET; 0 if nothing listens."""
        try:
            async with self.session.get(f"{self.url}{path}") as answer:
                return answer.status
        except aiohttp.ClientError:
            return 0

    async def health(self) -> dict[str, Any]:
        """Return what /health says."""
        async with self.session.get(f"{self.url}/health") as answer:
            body: dict[str, Any] = await answer.json()
            return body

    def post(self, uri: str, accept: str = MEDIA_TYPE_STREAM, **job: Any) -> Any:
        """Return a POST of a job, to be used with ``async with``."""
        body = {"id": "test", "source": {"uri": uri}, "deadlineSeconds": PATIENCE_SECONDS, **job}
        return self.session.post(f"{self.url}/v1/analyses", json=body, headers={"Accept": accept})

    async def events(self, uri: str, **job: Any) -> list[Event]:
        """Return all lines of the stream of a job."""
        async with self.post(uri, **job) as answer:
            assert answer.status == 200, await answer.text()
            return [EVENT.validate_json(line) async for line in answer.content]

    async def last(self, uri: str, **job: Any) -> Result | Failure:
        """Return the last line of the stream of a job."""
        last = (await self.events(uri, **job))[-1]
        assert not isinstance(last, Progress | Unchanged)
        return last

    def processes(self) -> list[int]:
        """Return the process ids of what the service has below it, the oldest first: that is the template."""
        tasks = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return sorted(map(int, tasks.read_text().split()), key=_started_at)

    def template(self) -> int:
        """Return the process id of the template that the service's children are made from."""
        return self.processes()[0]

    def children(self) -> list[int]:
        """Return the process ids of the service's children, the template left out."""
        return self.processes()[1:]

    async def working(self) -> int:
        """Wait until one child has a recording, and return its process id: it leads a session of its own then."""

        def leaders() -> list[int]:
            return [pid for pid in self.children() if os.getsid(pid) == pid]

        await eventually(lambda: len(leaders()) == 1, "a child has a recording")
        return leaders()[0]

    async def child(self) -> int:
        """Wait until the service has one child, and return its process id."""
        await eventually(lambda: len(self.children()) == 1, "there is a child")
        return self.children()[0]

    def leftovers(self) -> list[str]:
        """Return the names of what lies in the scratch folder."""
        return [path.name for path in self.scratch.iterdir() if path.name.startswith("guardian-")]


@asynccontextmanager
async def running(
    module: str,
    scratch: Path,
    endpoint: str,
    *,
    wait: bool = True,
    env: Mapping[str, str] | None = None,
    **settings: object,
) -> AsyncIterator[Service]:
    """Start ``python -m module`` on a free port; ``settings`` become GUARDIAN_ variables, ``env`` stays as it is."""
    port = free_port()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "GUARDIAN_"))},
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": endpoint,
        "GUARDIAN_SCRATCH_DIR": str(scratch),
        **{f"GUARDIAN_{name.upper()}": str(value) for name, value in settings.items()},
        **(env or {}),
    }
    command = [sys.executable, "-m", module, "--port", str(port)]
    process = _start(command, environment)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_SECONDS)) as session:
            service = Service(f"http://127.0.0.1:{port}", process, scratch, session)

            async def ready() -> bool:
                assert process.poll() is None, f"{module} ended with {process.returncode}"
                return await service.status("/readyz") == 200 if wait else await service.status("/livez") != 0

            await eventually(ready, f"{module} is ready")
            yield service
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
        process.wait()


def _started_at(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:  # gone meanwhile
        return sys.maxsize


def _start(command: list[str], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, env=environment)


@dataclass
class FaultyS3:
    """An S3 server that answers as its attributes say, whatever the key.

    Attributes:
        body: the object.
        failures: how many requests get ``failure_status`` before any is answered well.
        stated_bytes: Content-Length of HEAD, if it is not the truth.
        cut: how many GETs break off in the middle.
        checksums: headers of HEAD that state what the object's checksum is.
        stalled: while set, GETs send the first byte and then nothing.
    """

    body: bytes = b"{}"
    failures: int = 0
    failure_status: int = 500
    stated_bytes: int | None = None
    cut: int = 0
    checksums: dict[str, str] = field(default_factory=dict)
    stalled: threading.Event = field(default_factory=threading.Event)
    requests: list[str] = field(default_factory=list)
    puts: dict[str, bytes] = field(default_factory=dict)
    etag: str = "0123456789abcdef0123456789abcdef"
    url: str = ""

    @contextmanager
    def serving(self) -> Iterator[Self]:
        """Serve on a free port of the loopback address."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield self
        finally:
            self.stalled.clear()
            server.shutdown()
            server.server_close()


def _handler(s3: FaultyS3) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        faulty = s3

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    faulty: FaultyS3

    def log_message(self, *_: object) -> None:
        pass

    def _failed(self) -> bool:
        self.faulty.requests.append(f"{self.command} {self.path}")
        if self.faulty.failures <= 0:
            return False
        self.faulty.failures -= 1
        self.send_response(self.faulty.failure_status)
        self.send_header("Content-Length", "0")
        self.end_headers()
        return True

    def _head(self, size: int, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        self.send_header("ETag", f'"{self.faulty.etag}"')
        for name, value in self.faulty.checksums.items() if self.headers.get("x-amz-checksum-mode") else ():
            self.send_header(name, value)
        self.end_headers()

    def do_HEAD(self) -> None:
        if not self._failed():
            self._head(len(self.faulty.body) if self.faulty.stated_bytes is None else self.faulty.stated_bytes)

    def do_GET(self) -> None:
        if self._failed():
            return
        if self.headers.get("If-Match", self.faulty.etag).strip('"') != self.faulty.etag:
            self._head(0, 412)
            return
        span = self.headers.get("Range", "")
        part = self.faulty.body
        if span:
            first, last = span.removeprefix("bytes=").split("-")
            part = part[int(first) : int(last) + 1]
        self._head(len(part), 206 if span else 200)
        self._send(part)

    def _send(self, part: bytes) -> None:
        if self.faulty.stalled.is_set():
            self.wfile.write(part[:1])
            self.wfile.flush()
            while self.faulty.stalled.is_set():
                threading.Event().wait(0.05)
            self.close_connection = True
        elif self.faulty.cut > 0:
            self.faulty.cut -= 1
            self.wfile.write(part[: len(part) // 2])
            self.close_connection = True
        else:
            self.wfile.write(part)

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._failed():
            self.faulty.puts[self.path] = content
            self._head(0)
