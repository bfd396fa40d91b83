"""One analyzer as a local process that is kept running, instead of the pods of an Analyzer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import structlog

from analysis_operator.local.errors import StartFailed
from analysis_operator.local.process import HOST, Service, free_port
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.ports import Endpoint

log = structlog.get_logger(__name__)

_FAILURES = 3
_PAUSE_SECONDS = 0.5

MODULES = {"audio": "audio_analyzer", "video": "video_analyzer", "context": "context_analyzer"}
"""The analyzers that the project ships, and their modules."""

OFFLINE = {"GUARDIAN_CONTEXT_MODEL": "none", "GUARDIAN_CONTEXT_TRANSCRIPTS": ""}
"""There is no AWS account here: what is said is written down and judged on this machine, or not at all."""


class LocalPool:
    """Starts the process, passes its address to the dispatcher while it takes work, and restarts it when it ends."""

    def __init__(
        self,
        name: str,
        module: str,
        dispatcher: Dispatcher,
        env: Mapping[str, str],
        logs: Path,
        *,
        concurrency: int = 1,
    ) -> None:
        self.name = name
        self._module = module
        self._dispatcher = dispatcher
        self._logs = logs
        (logs / f"{name}.log").unlink(missing_ok=True)  # each run has its own; restarts append to it
        self._env = {**env, "GUARDIAN_HOST": HOST, "GUARDIAN_CONCURRENCY": str(concurrency)}
        self._service: Service | None = None
        dispatcher.set_pool(name, concurrency)

    @property
    def pid(self) -> int | None:
        """The process id of the service that runs now."""
        return self._service.pid if self._service else None

    async def run(self) -> None:
        """Keep it running until cancelled.

        Raises:
            StartFailed: it did not come up several times in a row.
        """
        failures = 0
        while True:
            port = free_port()
            service = Service(self.name, [self._module], port, "/readyz", self._logs, alive="/livez")
            self._service = service
            try:
                await service.start(self._env | {"GUARDIAN_PORT": str(port)})
                await service.wait_ready()
                failures = 0
                self._dispatcher.set_endpoints(self.name, [Endpoint(f"{self.name}-{service.pid}", service.address)])
                code = await service.ended()
                log.warning("analyzer ended, starting it again", analyzer=self.name, code=code)
            except StartFailed as error:
                failures += 1
                log.warning("analyzer did not start", analyzer=self.name, error=str(error))
                if failures == _FAILURES:
                    raise
            finally:
                self._dispatcher.set_endpoints(self.name, [], f"The process of {self.name} is restarting.")
                await service.stop()
            await asyncio.sleep(_PAUSE_SECONDS * max(1, failures))
