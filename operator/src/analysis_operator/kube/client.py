"""A thin layer over the kubernetes client: paths in, JSON out, the operator's own errors."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError
from kubernetes.aio import client, config
from kubernetes.aio.client.rest import RESTResponse

from analysis_operator.clock import CheckedClock
from analysis_operator.errors import ApiUnavailable, Conflict, Forbidden, Gone, NotLeading, OperatorError, Rejected
from analysis_operator.kube.objects import CREATION_MANAGER, MANAGER, KubeObject

Json = dict[str, Any]

_TIMEOUT_SECONDS = 15.0
_WATCH_SECONDS = 300
_LONGEST_TEXT_SECONDS = 86_400.0
_PAGE = 500
_REJECTED = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
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
        name = f"{method} {path}"
        if method != "GET" and not self._may_write():
            raise NotLeading(f"{name}: another operator may lead by now")
        headers, sent = {"Accept": accept, "Content-Type": content_type}, self.clock.sent()
        with _errors_of(name):
            answer = await self._send(method, _url(path, query), headers, body, _TIMEOUT_SECONDS)
            data = await answer.read()
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise _error(answer.status, name, data)
        document = _document(data, f"{name}: {answer.status}")
        self.clock.heard(answer.headers.get("Date"), sent)
        return document

    async def list(
        self, path: str, *, labels: str | None = None, fields: str | None = None, metadata_only: bool = False
    ) -> AsyncIterator[KubeObject]:
        """Yield every object of a collection, page by page."""
        query = {key: value for key, value in (("labelSelector", labels), ("fieldSelector", fields)) if value}
        async for page in self.pages(path, query, accept=_METADATA_ONLY if metadata_only else "application/json"):
            for item in page.get("items") or ():
                yield item

    async def pages(self, path: str, query: Mapping[str, str], *, accept: str) -> AsyncIterator[Json]:
        """Yield a collection in pages of a bounded size."""
        following = ""
        while True:
            more = {"continue": following} if following else {}
            page = await self.call("GET", path, query={**query, "limit": str(_PAGE), **more}, accept=accept)
            yield page
            if not (following := page.get("metadata", {}).get("continue")):
                return

    async def watch(self, path: str, query: Mapping[str, str], *, accept: str) -> AsyncIterator[Json]:
        """Yield the events of a collection until the API server ends the watch, after some minutes.

        Raises ApiUnavailable when the watch breaks, or has to begin again with a list.
        """
        name = f"watch {path}"
        seconds = random.randrange(_WATCH_SECONDS, 2 * _WATCH_SECONDS)  # noqa: S311  # not all watches at once
        asked = {**query, "watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        with _errors_of(name):
            answer = await self._send("GET", _url(path, asked), {"Accept": accept}, None, seconds + _TIMEOUT_SECONDS)
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise _error(answer.status, name, await answer.read())
            async with answer.response:
                async for line in answer.response.content:
                    event = _document(line, name)
                    if event.get("type") == "ERROR":
                        raise ApiUnavailable(f"{name}: {event.get('object', {}).get('message')}")
                    yield event

    async def lines(self, path: str, query: Mapping[str, str]) -> AsyncIterator[bytes]:
        """Yield the lines of a plain text, such as a pod's log, for as long as the API server sends it."""
        name = f"GET {path}"
        with _errors_of(name):
            answer = await self._send("GET", _url(path, query), {"Accept": "*/*"}, None, _LONGEST_TEXT_SECONDS)
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise _error(answer.status, name, await answer.read())
            async with answer.response:
                async for line in answer.response.content:
                    yield line

    async def _send(
        self, method: str, path: str, headers: dict[str, str], body: Json | None, timeout: float
    ) -> RESTResponse:
        await self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = f"{self._api.configuration.host}/{path}"
        return await self._api.rest_client.request(method, url, headers=headers, body=body, _request_timeout=timeout)

    async def create(self, child: KubeObject) -> KubeObject:
        """Create an object. Raises Conflict if there is one of that name."""
        return await self.call("POST", _collection(child), query={"fieldManager": CREATION_MANAGER}, body=child)

    async def get(self, child: KubeObject) -> KubeObject:
        """Read the object that has this one's kind and name. Raises Gone."""
        return await self.call("GET", f"{_collection(child)}/{child['metadata']['name']}")

    async def delete(self, path: str, uid: str) -> None:
        """Delete exactly this object, if it still exists, and no namesake of it. Raises ApiUnavailable."""
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid}}
        with suppress(Gone, Conflict):  # Conflict: a namesake has its place
            await self.call("DELETE", path, body=body)

    async def apply(self, child: KubeObject, manager: str = MANAGER) -> KubeObject:
        """Apply an object server-side, and take over the fields of it that others changed."""
        return await self.call(
            "PATCH",
            f"{_collection(child)}/{child['metadata']['name']}",
            query={"fieldManager": manager, "force": "true"},
            body=child,
            content_type="application/apply-patch+yaml",
        )


@contextmanager
def _errors_of(name: str) -> Iterator[None]:
    try:
        yield
    except client.ApiException as error:
        raise ApiUnavailable(f"{name}: {error}") from error
    except (TimeoutError, ClientError, OSError, ValueError) as error:  # ValueError: a line longer than any object
        raise ApiUnavailable(f"{name}: {error!r}") from error


def _url(path: str, query: Mapping[str, str] | None) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _document(data: bytes, name: str) -> Json:
    try:
        document = json.loads(data)
    except ValueError as error:
        raise ApiUnavailable(f"{name} with a body that is not JSON") from error
    if not isinstance(document, dict):
        raise ApiUnavailable(f"{name} with a body that is no object")
    return document


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
    if status == HTTPStatus.FORBIDDEN:
        return Forbidden(summary)
    return Rejected(summary) if status in _REJECTED else ApiUnavailable(summary)
