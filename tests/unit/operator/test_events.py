"""Events are posted beside the work: an API server that does not take them holds up nobody."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from analysis_operator.api import Metadata
from analysis_operator.errors import ApiUnavailable
from analysis_operator.kube import events
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.events import EventPoster
from analysis_operator.requests.actions import Notify
from tests.support.waiting import until

EVENT = Notify("Normal", "Completed", "NoEvidence, score 3.")


class Api:
    """Takes no event before it is told to."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked = 0
        self.taken: list[str] = []
        self.refuses = False

    async def call(self, _method: str, path: str, *, body: dict[str, Any]) -> dict[str, Any]:
        self.asked += 1
        await self.open.wait()
        if self.refuses:
            raise ApiUnavailable("no")
        self.taken.append(f"{path} {body['involvedObject']['name']} {body['reason']}")
        return body


async def test_nobody_waits_for_an_event_and_only_so_many_wait_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_MOST_WAITING", 6)
    api = Api()
    poster = EventPoster(cast("KubeApi", api), "operator-1")
    with capture_logs() as logs:
        for number in range(8):
            poster.post("AnalysisRequest", Metadata(name=f"call-{number}", namespace="n", uid="u"), EVENT)
    assert [line["event"] for line in logs] == ["event left out: too many wait"] * 2
    await until(lambda: api.asked == 4)
    api.open.set()
    await until(lambda: len(api.taken) == 6)
    assert api.taken[0] == "api/v1/namespaces/n/events call-0 Completed"


async def test_an_event_that_is_refused_is_only_logged() -> None:
    api = Api()
    api.refuses = True
    api.open.set()
    poster = EventPoster(cast("KubeApi", api), "operator-1")
    with capture_logs() as logs:
        poster.post("Analyzer", Metadata(name="audio"), EVENT)
        await until(lambda: logs)
    assert logs[0]["event"] == "event not posted"
