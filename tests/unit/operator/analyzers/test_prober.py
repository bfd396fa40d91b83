"""Probing pods that start, over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from analysis_operator.analyzers.prober import ReadinessProber
from tests.support.ports import free_port
from tests.support.waiting import PATIENCE_SECONDS


class Pod:
    """A service that is not ready until the test says so."""

    def __init__(self) -> None:
        self.ready = False
        self.asked = asyncio.Event()
        self.address = ""

    async def readyz(self, _: web.Request) -> web.Response:
        self.asked.set()
        return web.json_response({}, status=200 if self.ready else 503)

    @asynccontextmanager
    async def listening(self, port: int = 0) -> AsyncIterator[Pod]:
        app = web.Application()
        app.add_routes([web.get("/readyz", self.readyz)])
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, bound = runner.addresses[0][:2]
        self.address = f"{host}:{bound}"
        yield self
        await runner.cleanup()


@pytest.fixture
async def pod() -> AsyncIterator[Pod]:
    async with Pod().listening() as made:
        yield made


async def test_a_pod_counts_from_the_moment_in_which_it_says_that_it_is_ready(pod: Pod) -> None:
    answered = asyncio.Event()
    prober = ReadinessProber(lambda _: answered.set())
    prober.probe("audio", {"uid-1": pod.address})
    await asyncio.wait_for(pod.asked.wait(), PATIENCE_SECONDS)
    assert prober.ready("audio") == set()
    pod.ready = True
    await asyncio.wait_for(answered.wait(), PATIENCE_SECONDS)
    assert prober.ready("audio") == {"uid-1"}
    prober.forget("audio", {"uid-1"})
    assert prober.ready("audio") == set()
    await prober.close()


async def test_a_pod_is_not_probed_when_no_request_waits_any_more(pod: Pod) -> None:
    prober = ReadinessProber(lambda _: None)
    prober.probe("audio", {"uid-1": pod.address})
    await asyncio.wait_for(pod.asked.wait(), PATIENCE_SECONDS)
    prober.probe("audio", {})
    pod.ready = True
    await asyncio.sleep(0.2)
    assert prober.ready("audio") == set()
    await prober.close()


async def test_a_pod_that_does_not_listen_yet_is_probed_again() -> None:
    answered = asyncio.Event()
    prober = ReadinessProber(lambda _: answered.set())
    late = Pod()
    late.ready = True
    port = free_port()
    prober.probe("audio", {"uid-1": f"127.0.0.1:{port}"})
    await asyncio.sleep(0)  # the first probe goes out before the pod listens
    async with late.listening(port):
        await asyncio.wait_for(answered.wait(), PATIENCE_SECONDS)
    await prober.close()


async def test_nothing_is_kept_of_a_pool_that_is_dropped(pod: Pod) -> None:
    answered: list[str] = []
    prober = ReadinessProber(answered.append)
    prober.probe("audio", {"uid-1": pod.address})
    await asyncio.wait_for(pod.asked.wait(), PATIENCE_SECONDS)
    prober.drop("audio")
    pod.ready = True
    await asyncio.sleep(0.2)
    assert answered == []
    assert (prober._tasks, prober._ready) == ({}, {})
