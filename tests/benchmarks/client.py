"""A client that creates requests and notes when each finished, by watching as any client would."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from kubernetes.aio import client, config

from analysis_operator.kube.client import KubeApi

REQUESTS = "apis/silverguardian.io/v1alpha1/namespaces/{namespace}/analysisrequests"
JOBS = "apis/batch/v1/namespaces/{namespace}/jobs"

Json = dict[str, Any]


class Client:
    """Talks to one cluster from the host."""

    def __init__(self, api: client.ApiClient) -> None:
        self._raw = api
        self.api = KubeApi(api)

    @classmethod
    async def connect(cls, kubeconfig: Path) -> Client:
        """Use a kubeconfig."""
        os.environ["NO_PROXY"] = "*"
        configuration = client.Configuration()
        await config.load_kube_config(config_file=str(kubeconfig), client_configuration=configuration)
        configuration.connection_pool_maxsize = 64
        return cls(client.ApiClient(configuration))

    async def close(self) -> None:
        """Close the connections."""
        await self.api.close()

    async def follow(self, collection: str, seen: Callable[[Json, float], None], started: asyncio.Event) -> None:
        """Watch a collection until cancelled; `seen` gets each object and when it came (a monotonic time)."""
        version = (await self.api.call("GET", collection, query={"limit": "1"}))["metadata"]["resourceVersion"]
        rest = self._raw.rest_client
        url = f"{self._raw.configuration.host}/{collection}?watch=true&resourceVersion={version}"
        assert rest.pool_manager is not None
        headers: dict[str, str] = {}
        await self._raw.update_params_for_auth(headers, [], ["BearerToken"], collection, "GET", None)
        async with rest.pool_manager.get(url, headers=headers, timeout=None, raise_for_status=True) as answer:
            started.set()
            async for line in answer.content:
                seen(json.loads(line)["object"], time.monotonic())

    async def watching(self, collection: str, seen: Callable[[Json, float], None]) -> asyncio.Task[None]:
        """Start to follow a collection, and return once the watch stands."""
        started = asyncio.Event()
        task = asyncio.create_task(self.follow(collection, seen, started))
        await asyncio.wait_for(started.wait(), 10)
        return task


async def stop(task: asyncio.Task[None]) -> None:
    """End a watch."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def request(name: str, uri: str, analyzer: str) -> Json:
    """Return a request for one analyzer."""
    return {
        "apiVersion": "silverguardian.io/v1alpha1",
        "kind": "AnalysisRequest",
        "metadata": {"name": name},
        "spec": {"source": {"uri": uri}, "analyzers": [analyzer]},
    }


def condition(item: Json, kind: str) -> str:
    """Return the status of an object's condition, or an empty string."""
    entries = item.get("status", {}).get("conditions") or ()
    return next((str(entry["status"]) for entry in entries if entry["type"] == kind), "")


def percentile(values: list[float], share: float) -> float:
    """Return the value below which a share of the values lies (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]
