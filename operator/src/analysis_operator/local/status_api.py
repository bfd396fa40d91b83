"""The status API over the embedded runtime: its requests in memory, its S3 server."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from analysis_operator.api import AnalysisRequest
from analysis_operator.local.errors import StartFailed
from analysis_operator.local.files import MEDIA_BUCKET
from analysis_operator.local.listening import default_analyzers
from analysis_operator.local.manifests import InvalidManifest
from analysis_operator.local.memory_store import MemoryErasures, MemoryRequests
from analysis_operator.local.process import HOST
from analysis_operator.local.s3_server import RESULTS_URI
from analysis_operator.records.sink import NoSink
from analysis_operator.report.store import ObjectStore
from analysis_operator.requests.erasing import Eraser, Scope
from guardian_service import uvicorn_server
from status_api.app import create_app
from status_api.auth import StaticTokens
from status_api.errors import NotAccepted
from status_api.naming import Key
from status_api.ports import Entry, Position
from status_api.resources import entry_of, erasure_for, resource_for
from status_api.settings import Settings
from status_api.storage import S3Links
from status_api.wire import NewAnalysis

TENANT = "default"
_IDLE_SECONDS = 5  # uvicorn's own: no load balancer is between it and the browser


class LocalAnalyses:
    """The status API's Analyses port over the requests in memory."""

    def __init__(self, requests: MemoryRequests, erasures: MemoryErasures | None = None) -> None:
        self._requests = requests
        self._erasures = erasures or MemoryErasures()

    async def get(self, tenant: str, key: Key) -> Entry | None:
        """Return one analysis of this tenant, or None."""
        request = self._requests.find(tenant, key.name)
        return _entry(request) if request is not None and request.metadata.uid == key.uid else None

    async def page(self, tenant: str, after: Position | None, limit: int) -> list[Entry]:
        """Return up to `limit` of them after a position, newest first."""
        entries = [_entry(request) for request in self._requests.list() if request.metadata.namespace == tenant]
        newest = sorted(entries, key=lambda entry: entry.position, reverse=True)
        return [entry for entry in newest if after is None or entry.position < after][:limit]

    async def unfinished(self, tenant: str) -> int:
        """Return how many wait or run."""
        own = [request for request in self._requests.list() if request.metadata.namespace == tenant]
        return sum(not request.status.finished for request in own)

    async def create(self, tenant: str, name: str, analysis: NewAnalysis) -> Entry:
        """Create an analysis, or return the one that has this name already."""
        request = self._requests.find(tenant, name)
        if request is None:
            try:
                request = self._requests.apply(resource_for(tenant, name, analysis))
            except InvalidManifest as error:
                raise NotAccepted(str(error)) from error
        return _entry(request)

    async def erase(self, tenant: str, entry: Entry, recording: str | None) -> None:
        """Ask that one be erased."""
        self._erasures.apply(erasure_for(tenant, entry, recording))


@asynccontextmanager
async def serving(requests: MemoryRequests, port: int) -> AsyncIterator[str]:
    """Serve the API and the page on the loopback address, and yield the token that opens them.

    What is said is judged, too, where this machine can write it down.

    Enter it inside the environment of the S3 server, as within LocalRuntime.

    Raises:
        StartFailed: the port is taken.
    """
    token = secrets.token_urlsafe(24)
    uploads = f"s3://{MEDIA_BUCKET}/uploads"
    settings = Settings(
        uploads_uri=uploads,
        results_uri=RESULTS_URI,
        sources={TENANT: (f"s3://{MEDIA_BUCKET}/",)},
        analyzers=tuple(default_analyzers()),
    )
    erasures = MemoryErasures()
    scope = Scope(results_uri=RESULTS_URI, uploads_uri=uploads)
    eraser = Eraser(erasures, requests, ObjectStore(), NoSink(), scope)
    app = create_app(settings, LocalAnalyses(requests, erasures), S3Links(settings), StaticTokens({token: TENANT}))
    server = _Server(uvicorn.Config(app, **uvicorn_server.options(timeout_keep_alive=_IDLE_SECONDS)))
    with _listening(port) as listener:
        task, erasing = asyncio.create_task(server.serve(sockets=[listener])), asyncio.create_task(eraser.run())
        try:
            yield token  # a client that connects before the server accepts waits in the listener's queue
        finally:
            erasing.cancel()
            server.should_exit = True
            await task


class _Server(uvicorn.Server):
    """A server that leaves signals to the command."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle no signals."""
        yield


def _listening(port: int) -> socket.socket:
    """Return a listening socket: if uvicorn itself found the port taken, it would end the whole process."""
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise StartFailed(f"Port {port} cannot be used ({error.strerror}). Choose another one with --port.") from error
    return listener


def _entry(request: AnalysisRequest) -> Entry:
    return entry_of(request.model_dump(mode="json", by_alias=True, exclude_none=True))
