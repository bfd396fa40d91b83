"""Takes part in the election: reads and writes the Lease that says which of several operators works."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import structlog

from analysis_operator import metrics
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, LeaseLost
from analysis_operator.kube.client import KubeApi
from analysis_operator.leader.election import Lease, Standing, Step, Terms, decide

log = structlog.get_logger(__name__)

Json = dict[str, Any]

_TERMS = Terms()
_CALL_SECONDS = 2.0
"""One call may not eat up the time in which another would succeed."""


class SingleInstance:
    """The election of an operator that has no Lease to share: outside a cluster, or in a test."""

    def stands_by(self) -> bool:
        """Say no."""
        return False

    async def acquire(self) -> None:
        """Win at once."""
        metrics.LEADER.set(1)

    async def renew_until_lost(self) -> None:
        """Lose never."""
        await asyncio.Event().wait()

    async def release(self) -> None:
        """Leave nothing."""


class LeaseElection:
    """One candidate.

    Args:
        api: the API server.
        namespace: where the Lease is.
        name: of the Lease, and of the Deployment that owns it, so that it goes when that goes.
        identity: of this process: its pod's name.
        clock: the time in UTC, for people; nothing is decided by it.
    """

    def __init__(self, api: KubeApi, namespace: str, name: str, identity: str, clock: Callable[[], datetime]) -> None:
        self._api = api
        self._namespace = namespace
        self._name = name
        self._identity = identity
        self._clock = clock
        self._collection = f"apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path = f"{self._collection}/{name}"
        self._standing = Standing(None, 0.0)
        self._read_at = -float("inf")

    def stands_by(self) -> bool:
        """Say whether another holds the Lease, as was seen a moment ago."""
        lease, fresh = self._standing.lease, time.monotonic() - self._read_at < _TERMS.duration
        return fresh and lease is not None and not self._standing.term

    async def acquire(self) -> None:
        """Wait until this process holds the Lease."""
        told = ""
        while not self._standing.term:
            try:
                await self._look()
                if decide(self._standing, self._identity, time.monotonic(), _TERMS) is Step.ACQUIRE:
                    await self._take()
                    continue
            except (ApiUnavailable, Conflict, Gone) as error:
                log.info("the Lease was not read or taken, will be tried again", error=str(error))
            lease = self._standing.lease
            if lease is not None and lease.holder != told:
                told = lease.holder
                log.info("standing by", leader=told)
            await asyncio.sleep(_TERMS.look_every)
        metrics.LEADER.set(1)
        log.info("leads", lease=self._name)

    async def renew_until_lost(self) -> None:
        """Renew the Lease until cancelled. Raises LeaseLost as soon as it is certain, or has to be assumed."""
        while True:
            await asyncio.sleep(_TERMS.renew_every)
            while not await self._renewed():  # noqa: ASYNC110  # it tries
                await asyncio.sleep(_TERMS.look_every / 2)

    async def release(self) -> None:
        """Give the Lease back, if this process still holds it, so that another takes over at once. Never raises."""
        term = self._standing.term
        try:
            await self._look()  # the answer to the last renewal may not have been waited for
            lease = self._standing.lease
            if lease is None or (lease.holder, lease.term) != (self._identity, term):
                return
            await self._write(lease, "", term)
        except (ApiUnavailable, Conflict, Gone) as error:
            log.warning("the Lease was not given back, the others wait until it ends", error=str(error))
        else:
            log.info("the Lease is given back")

    # ---- inside

    async def _renewed(self) -> bool:
        """Try once. False: not yet. Raises LeaseLost."""
        standing, sent = self._standing, time.monotonic()
        if standing.lease is None or decide(standing, self._identity, sent, _TERMS) is Step.LOST:
            raise LeaseLost(f"the Lease {self._name} is not this operator's any more, or could not be renewed in time")
        left = standing.renewed + _TERMS.deadline - sent
        try:
            lease = await self._write(standing.lease, self._identity, standing.term, left)
        except (Conflict, Gone):
            await self._look_after_conflict(left)
            return False
        except ApiUnavailable as error:
            log.warning("the Lease was not renewed, will be tried again", error=str(error))
            return False
        self._standing = replace(standing, lease=lease, renewed=sent)
        return True

    async def _look_after_conflict(self, left: float) -> None:
        """Somebody took the Lease, or the answer to a write of our own was lost: what it says now will tell."""
        try:
            await self._look(left)
        except ApiUnavailable as error:
            log.warning("the Lease was not read, will be tried again", error=str(error))

    async def _look(self, patience: float = _CALL_SECONDS) -> None:
        try:
            lease = _parse(await self._call("GET", self._path, patience=patience))
        except Gone:
            lease = None
        self._read_at = time.monotonic()
        before = self._standing.lease
        if before is None or lease is None or lease.version != before.version:
            self._standing = replace(self._standing, lease=lease, since=self._read_at)

    async def _take(self) -> None:
        before, sent, term = self._standing.lease, time.monotonic(), _micro(self._clock())
        if before is None:
            lease = _parse(await self._call("POST", self._collection, await self._first(term)))
        else:
            lease = await self._write(before, self._identity, term)
        self._standing = Standing(lease, sent, term, sent)

    async def _write(self, before: Lease, holder: str, term: str, patience: float = _CALL_SECONDS) -> Lease:
        """Change exactly the version that was read, and nothing but what the election is about."""
        took = term != before.term
        spec = self._spec(holder, term, before.transitions + 1 if took else before.transitions)
        body = {"metadata": {"resourceVersion": before.version}, "spec": spec}
        return _parse(await self._call("PATCH", self._path, body, patience=patience))

    def _spec(self, holder: str, term: str, transitions: int) -> Json:
        return {
            "holderIdentity": holder or None,
            "leaseDurationSeconds": _TERMS.duration,
            "acquireTime": term,
            "renewTime": _micro(self._clock()),
            "leaseTransitions": transitions,
        }

    async def _first(self, term: str) -> Json:
        meta: Json = {"name": self._name, "namespace": self._namespace}
        try:
            owner = await self._call("GET", f"apis/apps/v1/namespaces/{self._namespace}/deployments/{self._name}")
        except Gone:  # an operator that no Deployment runs
            pass
        else:
            uid = owner["metadata"]["uid"]
            meta["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": "Deployment", "name": self._name, "uid": uid}]
        spec = self._spec(self._identity, term, 0)
        return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": meta, "spec": spec}

    async def _call(self, method: str, path: str, body: Json | None = None, *, patience: float = _CALL_SECONDS) -> Json:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        try:
            async with asyncio.timeout(min(patience, _CALL_SECONDS)):
                return await self._api.call(method, path, body=body, content_type=kind)
        except TimeoutError as error:
            raise ApiUnavailable(f"{method} {path}: no answer in time") from error


def _micro(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _parse(raw: Json) -> Lease:
    spec = raw.get("spec", {})
    return Lease(
        holder=spec.get("holderIdentity") or "",
        term=spec.get("acquireTime") or "",
        seconds=int(spec.get("leaseDurationSeconds") or 0),
        version=raw["metadata"]["resourceVersion"],
        transitions=int(spec.get("leaseTransitions") or 0),
    )
