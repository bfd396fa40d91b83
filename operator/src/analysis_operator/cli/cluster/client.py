"""What the commands ask of a cluster. Errors are those of :mod:`analysis_operator.cli.cluster.errors`."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Literal
from urllib.parse import quote

from analysis_operator.api import GROUP, VERSION
from analysis_operator.cli.cluster.connection import Target
from analysis_operator.cli.cluster.errors import NotAllowed, NotInstalled, NotThere, Refused, plainly
from analysis_operator.errors import Gone
from analysis_operator.kube.client import KubeApi
from analysis_operator.kube.objects import ANALYZER_LABEL, KubeObject
from guardian_service.trace_context import ANNOTATION, read

MANAGER = "kubectl-guardian"
_OPERATOR_LABEL = "app.kubernetes.io/name=silver-guardian-operator"
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")
_GROUP_PATH = f"apis/{GROUP}/{VERSION}"
_KINDS = {"AnalysisRequest": ("request", "list"), "AnalysisBatch": ("batch", "batches")}
"""How a kind is called in sentences, and which command lists it."""

Named = Literal["analysisrequests", "analysisbatches", "analyzers", "namespaces"]


class Cluster:
    """One cluster, and the namespace that the caller works in.

    Args:
        api: the API server.
        namespace: where requests are, unless a command says otherwise.
        target: what the caller named; ``system`` is where the Analyzers are.
    """

    def __init__(self, api: KubeApi, namespace: str, target: Target) -> None:
        self._api = api
        self.namespace = namespace
        self.system = target.system

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

    async def request(self, name: str) -> KubeObject:
        """Return a request. Raises NotThere."""
        return await self._call("GET", self._requests(name), name)

    async def requests(self, *, everywhere: bool = False) -> list[KubeObject]:
        """Return the requests of the namespace, or of all."""
        path = f"{_GROUP_PATH}/analysisrequests" if everywhere else self._requests()
        return await self._list(path)

    async def batch(self, name: str) -> KubeObject:
        """Return a batch. Raises NotThere."""
        return await self._call("GET", f"{self._batches()}/{_part(name)}", name, kind="AnalysisBatch")

    async def batches(self, *, everywhere: bool = False) -> list[KubeObject]:
        """Return the batches of the namespace, or of all."""
        return await self._list(f"{_GROUP_PATH}/analysisbatches" if everywhere else self._batches())

    async def names(self, kind: Named) -> AsyncGenerator[str]:
        """Yield the names of what the commands take: requests and batches of the namespace, Analyzers, namespaces."""
        paths = {
            "analysisrequests": self._requests(),
            "analysisbatches": self._batches(),
            "analyzers": self._analyzers(),
            "namespaces": "api/v1/namespaces",
        }
        with plainly():
            async for item in self._api.list(paths[kind], metadata_only=True):
                yield item["metadata"]["name"]

    async def create(self, name: str, spec: dict[str, Any], annotations: dict[str, str] | None = None) -> KubeObject:
        """Create a request. Raises NameTaken."""
        told = read(os.environ.get("TRACEPARENT"))
        trace = {ANNOTATION: told.traceparent} if told else {}
        meta = {"name": name, "namespace": self.namespace, "annotations": {**trace, **(annotations or {})}}
        body = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "AnalysisRequest", "metadata": meta, "spec": spec}
        try:
            with plainly():
                return await self._api.call("POST", self._requests(), query={"fieldManager": MANAGER}, body=body)
        except Gone as error:
            await self._check_installed()
            raise NotThere(f"There is no namespace {self.namespace}: name another one with --namespace.") from error

    async def patch(self, name: str, spec: dict[str, Any]) -> KubeObject:
        """Change fields of a request's spec. Raises NotThere."""
        return await self._call("PATCH", self._requests(name), name, body={"spec": spec})

    async def analyzers(self) -> list[KubeObject] | None:
        """Return the Analyzers; None if the caller may not read them."""
        return await self._if_allowed(self._analyzers())

    async def pool_pods(self) -> list[KubeObject] | None:
        """Return the pods of all pools; None if the caller may not read them."""
        return await self._if_allowed(self._pods(), labels=ANALYZER_LABEL)

    async def operator_pods(self) -> list[KubeObject] | None:
        """Return the pods of the operator; None if the caller may not read them."""
        return await self._if_allowed(self._pods(), labels=_OPERATOR_LABEL)

    async def nodes(self) -> list[KubeObject] | None:
        """Return the nodes; None if the caller may not read them."""
        return await self._if_allowed("api/v1/nodes")

    async def events(self, uid: str) -> list[KubeObject] | None:
        """Return the events about a request; None if the caller may not read them."""
        path = f"api/v1/namespaces/{_part(self.namespace)}/events"
        return await self._if_allowed(path, fields=f"involvedObject.uid={uid}")

    async def log(self, pod: str, *, follow: bool) -> AsyncIterator[bytes]:
        """Yield the lines of a pod's log. Raises NotThere if the pod is gone."""
        path = f"{self._pods()}/{_part(pod)}/log"
        with plainly():
            try:
                async for line in self._api.lines(path, {"follow": "true"} if follow else {}):
                    yield line
            except Gone as error:
                raise NotThere(f"Pod {pod} is gone, and its log with it.") from error

    def _requests(self, name: str = "") -> str:
        path = f"{_GROUP_PATH}/namespaces/{_part(self.namespace)}/analysisrequests"
        return f"{path}/{_part(name)}" if name else path

    def _batches(self) -> str:
        return f"{_GROUP_PATH}/namespaces/{_part(self.namespace)}/analysisbatches"

    def _analyzers(self) -> str:
        return f"{_GROUP_PATH}/namespaces/{_part(self.system)}/analyzers"

    def _pods(self) -> str:
        return f"api/v1/namespaces/{_part(self.system)}/pods"

    async def _call(
        self, method: str, path: str, name: str, body: dict[str, Any] | None = None, *, kind: str = "AnalysisRequest"
    ) -> KubeObject:
        what, lists = _KINDS[kind]
        if not _NAME.fullmatch(name):
            raise Refused(f"{name!r} is no name of a {what}: kubectl guardian {lists} shows them.")
        try:
            with plainly():
                content_type = "application/merge-patch+json" if method == "PATCH" else "application/json"
                query = {"fieldManager": MANAGER} if body else None
                return await self._api.call(method, path, query=query, body=body, content_type=content_type)
        except Gone as error:
            await self._check_installed()
            raise NotThere(
                f"There is no {kind} {name} in namespace {self.namespace}: `kubectl guardian {lists} -A` shows all."
            ) from error

    async def _list(self, path: str, *, labels: str | None = None, fields: str | None = None) -> list[KubeObject]:
        try:
            with plainly():
                return [item async for item in self._api.list(path, labels=labels, fields=fields)]
        except Gone as error:
            raise _not_installed() from error

    async def _if_allowed(
        self, path: str, *, labels: str | None = None, fields: str | None = None
    ) -> list[KubeObject] | None:
        try:
            return await self._list(path, labels=labels, fields=fields)
        except NotAllowed:
            return None

    async def _check_installed(self) -> None:
        try:
            with plainly():
                served = await self._api.call("GET", _GROUP_PATH)
        except Gone as error:
            raise _not_installed() from error
        if not any(entry.get("name") == "analysisrequests" for entry in served.get("resources") or ()):
            raise _not_installed()


def _not_installed() -> NotInstalled:
    return NotInstalled(
        "Silver Guardian is not installed in this cluster (it has no AnalysisRequests): name another one with "
        "--context, or install the chart."
    )


def _part(name: str) -> str:
    return quote(name, safe="")
