"""Events on their way to real HTTP servers that fail, are slow, refuse, and come back."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from aiohttp import ClientTimeout
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from analysis_operator.api import EventType
from analysis_operator.notifications import http_sinks, notifier
from analysis_operator.notifications.ports import About
from tests.support.operator.notifying import KEY, World, subscription
from tests.support.operator.sink import Sink
from tests.support.waiting import until


@pytest.fixture
async def world(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[World]:
    monkeypatch.setattr(notifier, "_REPORT_SECONDS", 0.02)
    monkeypatch.setattr(notifier, "_AGAIN_SECONDS", 0.01)
    opened = World()
    yield opened
    await opened.stop()


async def settled(world: World, count: int) -> None:
    await until(lambda: len(world.store.rows) == count, f"{count} to be recorded")


async def test_every_subscriber_gets_an_event_and_the_end_is_recorded_once(world: World) -> None:
    async with Sink() as first, Sink() as second, Sink() as others:
        told = world.start(
            subscription(first.url),
            subscription(second.url, "binary", mode="binary"),
            subscription(others.url, "lee", namespace="lee"),
            subscription(others.url, "batches", types=["io.silverguardian.batch.finished"]),
        )
        assert told.unsent(EventType.REQUEST_FINISHED, "kim")
        assert not told.unsent(EventType.REQUEST_FINISHED, "else")
        world.store.faults = 2
        world.finish(told, "a")
        await settled(world, 1)
        assert (first.taken, second.taken, others.calls) == (["a.finished"], ["a.finished"], [])
        assert "ce-id" in second.calls[0].message.headers
        assert world.store.states() == {"a": ("True", "Delivered")}


async def test_a_sink_that_answers_500_for_long_loses_nothing_and_says_so(world: World) -> None:
    uids = [f"u{n}" for n in range(30)]
    async with Sink(status=500) as down, Sink() as well:
        told = world.start(subscription(down.url), subscription(well.url, "well"))
        world.finish(told, *uids)
        await until(lambda: len(well.taken) == 30, "the other sink to have everything")
        await until(lambda: world.store.ready() == ("False", "SinkFailed"), "its condition")
        world.now += timedelta(hours=23)
        tried = len(down.calls)
        assert world.store.rows == {}
        assert tried < 30, "one at a time, with pauses, while it fails"
        down.status = 204
        await settled(world, 30)
        assert sorted(down.taken) == sorted(f"{uid}.finished" for uid in uids)
        assert set(world.store.states().values()) == {("True", "Delivered")}
        await until(lambda: world.store.ready() == ("True", "Accepted"), "its condition")


async def test_an_event_that_nobody_takes_for_a_day_is_given_up_and_counted(world: World) -> None:
    async with Sink(status=503) as down:
        told = world.start(subscription(down.url))
        world.finish(told, "a")
        await until(lambda: down.calls, "an attempt")
        world.now += timedelta(hours=25)
        await settled(world, 1)
        assert world.store.states() == {"a": ("False", "SinkFailed")}
        await until(lambda: world.store.warnings, "the event")
        assert "kim/mine" in world.store.warnings[0]


async def test_one_event_that_is_too_large_holds_up_no_other(world: World) -> None:
    async with Sink(answers=[413]) as sink:
        told = world.start(subscription(sink.url))
        world.finish(told, "large", "small")
        await settled(world, 2)
        assert sorted(world.store.states().values()) == [("False", "SinkRefused"), ("True", "Delivered")]
        assert len(sink.calls) == 2, "what is refused is not sent again"


async def test_a_sink_that_is_gone_gets_nothing_more_until_the_subscription_changes(world: World) -> None:
    async with Sink(status=410) as gone, Sink() as new:
        told = world.start(subscription(gone.url))
        world.finish(told, "a")
        await settled(world, 1)
        world.finish(told, "b", "c")
        await settled(world, 3)
        assert len(gone.calls) == 1
        assert set(world.store.states().values()) == {("False", "SinkRetired")}
        await until(lambda: world.store.ready()[1] == "SinkRetired", "its condition")
        told.observe(subscription(new.url, version=2))
        world.finish(told, "d")
        await settled(world, 4)
        assert new.taken == ["d.finished"]


async def test_an_operator_that_starts_sends_what_is_not_recorded_with_the_same_id(world: World) -> None:
    async with Sink(status=500) as sink:
        world.finish(world.start(subscription(sink.url)), "a", "b")
        await until(lambda: sink.calls, "an attempt")
        await world.stop()
        sink.status = 204
        world.store.rows["b"] = ("Notified", "True", "Delivered", "")  # type: ignore[assignment]
        after = world.start(subscription(sink.url))
        for uid in ("a", "b", "deleted"):
            after.on_unsent(About(EventType.REQUEST_FINISHED, uid, "kim", f"call-{uid}"))
        await settled(world, 3)
        assert sink.taken == ["a.finished"]
        assert world.store.states()["deleted"] == ("False", "Deleted")


async def test_a_request_that_is_deleted_at_once_is_still_told(world: World) -> None:
    async with Sink(answers=[503]) as sink:
        told = world.start(subscription(sink.url))
        world.finish(told, "a")
        world.store.requests.clear()
        await until(lambda: sink.taken == ["a.finished"], "the event")


async def test_more_events_than_fit_into_memory_are_read_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notifier, "_MOST_EVENTS", 2)
    async with Sink() as sink:
        told = world.start(subscription(sink.url))
        world.finish(told, "a", "b", "c", "d")
        assert sum(each.event is not None for each in told._pending.values()) == 2
        await settled(world, 4)
        assert len(sink.taken) == 4
        assert (told._held, told._pending) == (0, {})


async def test_a_slow_sink_is_given_up_for_now_and_holds_up_no_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_sinks, "_TIMEOUT", ClientTimeout(total=0.2))
    async with Sink(seconds=5) as slow, Sink() as quick:
        told = world.start(subscription(slow.url), subscription(quick.url, "quick"))
        world.finish(told, "a")
        await until(lambda: quick.taken, "the quick one")
        await until(lambda: world.store.ready()[1] == "SinkSilent", "its condition")
        slow.seconds = 0
        await settled(world, 1)


async def test_calls_are_signed_and_without_the_secret_nothing_is_sent(world: World) -> None:
    async with Sink() as sink, Sink() as unsigned:
        told = world.start(
            subscription(sink.url, secret={"name": "signing"}),
            subscription(unsigned.url, "unsigned", secret={"name": "nosuch"}),
        )
        world.finish(told, "a")
        await until(lambda: sink.calls, "the call")
        message = sink.calls[0].message
        assert Webhook(KEY).verify(message.body, message.headers)["id"] == "a.finished"
        with pytest.raises(WebhookVerificationError):
            Webhook("whsec_" + base64.b64encode(b"x" * 24).decode()).verify(message.body, message.headers)
        await until(lambda: world.store.ready("unsigned")[1] == "SecretMissing", "its condition")
        assert unsigned.calls == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0x7f.1"])
async def test_a_namespace_does_not_reach_what_is_not_public(world: World, host: str) -> None:
    async with Sink() as inside:
        url = inside.url.replace("127.0.0.1", host)
        told = world.start(subscription(url), networks=())
        world.finish(told, "a")
        await until(lambda: world.store.ready()[0] == "False", "its condition")
        assert world.store.ready()[1] in {"AddressForbidden", "SinkUnreached"}
        assert inside.calls == []


async def test_the_installation_reaches_its_own_sinks_and_namespaces_the_networks_that_it_allows(world: World) -> None:
    async with Sink() as inside:
        told = world.start(networks=(), installed={"desk": {"sink": inside.url, "namespaces": ["kim"]}})
        world.finish(told, "a")
        await settled(world, 1)
        assert inside.taken == ["a.finished"]


async def test_no_redirect_is_followed(world: World) -> None:
    async with Sink() as inside, Sink(status=307, headers={"Location": inside.url}) as sink:
        told = world.start(subscription(sink.url))
        world.finish(told, "a")
        await until(lambda: world.store.ready()[1] == "SinkRedirects", "its condition")
        assert inside.calls == []


async def test_a_deleted_subscription_keeps_nothing_waiting(world: World) -> None:
    async with Sink(status=500) as sink:
        told = world.start(subscription(sink.url))
        world.finish(told, "a")
        await until(lambda: sink.calls, "an attempt")
        told.on_gone("mine")
        await settled(world, 1)
        assert not told.unsent(EventType.REQUEST_FINISHED, "kim")
