"""A thin layer over the kubernetes client: paths in, JSON out, errors of our own."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aiohttp import ClientError
from kubernetes.aio import client, config

from analysis_operator.analyzers.manifests import FIRST_MANAGER, MANAGER
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, Rejected
from analysis_operator.scaling import scaled_object

Json = dict[str, Any]

_TIMEOUT_SECONDS = 15.0
_PAGE = 500
_REJECTED = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.UNPROCESSABLE_ENTITY}
_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

_PLURALS = {
    "Deployment": ("apis/apps/v1", "deployments"),
    "Service": ("api/v1", "services"),
    "ServiceAccount": ("api/v1", "serviceaccounts"),
    "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets"),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies"),
    "ScaledObject": (f"apis/{scaled_object.API_VERSION}", "scaledobjects"),
}


class KubeApi:
    """Calls one API server. Raises Conflict, Gone, or ApiUnavailable; other refusals are ApiUnavailable too."""

    def __init__(self, api: client.ApiClient) -> None:
        self._api = api

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
        """Make one request and give its JSON."""
        headers = {"Accept": accept, "Content-Type": content_type}
        await self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = f"{self._api.configuration.host}/{path}" + (f"?{urlencode(query)}" if query else "")
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
        found: Json = json.loads(data)
        return found

    async def list(self, path: str, *, labels: str | None = None, metadata_only: bool = False) -> AsyncIterator[Json]:
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

    async def create(self, manifest: Json) -> Json:
        """Create an object. Raises Conflict if there is one of that name."""
        return await self.call("POST", _collection(manifest), query={"fieldManager": FIRST_MANAGER}, body=manifest)

    async def apply(self, manifest: Json, manager: str = MANAGER) -> Json:
        """Apply a manifest server-side, taking over what others changed in it."""
        return await self.call(
            "PATCH",
            f"{_collection(manifest)}/{manifest['metadata']['name']}",
            query={"fieldManager": manager, "force": "true"},
            body=manifest,
            content_type="application/apply-patch+yaml",
        )


def _collection(manifest: Json) -> str:
    prefix, plural = _PLURALS[manifest["kind"]]
    return f"{prefix}/namespaces/{manifest['metadata']['namespace']}/{plural}"


def _error(status: int, what: str, data: bytes) -> Exception:
    try:
        message = str(json.loads(data).get("message", ""))
    except ValueError:
        message = data[:200].decode(errors="replace")
    told = f"{what}: {status} {message}"
    if status == HTTPStatus.CONFLICT:
        return Conflict(told)
    if status == HTTPStatus.NOT_FOUND:
        return Gone(told)
    return Rejected(told) if status in _REJECTED else ApiUnavailable(told)
