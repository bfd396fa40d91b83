"""A thin layer over the kubernetes client: paths in, JSON out, the operator's own errors."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError
from kubernetes.aio import client, config

from analysis_operator.clock import CheckedClock
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, NotLeading, OperatorError, Rejected
from analysis_operator.kube.objects import CREATION_MANAGER, MANAGER, KubeObject

Json = dict[str, Any]

_TIMEOUT_SECONDS = 15.0
_PAGE = 500
_REJECTED = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY}
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

_PLURALS = {
    "Deployment": "deployments",
    "Service": "services",
    "ServiceAccount": "serviceaccounts",
    "PodDisruptionBudget": "poddisruptionbudgets",
    "NetworkPolicy": "networkpolicies",
    "ScaledObject": "scaledobjects",
}


class KubeApi:
    """Calls one API server. Raises Conflict, Gone, Rejected or ApiUnavailable; every other error is ApiUnavailable.

    Args:
        api: the client with its connections.
        may_write: asked before each call that is no read; False refuses it with NotLeading.
        clock: is compared with the time of each answer.
    """

    def __init__(
        self, api: client.ApiClient, may_write: Callable[[], bool] = lambda: True, clock: CheckedClock | None = None
    ) -> None:
        self._api = api
        self._may_write = may_write
        self.clock = clock or CheckedClock()

    @classmethod
    async def connect(cls) -> KubeApi:
        """Use the service account of the pod, or else the current context of the kubeconfig."""
        configuration = client.Configuration()
        try:
            config.load_incluster_config(client_configuration=configuration)
        except config.ConfigException:
            await config.load_kube_config(client_configuration=configuration)
        configuration.connection_pool_maxsize = 64
        # The configuration names a proxy if there is one; looking for more in the environment costs a tenth of a call.
        configuration.client_session_kwargs = {"trust_env": False}
        return cls(client.ApiClient(configuration))

    def fenced(self, may_write: Callable[[], bool]) -> KubeApi:
        """Return another caller over the same connections whose writes end as soon as this process may not lead."""
        return KubeApi(self._api, may_write, self.clock)

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        content_type: str = "application/json",
        accept: str = "application/json",
    ) -> Json:
        """Make one request and return its JSON."""
        if method != "GET" and not self._may_write():
            raise NotLeading(f"{method} {path}: another operator may lead by now")
        headers = {"Accept": accept, "Content-Type": content_type}
        await self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = f"{self._api.configuration.host}/{path}" + (f"?{urlencode(query)}" if query else "")
        sent = self.clock.sent()
        try:
            answer = await self._api.rest_client.request(
                method, url, headers=headers, body=body, _request_timeout=_TIMEOUT_SECONDS
            )
            data = await answer.read()
        except client.ApiException as error:
            raise ApiUnavailable(f"{method} {path}: {error}") from error
        except (TimeoutError, ClientError, OSError) as error:
            raise ApiUnavailable(f"{method} {path}: {error!r}") from error
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _error(answer.status, f"{method} {path}", data)
        try:
            document = json.loads(data)
        except ValueError as error:
            raise ApiUnavailable(f"{method} {path}: {answer.status} with a body that is not JSON") from error
        if not isinstance(document, dict):
            raise ApiUnavailable(f"{method} {path}: {answer.status} with a body that is no object")
        self.clock.heard(answer.headers.get("Date"), sent)
        return document

    async def list(
        self, path: str, *, labels: str | None = None, metadata_only: bool = False
    ) -> AsyncIterator[KubeObject]:
        """Yield every object of a collection, page by page."""
        query = {"limit": str(_PAGE)} | ({"labelSelector": labels} if labels else {})
        accept = _METADATA_ONLY if metadata_only else "application/json"
        while True:
            page = await self.call("GET", path, query=query, accept=accept)
            for item in page.get("items") or ():
                yield item
            if not (following := page.get("metadata", {}).get("continue")):
                return
            query["continue"] = following

    async def create(self, child: KubeObject) -> KubeObject:
        """Create an object. Raises Conflict if there is one of that name."""
        return await self.call("POST", _collection(child), query={"fieldManager": CREATION_MANAGER}, body=child)

    async def get(self, child: KubeObject) -> KubeObject:
        """Read the object that has this one's kind and name. Raises Gone."""
        return await self.call("GET", f"{_collection(child)}/{child['metadata']['name']}")

    async def apply(self, child: KubeObject, manager: str = MANAGER) -> KubeObject:
        """Apply an object server-side, and take over the fields of it that others changed."""
        return await self.call(
            "PATCH",
            f"{_collection(child)}/{child['metadata']['name']}",
            query={"fieldManager": manager, "force": "true"},
            body=child,
            content_type="application/apply-patch+yaml",
        )


def _collection(child: KubeObject) -> str:
    api = "apis" if "/" in child["apiVersion"] else "api"
    return f"{api}/{child['apiVersion']}/namespaces/{child['metadata']['namespace']}/{_PLURALS[child['kind']]}"


def _error(status: int, call: str, data: bytes) -> OperatorError:
    try:
        message = str(json.loads(data).get("message", ""))
    except ValueError:
        message = data[:200].decode(errors="replace")
    summary = f"{call}: {status} {message}"
    if status == HTTPStatus.CONFLICT:
        return Conflict(summary)
    if status == HTTPStatus.NOT_FOUND:
        return Gone(summary)
    return Rejected(summary) if status in _REJECTED else ApiUnavailable(summary)
