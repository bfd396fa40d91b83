"""The tenants' AnalysisRequests in memory, by one watch for each namespace: a poll costs the API server nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from http import HTTPStatus

import structlog
from pydantic import ValidationError

from guardian_service.validation import error_summary
from status_api.adapters.cluster import ApiError, ClusterApi, ClusterRequests, Json, collection
from status_api.errors import Unavailable
from status_api.naming import Key
from status_api.ports import Entry, Position
from status_api.resources import entry_of
from status_api.wire import NewAnalysis, State

log = structlog.get_logger(__name__)

_PAGE = "500"
_WATCH_SECONDS = 240
_PAUSE_SECONDS = 1.0
_FIRST_SECONDS = 10.0
_STALE_SECONDS = 30.0
"""Without a watch for longer than this, a view is too old to answer from."""


class View:
    """One namespace as it is now."""

    def __init__(self, api: ClusterApi, namespace: str) -> None:
        self._api = api
        self._path = collection(namespace)
        self._entries: dict[str, Entry] = {}
        self._unfinished: set[str] = set()
        self._newest: list[Entry] | None = None
        self._listed = asyncio.Event()
        self._lost_at: float | None = None

    @property
    def current(self) -> bool:
        """Whether the view is recent enough to answer from."""
        lost = self._lost_at
        return self._listed.is_set() and (lost is None or time.monotonic() - lost < _STALE_SECONDS)

    async def wait(self) -> None:
        """Wait for the first list. Raises Unavailable if that takes too long, or if the view is too old."""
        try:
            async with asyncio.timeout(_FIRST_SECONDS):
                await self._listed.wait()
        except TimeoutError:
            raise Unavailable(f"{self._path} could not be listed yet") from None
        if not self.current:
            raise Unavailable(f"{self._path} is not watched")

    def get(self, uid: str) -> Entry | None:
        """Return one by its UID."""
        return self._entries.get(uid)

    def newest(self) -> list[Entry]:
        """Return all, newest first."""
        if self._newest is None:
            self._newest = sorted(self._entries.values(), key=lambda entry: entry.position, reverse=True)
        return self._newest

    @property
    def unfinished(self) -> int:
        """How many wait or run."""
        return len(self._unfinished)

    def add(self, entry: Entry) -> None:
        """Add one that was just created, before the watch delivers it; an entry that is there is at least as new."""
        if self._entries.setdefault(entry.position.uid, entry) is entry:
            self._newest = None
            self._count(entry)

    async def run(self) -> None:
        """List and watch, and list again whenever the watch ends, until cancelled."""
        while True:
            try:
                version = await self._list()
                self._listed.set()
                self._lost_at = None
                while version:
                    version = await self._watch(version)
            except (ApiError, Unavailable) as error:
                self._lost_at = self._lost_at or time.monotonic()
                log.warning("watch lost", path=self._path, error=str(error))
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _list(self) -> str:
        entries: dict[str, Entry] = {}
        query = {"limit": _PAGE}
        while True:
            page = await self._api.call("GET", self._path, None, **query)
            entries |= {entry.position.uid: entry for entry in _entries(page["items"])}
            if not (following := page["metadata"].get("continue")):
                break
            query["continue"] = following
        self._entries, self._newest = entries, None
        self._unfinished = {uid for uid, entry in entries.items() if entry.analysis.state is not State.FINISHED}
        return str(page["metadata"]["resourceVersion"])

    async def _watch(self, version: str) -> str:
        """Follow the changes after a version; return the last one seen, or "" if everything has to be listed again."""
        async for event in self._api.watch(self._path, _WATCH_SECONDS, resourceVersion=version):
            kind, changed = event["type"], event["object"]
            if kind == "ERROR":
                if changed.get("code") != HTTPStatus.GONE:
                    raise ApiError(int(changed.get("code", 0)), str(changed.get("message", "")))
                return ""
            version = changed["metadata"]["resourceVersion"]
            if kind != "BOOKMARK":
                self._change(kind, changed)
        return version

    def _change(self, kind: str, changed: Json) -> None:
        self._newest = None
        if kind == "DELETED":
            self._entries.pop(changed["metadata"]["uid"], None)
            self._unfinished.discard(changed["metadata"]["uid"])
        for entry in _entries([changed] if kind != "DELETED" else []):
            self._entries[entry.position.uid] = entry
            self._count(entry)

    def _count(self, entry: Entry) -> None:
        if entry.analysis.state is State.FINISHED:
            self._unfinished.discard(entry.position.uid)
        else:
            self._unfinished.add(entry.position.uid)


class WatchedAnalyses:
    """The Analyses port over views of the tenants' namespaces."""

    def __init__(self, api: ClusterApi, namespaces: Iterable[str]) -> None:
        self._requests = ClusterRequests(api)
        self._views = {namespace: View(api, namespace) for namespace in namespaces}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the views up to date while the context is open."""
        tasks = [asyncio.create_task(view.run()) for view in self._views.values()]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def ready(self) -> bool:
        """Whether the view of every namespace is current."""
        return all(view.current for view in self._views.values())

    async def get(self, tenant: str, key: Key) -> Entry | None:
        """Return one; if the view does not have it, another replica may just have created it, so ask the API server."""
        view = await self._view(tenant)
        return view.get(key.uid) or await self._requests.get(tenant, key)

    async def page(self, tenant: str, after: Position | None, limit: int) -> list[Entry]:
        """Return a part of the list, newest first."""
        view = await self._view(tenant)
        return [entry for entry in view.newest() if after is None or entry.position < after][:limit]

    async def unfinished(self, tenant: str) -> int:
        """Return how many wait or run."""
        return (await self._view(tenant)).unfinished

    async def create(self, tenant: str, name: str, new: NewAnalysis) -> Entry:
        """Create one, and add it to the view at once."""
        view = await self._view(tenant)
        entry = await self._requests.create(tenant, name, new)
        view.add(entry)
        return entry

    async def erase(self, tenant: str, entry: Entry, recording: str | None) -> None:
        """Ask that one be erased."""
        await self._requests.erase(tenant, entry, recording)

    async def _view(self, tenant: str) -> View:
        view = self._views[tenant]
        await view.wait()
        return view


def _entries(items: list[Json]) -> list[Entry]:
    """Return the entries that can be read: one invalid object must not hide all others."""
    entries = []
    for item in items:
        try:
            entries.append(entry_of(item))
        except ValidationError as error:
            log.warning("not readable", name=item.get("metadata", {}).get("name"), error=error_summary(error))
    return entries
