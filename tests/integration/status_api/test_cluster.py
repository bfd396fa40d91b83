"""The whole service over a real API server, with the rights that the chart gives it and tokens of a real provider."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from status_api.adapters.cluster import ApiError, ClusterApi, collection
from status_api.service import make_service
from status_api.settings import Settings
from tests.support.kubernetes.apiserver import ApiServer
from tests.support.waiting import PATIENCE_SECONDS
from tests.support.web.oidc import Provider
from tests.support.web.status_api import body

pytestmark = pytest.mark.integration
_TIME = "2026-11-25T12:00:00Z"


@asynccontextmanager
async def running(
    cluster: dict[str, Any], provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nobody")
    app = make_service(Settings(oidc_issuer=provider.issuer, **cluster))
    headers = {"Authorization": f"Bearer {provider.token()}"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as client,
    ):
        yield client


@pytest.fixture
async def client(
    cluster: dict[str, Any], provider: Provider, api_server: ApiServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    async with running(cluster, provider, monkeypatch) as connection:
        yield connection
    api_server.kubectl("delete", "areq", "--all", "--all-namespaces")


async def eventually(holds: Callable[[], Awaitable[bool]], what: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await holds():  # noqa: ASYNC110 - asked over HTTP
                await asyncio.sleep(0.05)
    except TimeoutError:
        pytest.fail(f"waited in vain for {what}")


def finish(server: ApiServer, name: str) -> None:
    conditions = [
        {"type": kind, "status": "True", "reason": "Completed", "lastTransitionTime": _TIME}
        for kind in ("Succeeded", "Finished")
    ]
    patch = json.dumps({"status": {"verdict": "Suspicious", "score": 85, "conditions": conditions}})
    server.kubectl("patch", "areq", name, "-n", "one", "--subresource=status", "--type=merge", "-p", patch)


async def test_an_analysis_is_an_analysis_request_and_its_changes_are_seen(
    client: httpx.AsyncClient, api_server: ApiServer
) -> None:
    key = {"Idempotency-Key": "call-1"}
    first, again = [await client.post("/v1/analyses", json=body(), headers=key) for _ in range(2)]
    assert (first.status_code, again.status_code) == (202, 202), first.text
    assert first.json()["id"] == again.json()["id"]
    other = await client.post("/v1/analyses", json=body(key="other.wav"), headers=key)
    assert other.status_code == 409
    (item,) = api_server.read.list("analysisrequest", "one")
    assert item["spec"]["source"]["uri"] == "s3://media/uploads/one/call.wav"
    where = f"/v1/analyses/{first.json()['id']}"
    etag = first.headers["ETag"]
    assert (await client.get(where, headers={"If-None-Match": etag})).status_code == 304
    finish(api_server, item["metadata"]["name"])

    async def changed() -> bool:
        return (await client.get(where, headers={"If-None-Match": etag})).status_code == 200

    await eventually(changed, "the verdict")
    analysis = (await client.get(where)).json()
    assert (analysis["state"], analysis["verdict"], analysis["score"]) == ("Finished", "Suspicious", 85)


async def test_what_kubectl_makes_is_listed_and_what_it_deletes_is_gone(
    client: httpx.AsyncClient, api_server: ApiServer
) -> None:
    def request(name: str, namespace: str) -> dict[str, Any]:
        spec = {"source": {"uri": "s3://media/a.wav"}}
        kind = {"apiVersion": "silverguardian.io/v1alpha1", "kind": "AnalysisRequest"}
        return {**kind, "metadata": {"name": name, "namespace": namespace}, "spec": spec}

    api_server.apply(request("mine", "one"), request("theirs", "two"), request("unknown", "others"))

    async def listed() -> list[str]:
        items = (await client.get("/v1/analyses")).json()["items"]
        return [item["id"].partition(".")[0] for item in items]

    async def there() -> bool:
        return await listed() == ["mine"]

    async def gone() -> bool:
        return await listed() == []

    await eventually(there, "the list of this tenant's own")
    mine = (await client.get("/v1/analyses")).json()["items"][0]["id"]
    theirs = api_server.read.get("analysisrequest", "theirs", "two")["metadata"]["uid"]
    assert (await client.get(f"/v1/analyses/{mine}")).status_code == 200
    assert (await client.get(f"/v1/analyses/theirs.{theirs}")).status_code == 404
    assert (await client.get(f"/v1/analyses/mine.{theirs}")).status_code == 404
    api_server.kubectl("delete", "areq", "mine", "-n", "one")
    await eventually(gone, "the deletion")
    assert (await client.get(f"/v1/analyses/{mine}")).status_code == 404


async def test_an_erasure_is_asked_for_and_nothing_else_may_be_deleted(
    client: httpx.AsyncClient, api_server: ApiServer, cluster: dict[str, Any]
) -> None:
    asked = (await client.post("/v1/analyses", json=body())).json()
    name, _, uid = asked["id"].rpartition(".")
    for _ in range(2):
        assert (await client.delete(f"/v1/analyses/{asked['id']}")).status_code == 202
    shown = api_server.kubectl("get", "aerase", "-n", "one", "-o", "json").stdout
    (erasure,) = json.loads(shown)["items"]
    assert erasure["metadata"]["name"] == uid
    assert (erasure["spec"]["name"], erasure["spec"]["sourceURI"]) == (name, asked["source"]["uri"])
    # With what the API itself may do, nobody deletes, and nobody takes an erasure back.
    async with ClusterApi(Settings(**cluster)) as own:
        for path in (f"{collection('one')}/{name}", f"{collection('one', 'analysiserasures')}/{uid}"):
            for method in ("DELETE", "PATCH"):
                with pytest.raises(ApiError) as refused:
                    await own.call(method, path, {})
                assert refused.value.status == 403
    api_server.kubectl("delete", "aerase", "--all", "-n", "one")


async def test_a_spent_quota_is_said_as_such(client: httpx.AsyncClient, api_server: ApiServer) -> None:
    counted = {"count/analysisrequests.silverguardian.io": "0"}
    meta = {"name": "full", "namespace": "one"}
    api_server.apply({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": meta, "spec": {"hard": counted}})
    # What the controller would do, of which there is none here.
    told = ("--subresource=status", "--type=merge", "-p", json.dumps({"status": {"hard": counted, "used": counted}}))
    api_server.kubectl("patch", "resourcequota", "full", "-n", "one", *told)

    async def refused() -> bool:
        answer = await client.post("/v1/analyses", json=body())
        return answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0

    try:
        await eventually(refused, "the quota to count")
    finally:
        api_server.kubectl("delete", "resourcequota", "full", "-n", "one")
        api_server.kubectl("delete", "areq", "--all", "-n", "one")


async def test_another_replica_knows_at_once_what_was_created(
    client: httpx.AsyncClient, cluster: dict[str, Any], provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(cluster, provider, monkeypatch) as replica:
        for number in range(5):
            where = (await client.post("/v1/analyses", json=body(key=f"{number}.wav"))).headers["Location"]
            assert (await replica.get(where)).status_code == 200


async def test_polling_goes_on_while_the_api_server_is_away_and_nothing_is_lost(
    client: httpx.AsyncClient, api_server: ApiServer
) -> None:
    identifier = (await client.post("/v1/analyses", json=body())).json()["id"]
    where = f"/v1/analyses/{identifier}"
    api_server.stop()
    assert (await client.get(where)).status_code == 200, "a poll costs the API server nothing"
    refused = await client.post("/v1/analyses", json=body())
    assert (refused.status_code, refused.headers["Content-Type"]) == (503, "application/problem+json")
    assert int(refused.headers["Retry-After"]) > 0
    await asyncio.to_thread(api_server.start)
    finish(api_server, identifier.partition(".")[0])

    async def finished() -> bool:
        return bool((await client.get(where)).json()["state"] == "Finished")

    await eventually(finished, "the verdict after the outage")
    assert (await client.get("/readyz")).status_code == 200
