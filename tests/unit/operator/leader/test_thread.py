"""The election goes on while the operator's event loop is busy, and its end is told there."""

from __future__ import annotations

import asyncio
import time

import pytest

from analysis_operator.errors import LeaseLost
from analysis_operator.kube.client import KubeApi
from analysis_operator.leader.lease import SingleInstance
from analysis_operator.leader.thread import ElectionThread
from tests.support.waiting import until


class Connections:
    async def close(self) -> None: ...


class Renewals(SingleInstance):
    def __init__(self) -> None:
        self.count = 0
        self.lost = False
        self.ended = False

    async def renew_until_lost(self) -> None:
        try:
            while not self.lost:
                self.count += 1
                await asyncio.sleep(0.01)
            raise LeaseLost("taken by another")
        finally:
            self.ended = True


async def test_the_lease_is_renewed_while_the_loop_is_busy_and_its_loss_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def connect() -> Connections:
        return Connections()

    monkeypatch.setattr(KubeApi, "connect", connect)
    renewals = Renewals()
    election = ElectionThread(lambda _: renewals)
    await election.start()
    await election.acquire()
    held = asyncio.create_task(election.renew_until_lost())
    await until(lambda: renewals.count)
    before = renewals.count
    time.sleep(0.3)  # noqa: ASYNC251 - the loop is busy
    assert renewals.count > before + 2
    renewals.lost = True
    with pytest.raises(LeaseLost):
        await held
    renewals.lost = renewals.ended = False
    held = asyncio.create_task(election.renew_until_lost())
    await asyncio.sleep(0.05)
    held.cancel()
    await until(lambda: renewals.ended)
    await election.close()
