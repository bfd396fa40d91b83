"""KEDA's external-push scaler, called over a real connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from grpc import aio

from analysis_operator.scaling.external_scaler import METRIC, ExternalScaler
from analysis_operator.scaling.externalscaler_pb2 import GetMetricsRequest, IsActiveResponse
from analysis_operator.signals import Signal
from tests.support.operator.keda import IDLE, NAMESPACE, Client, FakePools, Stream, reference
from tests.support.waiting import until


@pytest.fixture
def pools() -> FakePools:
    return FakePools()


@pytest.fixture
async def port(pools: FakePools) -> AsyncIterator[int]:
    yield await pools.scaler.start("127.0.0.1", 0)
    await pools.scaler.close()


@pytest.fixture
async def client(port: int) -> AsyncIterator[Client]:
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield Client(channel)


async def open_streams(pools: FakePools, client: Client, count: int = 1) -> list[Stream[IsActiveResponse]]:
    """Open streams and wait until the scaler has them."""
    opened = [await client.pushes() for _ in range(count)]
    await until(lambda: len(pools.scaler._streams.get("audio", ())) == count)
    return opened


async def test_keda_reads_the_backlog_and_how_much_one_pod_takes(pools: FakePools, client: Client) -> None:
    pools.become(queued=5, running=2, slots=2, concurrency=3)
    (spec,) = (await client.spec(reference())).metricSpecs
    assert (spec.metricName, spec.targetSize, spec.targetSizeFloat) == (METRIC, 3, 3.0)
    answer = await client.metrics(GetMetricsRequest(scaledObjectRef=reference(), metricName=spec.metricName))
    (value,) = answer.metricValues
    assert (value.metricName, value.metricValue, value.metricValueFloat) == (METRIC, 7, 7.0)


@pytest.mark.parametrize(("queued", "running", "active"), [(0, 0, False), (1, 0, True), (0, 1, True)])
async def test_a_pool_is_active_while_anything_waits_or_runs(
    pools: FakePools, client: Client, queued: int, running: int, active: bool
) -> None:
    pools.become(queued=queued, running=running, slots=running)
    assert (await client.is_active(reference())).result is active


async def test_a_metric_of_another_name_is_refused(client: Client) -> None:
    with pytest.raises(aio.AioRpcError) as refused:
        await client.metrics(GetMetricsRequest(scaledObjectRef=reference(), metricName="queue"))
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_work_for_an_idle_pool_is_pushed_at_once_and_every_time(pools: FakePools, client: Client) -> None:
    (stream,) = await open_streams(pools, client)
    for _ in range(3):
        pools.become(queued=1)
        assert (await stream.next()).result
        pools.become()


async def test_work_that_is_left_without_a_pod_is_pushed_again(pools: FakePools, client: Client) -> None:
    (stream,) = await open_streams(pools, client)
    pools.become(queued=2, slots=4)
    assert (await stream.next()).result
    pools.become(queued=2, slots=0)
    assert (await stream.next()).result


async def test_a_stream_that_opens_while_there_is_work_gets_one_message(pools: FakePools, client: Client) -> None:
    pools.become(running=1, slots=4)
    stream = await client.pushes()
    assert (await stream.next()).result
    await client.is_active(reference())
    await pools.scaler.close()
    assert await stream.rest() == []


async def test_nothing_else_is_pushed_so_the_cooldown_can_end(pools: FakePools, client: Client) -> None:
    (stream,) = await open_streams(pools, client)
    pools.become(queued=1)
    await stream.next()
    for change in (
        {"queued": 9},
        {"queued": 9, "slots": 4},
        {"queued": 5, "running": 4, "slots": 4},
        {"queued": 6, "running": 3, "slots": 4},
        {"running": 4, "slots": 4},
        {"running": 1},
        {},
        {"slots": 4},
        {},
    ):
        pools.become(**change)
        await client.is_active(reference())  # a round trip: whatever would be sent is sent by then
    await pools.scaler.close()
    assert await stream.rest() == []


async def test_work_that_goes_as_fast_as_it_came_wakes_nothing(pools: FakePools, client: Client) -> None:
    (stream,) = await open_streams(pools, client)
    pools.become(queued=1)
    pools.become()
    await client.is_active(reference())
    await pools.scaler.close()
    assert await stream.rest() == []


async def test_every_stream_of_a_pool_gets_a_message_and_no_other_one(pools: FakePools, client: Client) -> None:
    pools.backlogs["video"] = IDLE
    other = await client.pushes(reference("video"))
    await until(lambda: "video" in pools.scaler._streams)
    streams = await open_streams(pools, client, count=2)
    pools.become(queued=1)
    assert all([(await stream.next()).result for stream in streams])
    await pools.scaler.close()
    assert await other.rest() == []


async def test_another_concurrency_is_pushed_as_the_metrics_new_target(pools: FakePools, client: Client) -> None:
    stream = await client.specs()
    assert [spec.targetSize for spec in (await stream.next()).metricSpecs] == [4]
    pools.become(queued=3)
    await client.is_active(reference())
    pools.become(queued=3, concurrency=2)
    assert [spec.targetSize for spec in (await stream.next()).metricSpecs] == [2]


async def test_a_pool_that_is_removed_and_comes_back_is_woken_over_the_same_stream(
    pools: FakePools, client: Client
) -> None:
    (stream,) = await open_streams(pools, client)
    del pools.backlogs["audio"]
    pools.scaler.on_backlog_changed("audio")
    pools.become(queued=1)
    assert (await stream.next()).result


async def test_a_client_that_leaves_leaves_nothing_behind(pools: FakePools, client: Client) -> None:
    await client.is_active(reference())
    before = len(asyncio.all_tasks())
    for stream in await open_streams(pools, client, count=3):
        stream.leave()
        del stream
    await until(lambda: not pools.scaler._streams)
    await until(lambda: len(asyncio.all_tasks()) <= before)
    pools.become(queued=1)
    assert (await client.is_active(reference())).result


async def test_a_connection_that_breaks_leaves_nothing_behind(pools: FakePools, port: int) -> None:
    async with aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        await open_streams(pools, Client(channel))
    await until(lambda: not pools.scaler._streams)


async def test_a_pool_that_is_not_known_and_a_foreign_namespace_are_refused(pools: FakePools, client: Client) -> None:
    code, message = await client.code(reference("text"))
    assert code is grpc.StatusCode.NOT_FOUND
    assert "text" in message
    code, message = await client.code(reference(namespace="kube-system"))
    assert code is grpc.StatusCode.NOT_FOUND
    assert NAMESPACE in message
    refused = await client.pushes(reference("text"))
    with pytest.raises(aio.AioRpcError):
        await refused.next()
    assert await refused.code() is grpc.StatusCode.NOT_FOUND
    assert not pools.scaler._streams


@pytest.mark.parametrize("name", ["", "a" * 254])
async def test_a_trigger_without_a_usable_name_is_refused(client: Client, name: str) -> None:
    code, message = await client.code(reference(name))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "'analyzer'" in message


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
async def test_an_oversized_message_is_refused_and_the_next_call_served(
    client: Client, compression: grpc.Compression
) -> None:
    with pytest.raises(aio.AioRpcError) as refused:
        await client.is_active(reference(name="x" * 65536), compression=compression)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not (await client.is_active(reference())).result


async def test_each_call_counts_as_a_poll_and_an_open_stream_does_not(pools: FakePools, client: Client) -> None:
    since_poll = pools.scaler.seconds_since_poll
    assert since_poll("audio") is None
    questions = (
        lambda: client.is_active(reference()),
        lambda: client.spec(reference()),
        lambda: client.metrics(GetMetricsRequest(scaledObjectRef=reference(), metricName=METRIC)),
    )
    for ask in questions:
        pools.now += 7
        await ask()
        assert since_poll("audio") == 0
    (stream,) = await open_streams(pools, client)
    pools.now += 40
    pools.become(queued=1)
    await stream.next()
    assert since_poll("audio") == 40


async def test_unknown_names_are_not_kept(pools: FakePools, client: Client) -> None:
    await client.is_active(reference())
    for number in range(20):
        await client.code(reference(f"pool-{number}"))
    pools.backlogs["video"] = pools.backlogs.pop("audio")
    await client.is_active(reference("video"))
    assert set(pools.scaler._polled_at) == {"video"}


async def test_a_server_that_closes_ends_its_streams_well_so_that_keda_comes_back_soon(
    pools: FakePools, client: Client
) -> None:
    (pushes,) = await open_streams(pools, client)
    specs = await client.specs()
    await specs.next()
    await pools.scaler.close()
    assert [await pushes.rest(), await specs.rest()] == [[], []]
    assert {await pushes.code(), await specs.code()} == {grpc.StatusCode.OK}
    assert not pools.scaler._streams
    with pytest.raises(aio.AioRpcError) as gone:
        await client.is_active(reference())
    assert gone.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_port_that_is_taken_is_an_error(port: int) -> None:
    second = ExternalScaler(NAMESPACE, lambda _: None, Signal())
    with pytest.raises(OSError, match=str(port)):
        await second.start("127.0.0.1", port)
