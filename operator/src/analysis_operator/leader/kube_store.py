"""The Lease in a cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from analysis_operator.errors import ApiUnavailable, Gone
from analysis_operator.kube.client import Json, KubeApi
from analysis_operator.leader.election import Lease

CALL_SECONDS = 2.0
"""The longest that one call may take, or there would be no time left for another that succeeds."""


class KubeLease:
    """Reads and writes one Lease, over the API server.

    Args:
        api: the API server.
        namespace: where the Lease is.
        name: of the Lease, and of the Deployment that owns it, so that it goes when that goes.
        clock: the time in UTC, for people; nothing is decided by it.
    """

    def __init__(self, api: KubeApi, namespace: str, name: str, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._clock = clock
        self._collection = f"apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path = f"{self._collection}/{name}"

    async def read(self, timeout: float = CALL_SECONDS) -> Lease | None:
        """Read it; None if there is none. Raises ApiUnavailable."""
        try:
            return _parse(await self._call("GET", self._path, timeout=timeout))
        except Gone:
            return None

    async def create(self, lease: Lease) -> Lease:
        """Create it, for the Deployment that runs this operator. Raises Gone, Conflict (there is one), ApiUnavailable.

        Without the Deployment there is nothing to lead. When both are deleted, the operators are the last to end: a
        Lease that one of them created then would have no owner, and stay for ever.
        """
        owner = await self._call("GET", f"apis/apps/v1/namespaces/{self._namespace}/deployments/{self._name}")
        uid = owner["metadata"]["uid"]
        owners = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": self._name, "uid": uid}]
        meta: Json = {"name": self._name, "namespace": self._namespace, "ownerReferences": owners}
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": meta,
            "spec": self._spec(lease),
        }
        return _parse(await self._call("POST", self._collection, body))

    async def write(self, lease: Lease, timeout: float = CALL_SECONDS) -> Lease:
        """Change exactly the version that `lease` names, and only the fields of the election.

        Raises Conflict, Gone, ApiUnavailable.
        """
        body = {"metadata": {"resourceVersion": lease.version}, "spec": self._spec(lease)}
        return _parse(await self._call("PATCH", self._path, body, timeout=timeout))

    def _spec(self, lease: Lease) -> Json:
        return {
            "holderIdentity": lease.holder or None,
            "leaseDurationSeconds": lease.seconds,
            "acquireTime": lease.term,
            "renewTime": micro_time(self._clock()),
            "leaseTransitions": lease.transitions,
        }

    async def _call(self, method: str, path: str, body: Json | None = None, *, timeout: float = CALL_SECONDS) -> Json:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            async with asyncio.timeout(min(timeout, CALL_SECONDS)):
                return await self._api.call(method, path, body=body, content_type=kind)
        except TimeoutError as error:
            raise ApiUnavailable(f"{method} {path}: no answer in time") from error


def micro_time(at: datetime) -> str:
    """Return a time as Kubernetes' MicroTime."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _parse(raw: Json) -> Lease:
    try:
        spec = raw.get("spec", {})
        return Lease(
            holder=spec.get("holderIdentity") or "",
            term=spec.get("acquireTime") or "",
            seconds=int(spec.get("leaseDurationSeconds") or 0),
            version=str(raw["metadata"]["resourceVersion"]),
            transitions=int(spec.get("leaseTransitions") or 0),
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ApiUnavailable(f"the answer is no Lease: {error!r}") from error
