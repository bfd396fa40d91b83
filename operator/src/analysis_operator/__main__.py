"""Runs the operator in a cluster: ``python -m analysis_operator``."""

from __future__ import annotations

import asyncio
import signal
from datetime import UTC, datetime

import kopf
import structlog

from analysis_operator import handlers, logs
from analysis_operator.adapters.analyzers_http import HttpRunner
from analysis_operator.adapters.kube import KubeApi
from analysis_operator.adapters.reports import make_reports
from analysis_operator.adapters.requests_kube import KubeRequests
from analysis_operator.execute import Dispatcher
from analysis_operator.pools import Pools
from analysis_operator.reconcile import Reconciler
from analysis_operator.resync import Resync
from analysis_operator.server import Server
from analysis_operator.settings import Settings

log = structlog.get_logger(__name__)


def now() -> datetime:
    """Give the time, in UTC."""
    return datetime.now(UTC)


async def run(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; then every stream is closed, and what ran is planned again by who comes next."""
    stop = asyncio.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signum, stop.set)
    api, runner = await KubeApi.connect(), HttpRunner.create()
    reconciler = Reconciler(
        KubeRequests(api, settings.identity),
        lambda changed: Dispatcher(runner, now, changed),
        make_reports(settings.results_uri),
        settings.policy(),
        now,
    )
    pools = Pools(api, reconciler.dispatcher, now)
    resync = Resync(api, reconciler, pools, settings.namespace)
    server = Server(resync.problem, lambda: resync.started)
    await server.start(settings.host, settings.port)
    try:
        await _until(stop, _work(settings, reconciler, pools, resync))
    finally:
        await runner.close()
        await api.close()
        await server.close()


async def _work(settings: Settings, reconciler: Reconciler, pools: Pools, resync: Resync) -> None:
    await resync.start()
    log.info("started", namespace=settings.namespace)
    async with asyncio.TaskGroup() as group:
        group.create_task(pools.run())
        group.create_task(reconciler.run())
        group.create_task(resync.run(settings.resync_seconds))
        group.create_task(
            kopf.operator(
                registry=handlers.watch_pools(pools),
                settings=handlers.settings(owned=True),
                namespaces=[settings.namespace],
            )
        )
        group.create_task(
            kopf.operator(
                registry=handlers.watch_requests(reconciler),
                settings=handlers.settings(owned=False),
                clusterwide=True,
            )
        )


async def _until(stop: asyncio.Event, work: asyncio.Future[None] | object) -> None:
    """Run until told to stop, or until the work fails: then it raises, and the process ends."""
    task = asyncio.ensure_future(work)  # type: ignore[arg-type]
    waiter = asyncio.create_task(stop.wait())
    await asyncio.wait({task, waiter}, return_when=asyncio.FIRST_COMPLETED)
    waiter.cancel()
    if task.done():
        task.result()
        raise RuntimeError("a watch ended by itself")
    task.cancel()
    await asyncio.wait({task}, timeout=10)


def main() -> None:
    """Read the settings and run."""
    settings = Settings()
    logs.configure(settings.log_level)
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
