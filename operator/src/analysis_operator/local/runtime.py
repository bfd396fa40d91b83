"""The operator on a laptop: the controller, plan, dispatcher and HTTP runner of the cluster over local adapters."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractContextManager, AsyncExitStack
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple, Protocol, Self

from analysis_operator.analyzers.http_runner import HttpRunner
from analysis_operator.api import AnalysisRequest
from analysis_operator.callbacks.kube_tokens import SpecTokens
from analysis_operator.callbacks.sender import CallbackSender
from analysis_operator.callbacks.step_functions import StepFunctions
from analysis_operator.clock import utc_now
from analysis_operator.local.listening import context_environment
from analysis_operator.local.memory_store import MemoryRequests
from analysis_operator.local.pool import MODULES, OFFLINE, LocalPool
from analysis_operator.local.s3_server import RESULTS_URI, LocalStore
from analysis_operator.records.sink import NoSink
from analysis_operator.report.ports import ReportWriter
from analysis_operator.report.writer import S3ReportWriter
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.dispatcher import Dispatcher
from analysis_operator.requests.observation import Policy
from guardian_service.signatures import SecretFile


class Store(Protocol):
    """Holds recordings and results behind an S3 interface."""

    async def start(self) -> None:
        """Start the server.

        Raises:
            StartFailed: it does not come up.
        """

    async def stop(self) -> None:
        """End the server."""

    def environment(self) -> AbstractContextManager[None]:
        """Set the environment so that S3 clients reach only this server."""

    async def upload(self, path: Path, uri: str) -> None:
        """Make a file available at an address."""

    async def download(self, prefix_uri: str, folder: Path) -> list[Path]:
        """Take the objects directly under a prefix into a folder, and return their paths."""


class _End(NamedTuple):
    show: Callable[[AnalysisRequest], None]
    reached: asyncio.Future[AnalysisRequest]


class LocalRuntime:
    """The embedded runtime, an async context manager; on exit every process that it started is ended.

    Args:
        out: the folder for logs, results and reports.
        modules: the analyzers, by name, and the Python modules that serve them.
        store: where recordings and results are; by default a complete S3 server, whose content is lost at the end.
        reports: writes the page for people.
        slots: analyses that each analyzer runs at a time.
    """

    def __init__(
        self,
        out: Path,
        modules: Mapping[str, str] = MODULES,
        *,
        store: Store | None = None,
        reports: ReportWriter | None = None,
        slots: int = 1,
    ) -> None:
        self._out = out
        self._modules = modules
        self._store = store or LocalStore(out / "logs")
        self._reports = reports
        self._slots = slots
        self._ends: dict[str, _End] = {}
        # One person's own recordings; and no other Analyzer comes.
        self._policy = Policy(grants={"*": ("s3://",)}, results_uri=RESULTS_URI, missing_analyzer_seconds=0)
        self._exit = AsyncExitStack()
        self._changed = asyncio.Event()
        self._parts: list[asyncio.Task[None]] = []
        self.requests = MemoryRequests(utc_now)
        self.pools: dict[str, LocalPool] = {}

    async def __aenter__(self) -> Self:
        """Start everything. Analyzers may take a moment longer: their requests wait, as in a cluster."""
        async with AsyncExitStack() as stack:
            logs = self._out / "logs"
            logs.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="guardian-"))
            stack.enter_context(self._store.environment())
            secrets = SecretFile(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="guardian-"))) / "shared")
            secrets.path.write_text(token_hex(32))
            runner = HttpRunner.create(secrets)
            stack.push_async_callback(runner.close)
            # Last in, first out: the parts that use the S3 server end before it does.
            stack.push_async_callback(self._store.stop)
            stack.push_async_callback(self._stop_parts)
            self._dispatcher = Dispatcher(runner, utc_now)
            self._controller = RequestController(
                self.requests,
                self._dispatcher,
                CallbackSender(StepFunctions(), SpecTokens(), utc_now),
                reports=self._reports or S3ReportWriter(),
                sink=NoSink(),
                policy=self._policy,
                clock=utc_now,
            )
            # One thread for each of many analyses: more would only take turns on the same cores.
            threads = {"GUARDIAN_THREADS": "1"} if self._slots > 1 else {}
            own = {"GUARDIAN_SCRATCH_DIR": scratch, "GUARDIAN_SECRET_FILE": str(secrets.path)}
            self._start_pools(logs, own | OFFLINE | threads)
            await self._store.start()
            self.requests.watch(self._controller.view.observe, self._controller.on_deleted)
            self.requests.watch(self._observe, lambda _: self._changed.set())
            self._spawn(self._controller.run())
            self._exit = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop everything."""
        await self._exit.aclose()

    async def upload(self, path: Path, uri: str) -> None:
        """Put a recording where a request will look for it."""
        await self._store.upload(path, uri)

    def apply(self, manifest: Mapping[str, Any]) -> AnalysisRequest:
        """Create or change a request, as `kubectl apply` does.

        Raises:
            InvalidManifest: the manifest is not valid.
        """
        return self.requests.apply(manifest)

    async def finish(self, show: Callable[[list[AnalysisRequest]], None] = lambda _: None) -> list[AnalysisRequest]:
        """Wait until every request has finished, and return all; call `show` with all of them after each change.

        Raises:
            StartFailed: an analyzer does not start.
        """
        while True:
            self._changed.clear()
            requests = self.requests.list()
            show(requests)
            if all(request.status.finished for request in requests):
                return requests
            await self._change_or_failure()

    async def end_of(self, request: AnalysisRequest, show: Callable[[AnalysisRequest], None]) -> AnalysisRequest:
        """Wait until one request has finished, and return it as it ended; call `show` with it after each change."""
        end = _End(show, asyncio.get_running_loop().create_future())
        self._ends[request.metadata.uid] = end
        try:
            return await end.reached
        finally:
            del self._ends[request.metadata.uid]

    async def failure(self) -> None:
        """Wait until an analyzer fails to start, which may be never.

        Raises:
            StartFailed: says why.
        """
        while True:
            self._changed.clear()
            await self._change_or_failure()

    async def collect(self, request: AnalysisRequest, folder: Path | None = None) -> Path | None:
        """Take the results of a request into plain files, and return the path of the report, if there is one.

        Args:
            request: it has finished.
            folder: where to; by default :meth:`folder_of` it.
        """
        prefix, folder = self._policy.result_prefix(request), folder or self.folder_of(request)
        for name in ["report", *request.spec.analyzers]:
            for stale in folder.glob(f"{name}.*"):  # of an earlier run
                stale.unlink()
        written = await self._store.download(prefix or "", folder)
        return next((path for path in written if path.name == "report.html"), None)

    def folder_of(self, request: AnalysisRequest) -> Path:
        """Return the folder for the results of a request."""
        return self._out / "reports" / request.metadata.namespace / request.metadata.name

    def _observe(self, request: AnalysisRequest) -> None:
        self._changed.set()
        if (end := self._ends.get(request.metadata.uid)) is None:
            return
        end.show(request)
        if request.status.finished and not end.reached.done():
            end.reached.set_result(request)

    def _start_pools(self, logs: Path, env: Mapping[str, str]) -> None:
        for name, module in self._modules.items():
            more = context_environment() if name == "context" else {}
            self.pools[name] = LocalPool(name, module, self._dispatcher, {**env, **more}, logs, concurrency=self._slots)
            self._spawn(self.pools[name].run())

    def _spawn(self, part: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(part)
        task.add_done_callback(lambda _: self._changed.set())
        self._parts.append(task)

    async def _change_or_failure(self) -> None:
        await self._changed.wait()
        for part in self._parts:
            if part.done() and not part.cancelled():
                part.result()  # a part runs until it is cancelled, so one that is done has failed

    async def _stop_parts(self) -> None:
        for part in self._parts:
            part.cancel()
        await asyncio.gather(*self._parts, return_exceptions=True)
