"""Take part in the election: acquire the Lease, renew it, and release it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog

from analysis_operator import metrics
from analysis_operator.clock import elapsed
from analysis_operator.errors import ApiUnavailable, Conflict, Gone, LeaseLost
from analysis_operator.leader.election import Lease, Standing, Step, Terms, decide
from analysis_operator.leader.kube_store import CALL_SECONDS, KubeLease, micro_time

log = structlog.get_logger(__name__)

_TERMS = Terms()


class Leadership(Protocol):
    """Says when this process may do the work."""

    def stands_by(self) -> bool:
        """Return whether another process leads."""

    async def acquire(self) -> None:
        """Wait until this process leads."""

    async def renew_until_lost(self) -> None:
        """Keep leading until cancelled. Raises LeaseLost when another process may lead from now on."""

    def holds(self) -> bool:
        """Return whether no other process can lead at this moment, however long this one was suspended."""

    async def release(self) -> None:
        """Let another process lead at once. Never raises."""


class SingleInstance:
    """The Leadership of an operator that shares no Lease: outside a cluster, or in a test."""

    def stands_by(self) -> bool:
        """Return False."""
        return False

    async def acquire(self) -> None:
        """Lead at once."""
        metrics.LEADER.set(1)

    async def renew_until_lost(self) -> None:
        """Lead until cancelled."""
        await asyncio.Event().wait()

    def holds(self) -> bool:
        """Return True."""
        return True

    async def release(self) -> None:
        """Do nothing."""


class LeaseElection:
    """The Leadership by a Lease.

    Args:
        store: reads and writes the Lease.
        name: of the Lease, for logs.
        identity: of this process: its pod's name.
        clock: the time in UTC, for people; nothing is decided by it.
    """

    def __init__(self, store: KubeLease, name: str, identity: str, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._name = name
        self._identity = identity
        self._clock = clock
        self._standing = Standing(None, 0.0)
        self._read_at = -float("inf")

    def stands_by(self) -> bool:
        """Return whether another process held the Lease when it was last read, a moment ago."""
        lease, fresh = self._standing.lease, elapsed() - self._read_at < _TERMS.duration
        return fresh and lease is not None and not self._standing.term

    async def acquire(self) -> None:
        """Wait until this process holds the Lease."""
        leader = ""
        while not self._standing.term:
            try:
                await self._read()
                if decide(self._standing, self._identity, elapsed(), _TERMS) is Step.ACQUIRE:
                    await self._take()
                    continue
            except (ApiUnavailable, Conflict, Gone) as error:
                log.info("the Lease was not read or taken, will be tried again", error=str(error))
            lease = self._standing.lease
            if lease is not None and lease.holder != leader:
                leader = lease.holder
                log.info("standing by", leader=leader)
            await asyncio.sleep(_TERMS.look_every)
        metrics.LEADER.set(1)
        log.info("leads", lease=self._name)

    async def renew_until_lost(self) -> None:
        """Renew the Lease until cancelled. Raises LeaseLost as soon as it is certain, or has to be assumed."""
        while True:
            await asyncio.sleep(_TERMS.renew_every)
            while not await self._renew():  # noqa: ASYNC110  # it tries
                await asyncio.sleep(_TERMS.look_every / 2)

    def holds(self) -> bool:
        """Return whether the last renewal is so recent that the others still wait."""
        return bool(self._standing.term) and elapsed() - self._standing.renewed < _TERMS.deadline

    async def release(self) -> None:
        """Clear the holder of the Lease, if this process still holds it, so that another takes over. Never raises."""
        term = self._standing.term
        try:
            await self._read()  # the last renewal may have been cancelled before its answer came
            lease = self._standing.lease
            if lease is None or (lease.holder, lease.term) != (self._identity, term):
                return
            await self._store.write(self._claim(lease, "", term))
        except (ApiUnavailable, Conflict, Gone) as error:
            log.warning("the Lease was not given back, the others wait until it ends", error=str(error))
        else:
            log.info("the Lease is given back")

    # ---- inside

    async def _renew(self) -> bool:
        """Try once. Return False if it has to be tried again. Raises LeaseLost."""
        standing, sent = self._standing, elapsed()
        if standing.lease is None or decide(standing, self._identity, sent, _TERMS) is Step.LOST:
            raise LeaseLost(f"the Lease {self._name} is not this operator's any more, or could not be renewed in time")
        left = standing.renewed + _TERMS.deadline - sent
        try:
            lease = await self._store.write(self._claim(standing.lease, self._identity, standing.term), left)
        except (Conflict, Gone):
            await self._read_after_conflict(left)
            return False
        except ApiUnavailable as error:
            log.warning("the Lease was not renewed, will be tried again", error=str(error))
            return False
        self._standing = replace(standing, lease=lease, renewed=sent)
        return True

    async def _read_after_conflict(self, left: float) -> None:
        """Read the Lease: another process took it, or the answer to an own write was lost."""
        try:
            await self._read(left)
        except ApiUnavailable as error:
            log.warning("the Lease was not read, will be tried again", error=str(error))

    async def _read(self, timeout: float = CALL_SECONDS) -> None:
        lease = await self._store.read(timeout)
        self._read_at = elapsed()
        before = self._standing.lease
        if before is None or lease is None or lease.version != before.version:
            self._standing = replace(self._standing, lease=lease, since=self._read_at)

    async def _take(self) -> None:
        before, sent, term = self._standing.lease, elapsed(), micro_time(self._clock())
        if before is None:
            lease = await self._store.create(Lease(self._identity, term, _TERMS.duration, version=""))
        else:
            lease = await self._store.write(self._claim(before, self._identity, term))
        self._standing = Standing(lease, sent, term, sent)

    def _claim(self, before: Lease, holder: str, term: str) -> Lease:
        """Return the Lease to write over `before`."""
        transitions = before.transitions + (term != before.term)
        return Lease(holder, term, _TERMS.duration, before.version, transitions)
