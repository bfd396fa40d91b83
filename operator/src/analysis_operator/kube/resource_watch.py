"""Follow resources by a list and a watch of our own, without kopf: kinds that are few, and closed requests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Set
from typing import Any, NoReturn, Protocol

import structlog
from pydantic import ValidationError

from analysis_operator.api import GROUP, VERSION, Resource
from analysis_operator.errors import Gone, OperatorError, Rejected
from analysis_operator.kube.client import Json, KubeApi
from guardian_service.validation import error_summary

log = structlog.get_logger(__name__)

_JSON = "application/json"
_PAUSE_SECONDS = 1.0
_MISSING_SECONDS = 30.0
"""After an answer that there is no such resource, or no right to it: the definition or the role is not there yet."""


async def keep_following(
    what: str,
    list_: Callable[[], Awaitable[str]],
    follow: Callable[[str], Awaitable[str]],
    *,
    version: str = "",
    refused_seconds: float | None = None,
) -> NoReturn:
    """List, and watch from there on, until cancelled. A watch that breaks begins again with a list.

    Args:
        what: is followed, for the log.
        list_: returns the version of the list.
        follow: watches from a version until the watch ends in order, and returns the last version.
        version: of a list that was read already.
        refused_seconds: the pause after a refusal; None: that of any other error.
    """
    while True:
        pause = _PAUSE_SECONDS
        try:
            version = version or await list_()
            while True:
                version = await follow(version)
        except OperatorError as error:
            if refused_seconds is not None and isinstance(error, Gone | Rejected):
                log.warning("a kind is not served", kind=what, error=str(error))
                pause = refused_seconds
            else:
                log.info("a watch broke, begins again", kind=what, error=str(error))
        version = ""
        await asyncio.sleep(pause)


class Observer[R: Resource](Protocol):
    """Is told of resources."""

    def known(self) -> Set[str]:
        """Return the UIDs of those that it knows."""

    def observe(self, resource: R, /) -> None:
        """Take one in."""

    def on_gone(self, uid: str) -> None:
        """Forget one that was deleted."""


class ResourceWatch[R: Resource]:
    """Tells an observer which resources of a kind there are, which changed, and which were deleted.

    Args:
        api: the API server.
        plural: the kind, as in the path.
        model: reads one.
        observer: is told.
    """

    def __init__(self, api: KubeApi, plural: str, model: type[R], observer: Observer[R]) -> None:
        self._api = api
        self._plural = plural
        self._path = f"apis/{GROUP}/{VERSION}/{plural}"
        self._model = model
        self._observer = observer
        self._version = ""

    async def start(self) -> None:
        """List all that there are now, or find that the kind is not served."""
        while not self._version:
            try:
                self._version = await self._list()
            except (Gone, Rejected):
                return
            except OperatorError as error:
                log.info("a list was not read, will be tried again", kind=self._plural, error=str(error))
                await asyncio.sleep(_PAUSE_SECONDS)

    async def run(self) -> None:
        """Watch until cancelled. A watch that breaks begins again with a list."""
        version, self._version = self._version, ""
        await keep_following(self._plural, self._list, self._follow, version=version, refused_seconds=_MISSING_SECONDS)

    async def _list(self) -> str:
        listed, version = set(), "0"
        async for page in self._api.pages(self._path, {}, accept=_JSON):
            version = page.get("metadata", {}).get("resourceVersion", "0")
            for raw in page.get("items") or ():
                listed.add(raw["metadata"]["uid"])
                self._observe(raw)
        for uid in self._observer.known() - listed:
            self._observer.on_gone(uid)
        return version

    async def _follow(self, version: str) -> str:
        async for event in self._api.watch(self._path, {"resourceVersion": version}, accept=_JSON):
            raw: dict[str, Any] = event["object"]
            version = raw["metadata"].get("resourceVersion", version)
            if event["type"] == "DELETED":
                self._observer.on_gone(raw["metadata"]["uid"])
            elif event["type"] != "BOOKMARK":
                self._observe(raw)
        return version

    def _observe(self, raw: Json) -> None:
        try:
            self._observer.observe(self._model.model_validate(raw))
        except ValidationError as error:
            meta = raw.get("metadata", {})
            name = f"{meta.get('namespace')}/{meta.get('name')}"
            log.error("resource not understood", kind=self._plural, name=name, error=error_summary(error))
