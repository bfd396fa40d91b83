"""Single AnalysisRequests, read from and created at the API server."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp

from status_api.errors import NotAccepted, QuotaSpent, Unavailable
from status_api.naming import Key
from status_api.ports import Entry
from status_api.resources import API_VERSION, entry_of, erasure_for, resource_for
from status_api.settings import Settings
from status_api.wire import NewAnalysis

type Json = dict[str, Any]

_TIMEOUT = aiohttp.ClientTimeout(total=10, connect=3)
_LINE_BYTES = 2 * 1024**2  # etcd holds no larger object
_REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY}
_QUOTA = "exceeded quota"
"""What the API server says when a ResourceQuota is spent; a missing right has the same status."""
_MANAGER = "silver-guardian-status-api"


class ApiError(Exception):
    """The API server answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message


class ClusterApi:
    """Calls the API server with the pod's own rights; an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> ClusterApi:
        """Open the connections."""
        ca = self._settings.kubernetes_ca_file
        context = ssl.create_default_context(cafile=str(ca) if ca.exists() else None)
        connector = aiohttp.TCPConnector(ssl=context, limit=64)
        self._session = aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT, read_bufsize=_LINE_BYTES)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close them."""
        if self._session is not None:
            await self._session.close()

    async def call(self, method: str, path: str, body: Json | None = None, **query: str) -> Json:
        """Make one request and return its JSON. Raises ApiError, Unavailable."""
        async with self._open(method, path, body, query, _TIMEOUT) as answer:
            content: Json = await answer.json(content_type=None)
            return content

    async def watch(self, path: str, seconds: int, **query: str) -> AsyncIterator[Json]:
        """Yield events for at most `seconds` seconds. Raises ApiError, Unavailable."""
        parameters = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds), **query}
        timeout = aiohttp.ClientTimeout(total=seconds + 10, connect=3)
        async with self._open("GET", path, None, parameters, timeout) as answer:
            async for line in answer.content:
                yield json.loads(line)

    @asynccontextmanager
    async def _open(
        self, method: str, path: str, body: Json | None, query: Mapping[str, str], timeout: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("the API server's client is not open")
        try:
            token = self._settings.kubernetes_token_file.read_text(encoding="ascii").strip()  # it rotates
            async with self._session.request(
                method,
                f"{self._settings.kubernetes_url}/{path}",
                json=body,
                params=query,
                headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
                timeout=timeout,
            ) as answer:
                if answer.status >= HTTPStatus.BAD_REQUEST:
                    raise ApiError(answer.status, _message(await answer.read()))
                yield answer
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unavailable(f"{method} {path}: {error!r}") from error


class ClusterRequests:
    """Creates and reads single AnalysisRequests."""

    def __init__(self, api: ClusterApi) -> None:
        self._api = api

    async def get(self, tenant: str, key: Key) -> Entry | None:
        """Return one, by name and UID."""
        try:
            resource = await self._api.call("GET", f"{collection(tenant)}/{quote(key.name)}")
        except ApiError as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise Unavailable(f"reading {tenant}/{key.name}: {error}") from error
        return entry_of(resource) if resource["metadata"]["uid"] == key.uid else None

    async def create(self, tenant: str, name: str, new: NewAnalysis) -> Entry:
        """Create one, or return the one that has this name already."""
        path = collection(tenant)
        try:
            try:
                resource = await self._api.call("POST", path, resource_for(tenant, name, new), fieldManager=_MANAGER)
            except ApiError as error:
                if error.status != HTTPStatus.CONFLICT:
                    raise
                resource = await self._api.call("GET", f"{path}/{name}")
        except ApiError as error:
            if error.status == HTTPStatus.FORBIDDEN and _QUOTA in error.message:
                raise QuotaSpent(error.message) from error
            if error.status in _REFUSED:
                raise NotAccepted(error.message) from error
            raise Unavailable(f"creating {tenant}/{name}: {error}") from error
        return entry_of(resource)

    async def erase(self, tenant: str, entry: Entry, recording: str | None) -> None:
        """Ask the operator to erase an analysis; it may have been asked already."""
        path, body = collection(tenant, "analysiserasures"), erasure_for(tenant, entry, recording)
        try:
            await self._api.call("POST", path, body, fieldManager=_MANAGER)
        except ApiError as error:
            if error.status == HTTPStatus.CONFLICT:
                return
            if error.status == HTTPStatus.FORBIDDEN and _QUOTA in error.message:
                raise QuotaSpent(error.message) from error
            raise Unavailable(f"erasing {tenant}/{entry.analysis.id}: {error}") from error


def collection(tenant: str, plural: str = "analysisrequests") -> str:
    """Return the path of a namespace's AnalysisRequests, or of its objects of another kind."""
    return f"apis/{API_VERSION}/namespaces/{tenant}/{plural}"


def _message(data: bytes) -> str:
    try:
        return str(json.loads(data)["message"])[:1000]
    except (ValueError, KeyError, TypeError):
        return data[:200].decode(errors="replace")
