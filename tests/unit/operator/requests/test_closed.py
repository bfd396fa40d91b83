"""What is kept of requests that are closed, and how it follows the cluster."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from analysis_operator.errors import ApiUnavailable
from analysis_operator.kube import resource_watch
from analysis_operator.kube.client import KubeApi
from analysis_operator.notifications.notifier import Notifier
from analysis_operator.notifications.ports import About
from analysis_operator.records.sink import NoSink
from analysis_operator.requests import expiry
from analysis_operator.requests.closed import ClosedRequest, ClosedRequests
from analysis_operator.requests.closed_table import ClosedTable
from analysis_operator.requests.closed_watch import ClosedWatch
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.expiry import Expiry
from analysis_operator.requests.intake import Intake
from analysis_operator.requests.kube_store import KubeRequests
from analysis_operator.requests.ports import Named, Requests
from analysis_operator.requests.view import RequestView
from analysis_operator.work_queue import WorkQueue
from tests.support.waiting import until

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
Json = dict[str, Any]


def closed(uid: str, version: int = 1, expires_in: float = 60) -> ClosedRequest:
    return ClosedRequest(uid, "default", f"call-{uid}", version, 1, NOW + timedelta(seconds=expires_in))


def test_those_that_expire_come_in_order_each_once() -> None:
    known = ClosedRequests()
    for uid, seconds in (("late", 90), ("early", 10), ("deleted", 20), ("middle", 30)):
        known.add(closed(uid, expires_in=seconds))
    known.remove("deleted")
    assert known.expired(NOW) == []
    assert [request.uid for request in known.expired(NOW + timedelta(seconds=60))] == ["early", "middle"]
    assert known.expired(NOW + timedelta(seconds=60)) == []
    known.add(closed("early", version=0))
    assert known.versions() == {"late": 1, "early": 1, "middle": 1}, "an older version changes nothing"


async def test_a_deletion_that_fails_is_tried_again_and_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    class Store:
        def __init__(self) -> None:
            self.asked: list[str] = []

        async def delete(self, which: Named) -> None:
            self.asked.append(which.uid)
            if which.uid == "stuck":
                raise ApiUnavailable("a finalizer's webhook is down")

    monkeypatch.setattr(expiry, "_LOOK_SECONDS", 0.01)
    monkeypatch.setattr(expiry, "_PAUSE", timedelta())
    known, store, doubted = ClosedRequests(), Store(), [True]
    known.add(closed("stuck", expires_in=-2))
    known.add(closed("other", expires_in=-1))
    task = asyncio.create_task(Expiry(cast("Requests", store), known, lambda: NOW, lambda: doubted[0]).run())
    await asyncio.sleep(0.05)
    assert store.asked == [], "nothing is deleted while the clock is doubted"
    doubted[0] = False
    await until(lambda: store.asked.count("stuck") > 1 and "other" in store.asked)
    task.cancel()


def table(*requests: tuple[str, int], version: str = "", columns: bool = True) -> Json:
    rows = [
        {
            "cells": [uid, "LikelyFake", "2026-11-27T12:00:00.5Z"],
            "object": {
                "kind": "PartialObjectMetadata",
                "metadata": {
                    "name": f"call-{uid}",
                    "namespace": "default",
                    "uid": uid,
                    "generation": 1,
                    "resourceVersion": str(at),
                },
            },
        }
        for uid, at in requests
    ]
    heads = [{"name": name, "type": "string"} for name in ("Name", "Verdict", "Expires")]
    return {
        "kind": "Table",
        "metadata": {"resourceVersion": version} if version else {},
        "columnDefinitions": heads if columns else None,
        "rows": rows,
    }


def test_a_table_of_the_api_server_is_read() -> None:
    reader = ClosedTable()
    page = reader.read(table(("a", 3), ("b", 5), version="9"))
    assert (page.version, [request.uid for request in page.requests]) == ("9", ["a", "b"])
    assert page.requests[0].expires_at == datetime(2026, 11, 27, 12, 0, 0, 500_000, tzinfo=UTC)
    event = reader.read(table(("a", 11), columns=False), deleted=True)
    assert (event.version, event.deleted, event.requests[0].version) == ("11", True, 11)
    bookmark = table(("", 12), columns=False)
    bookmark["rows"][0]["object"]["metadata"] = {"resourceVersion": "12"}
    assert reader.read(bookmark) == ClosedTable().read({"metadata": {"resourceVersion": "12"}})


@pytest.mark.parametrize(
    "answer",
    [{"rows": [{}]}, {"rows": 3}, {"columnDefinitions": [{"name": "Name"}], "rows": []}, {"rows": [{"cells": [None]}]}],
)
def test_what_is_no_such_table_is_an_error_of_the_api_server(answer: Json) -> None:
    with pytest.raises(ApiUnavailable):
        ClosedTable().read(answer)


class Cluster:
    """The API server's side: a list, and the events of one watch after the other."""

    def __init__(self) -> None:
        self.listed: list[tuple[str, int]] = []
        self.version = "10"
        self.watches: list[list[Json] | Exception] = []
        self.since: list[str] = []

    async def pages(self, _path: str, query: dict[str, str], **_: object) -> AsyncIterator[Json]:
        assert query["fieldSelector"] == "status.expiresAt!="
        yield table(*self.listed, version=self.version)

    async def watch(self, _path: str, query: dict[str, str], **_: object) -> AsyncIterator[Json]:
        self.since.append(query["resourceVersion"])
        if not self.watches:
            await asyncio.Event().wait()
        events = self.watches.pop(0)
        if isinstance(events, Exception):
            raise events
        for event in events:
            yield event


class Controller:
    def __init__(self) -> None:
        self.view = RequestView(NoSink(), WorkQueue(), Intake())
        self.gone: list[str] = []

    def on_deleted(self, uid: str, *, closed: bool) -> None:
        assert closed
        self.view.remove(uid)
        self.gone.append(uid)


class Unsent:
    """A notifier that is told of nothing."""


async def test_a_request_whose_event_was_not_sent_is_told_and_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    class Told(Unsent):
        def __init__(self) -> None:
            self.about: list[About] = []

        def on_unsent(self, about: About) -> None:
            self.about.append(about)

    cluster, controller, told = Cluster(), Controller(), Told()
    cluster.listed = [("sent", 4), ("unsent", 5)]
    pages = cluster.pages

    async def with_the_condition(path: str, query: dict[str, str], **more: object) -> AsyncIterator[Json]:
        async for page in pages(path, query, **more):
            page["columnDefinitions"].append({"name": "Notified"})
            for row, state in zip(page["rows"], ("True", "Unknown"), strict=True):
                row["cells"].append(state)
            yield page

    monkeypatch.setattr(cluster, "pages", with_the_condition)
    store = KubeRequests(cast("KubeApi", cluster), "operator-1")
    watch = ClosedWatch(store, cast("RequestController", controller), cast("Notifier", told))
    task = asyncio.create_task(watch.run())
    await until(lambda: told.about)
    task.cancel()
    assert [about.uid for about in told.about] == ["unsent"]
    deleted: list[str] = []

    class Store:
        async def delete(self, which: Named) -> None:
            deleted.append(which.uid)

    monkeypatch.setattr(expiry, "_LOOK_SECONDS", 0.01)
    known, late = controller.view.closed, NOW + timedelta(days=1)
    task = asyncio.create_task(Expiry(cast("Requests", Store()), known, lambda: late, lambda: False).run())
    await until(lambda: deleted)
    await asyncio.sleep(0.05)
    assert deleted == ["sent"]
    task.cancel()


async def test_the_watch_follows_what_finishes_and_what_is_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource_watch, "_PAUSE_SECONDS", 0)
    cluster, controller = Cluster(), Controller()
    controller.view.closed.add(closed("went while nobody watched", version=9))
    controller.view.closed.add(closed("closed since the list", version=11))
    cluster.listed = [("old", 4)]
    told = cast("Notifier", Unsent())
    deletion = {"type": "DELETED", "object": table(("old", 13), columns=False)}
    cluster.watches = [
        [{"type": "ADDED", "object": table(("new", 12))}, deletion],
        [],
        ApiUnavailable("410: too old"),
    ]
    watch = ClosedWatch(
        KubeRequests(cast("KubeApi", cluster), "operator-1"), cast("RequestController", controller), told
    )
    task = asyncio.create_task(watch.run())
    await until(lambda: len(cluster.since) == 4)
    assert cluster.since == ["10", "13", "13", "10"], "a watch that ends goes on, one that breaks begins with a list"
    assert controller.gone[:2] == ["went while nobody watched", "old"]
    assert "closed since the list" in controller.view.closed
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
