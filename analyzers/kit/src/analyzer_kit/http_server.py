"""uvicorn until SIGTERM, and then draining."""

from __future__ import annotations

import argparse
import gc
import socket
import time
from types import FrameType

import uvicorn
from fastapi import FastAPI

from analyzer_kit.analyzer import Analyzer
from analyzer_kit.app import create_app
from analyzer_kit.backend import Backend, ChildBackend
from analyzer_kit.child.spawn import Spawned
from analyzer_kit.jobs import Jobs
from analyzer_kit.settings import KitSettings
from guardian_service import logs, tracing, uvicorn_server
from guardian_service.connections import notice_lost_peer

_LAST_BYTES_SECONDS = 5
"""How long uvicorn waits for connections to end once the jobs have ended."""


async def serve(analyzer: Analyzer, settings: KitSettings, backend: Backend | None, template: Spawned | None) -> None:
    """Serve until SIGTERM or SIGINT; then refuse new work and finish what runs.

    A second signal stops at once.

    Args:
        analyzer: the analyzer to serve.
        settings: slots, limits, and places.
        backend: does the work; warm child processes unless given.
        template: what these are made from, if it was started and configured already.
    """
    arguments = _arguments(analyzer, settings)
    logs.configure(settings.log_level)
    traces = tracing.from_environment(f"silver-guardian-{analyzer.name}")
    app = create_app(analyzer, settings, backend or ChildBackend(analyzer, settings, template), traces)
    config = uvicorn.Config(
        app,
        **uvicorn_server.options(
            host=arguments.host, port=arguments.port, timeout_graceful_shutdown=_LAST_BYTES_SECONDS
        ),
    )
    gc.freeze()  # imported modules stay: later collections need not scan them
    gc.enable()
    await _Server(config, app, settings.drain_seconds).serve()


def _arguments(analyzer: Analyzer, settings: KitSettings) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=f"The {analyzer.name} analyzer's HTTP service.")
    port = analyzer.port if settings.port is None else settings.port
    parser.add_argument("--host", default=settings.host, help="address to listen on (%(default)s)")
    parser.add_argument("--port", default=port, type=int, help="port to listen on (%(default)s)")
    return parser.parse_args()


class _Server(uvicorn.Server):
    """Keeps listening while it drains, so that probes and new requests get 503 and not a refused connection."""

    def __init__(self, config: uvicorn.Config, app: FastAPI, drain_seconds: float) -> None:
        super().__init__(config)
        self._jobs: Jobs = app.state.jobs
        self._drain_seconds = drain_seconds
        self._drain_until: float | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen. When the operator's node dies, its streams end within seconds, and so do their analyses."""
        await super().startup(sockets)
        for server in self.servers:
            for listening in server.sockets:
                notice_lost_peer(listening)

    def handle_exit(self, _sig: int, _frame: FrameType | None) -> None:
        """Begin to drain. The signal is not passed on, or the process would end by it instead of with exit code 0."""
        if self._jobs.draining:
            self.should_exit = True
        self._jobs.draining = True
        self._drain_until = time.monotonic() + self._drain_seconds

    async def on_tick(self, counter: int) -> bool:
        """Return whether to exit; uvicorn calls this ten times a second."""
        if self._drain_until is not None and (self._jobs.busy == 0 or time.monotonic() > self._drain_until):
            self.should_exit = True
        return await super().on_tick(counter)
