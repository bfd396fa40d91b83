"""Follow the requests that are closed, without their contents: kopf would read, parse and keep each of them whole."""

from __future__ import annotations

from analysis_operator.api import EventType
from analysis_operator.kube.resource_watch import keep_following
from analysis_operator.notifications.notifier import Notifier
from analysis_operator.notifications.ports import About
from analysis_operator.requests.closed import ClosedRequest
from analysis_operator.requests.controller import RequestController
from analysis_operator.requests.kube_store import KubeRequests


class ClosedWatch:
    """Tells the controller which closed requests there are, which were edited, and which were deleted.

    Args:
        store: lists and watches the requests in the cluster.
        controller: is told.
        notifier: is told of those about which an event was not sent to everybody.
    """

    def __init__(self, store: KubeRequests, controller: RequestController, notifier: Notifier) -> None:
        self._store = store
        self._controller = controller
        self._notifier = notifier

    async def run(self) -> None:
        """Watch until cancelled. A watch that breaks begins again with a list."""
        await keep_following("closed requests", self._list, self._follow)

    async def _list(self) -> str:
        """Return the version of the list, from which the watch goes on."""
        listed, version = set(), "0"
        async for page in self._store.list_closed():
            version = page.version
            for request in page.requests:
                listed.add(request.uid)
                self._observe(request)
        for uid, known in self._controller.view.closed.versions().items():
            if uid not in listed and known <= int(version):  # a newer one closed after the list began
                self._controller.on_deleted(uid, closed=True)
        return version

    async def _follow(self, version: str) -> str:
        async for event in self._store.watch_closed(version):
            version = event.version or version
            for request in event.requests:
                if event.deleted:
                    self._controller.on_deleted(request.uid, closed=True)
                else:
                    self._observe(request)
        return version

    def _observe(self, request: ClosedRequest) -> None:
        self._controller.view.observe_closed(request)
        if request.unsent:
            self._notifier.on_unsent(About(EventType.REQUEST_FINISHED, request.uid, request.namespace, request.name))
