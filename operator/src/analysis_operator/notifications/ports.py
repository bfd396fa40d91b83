"""What notifications need from outside: sinks, and the API server; and the values that pass between."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from pydantic import ConfigDict, Field

from analysis_operator.api import AnalysisSubscription, ConditionRow, EventType, Metadata, Mode, SinkSpec
from analysis_operator.notifications.event import Event


@dataclass(frozen=True, slots=True)
class Subscription:
    """Which events go to which sink.

    Args:
        key: the UID of its AnalysisSubscription, or ``installation/NAME``.
        name: for people.
        types: which events.
        namespaces: whose events; empty: those of every namespace.
        secret: namespace, name and key of the Secret with the signing key, or None.
        trusted: whether the installation chose the sink, so that it may be anywhere.
    """

    key: str
    name: str
    sink: str
    types: frozenset[EventType]
    mode: Mode
    namespaces: frozenset[str] = frozenset()
    secret: tuple[str, str, str] | None = None
    trusted: bool = False

    def takes(self, kind: EventType, namespace: str) -> bool:
        """Return whether an event of this type and namespace is for it."""
        return kind in self.types and (not self.namespaces or namespace in self.namespaces)


def of_namespace(resource: AnalysisSubscription) -> Subscription:
    """Return what an AnalysisSubscription says."""
    meta, spec = resource.metadata, resource.spec
    secret = (meta.namespace, spec.secret.name, spec.secret.key) if spec.secret else None
    return Subscription(
        key=meta.uid,
        name=f"{meta.namespace}/{meta.name}",
        sink=spec.sink,
        types=frozenset(spec.types),
        mode=spec.mode,
        namespaces=frozenset({meta.namespace}),
        secret=secret,
    )


class InstalledSubscription(SinkSpec):
    """A subscription of the installation. Its sink may be anywhere."""

    model_config = ConfigDict(extra="forbid")

    types: list[EventType] = Field(default=list(EventType), min_length=1)
    namespaces: list[str] = Field(default=[], description="Whose events; empty: those of every namespace.")

    def subscription(self, name: str, own_namespace: str) -> Subscription:
        """Return it, with its Secret in the operator's own namespace."""
        return Subscription(
            key=f"installation/{name}",
            name=f"{name} of the installation",
            sink=self.sink,
            types=frozenset(self.types),
            mode=self.mode,
            namespaces=frozenset(self.namespaces),
            secret=(own_namespace, self.secret.name, self.secret.key) if self.secret else None,
            trusted=True,
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """The sink took the event."""

    label: ClassVar[str] = "Taken"


@dataclass(frozen=True, slots=True)
class Refused:
    """The sink will never take this event; others it may. ``retired``: it takes none any more."""

    label: ClassVar[str] = "Refused"

    code: str
    message: str
    retired: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """This attempt failed, and another may succeed, after so many seconds if the sink said so."""

    label: ClassVar[str] = "Failed"

    code: str
    message: str
    retry_after: float = 0.0


Reply = Taken | Refused | Failed
"""``label`` is its name in the metrics."""


class Sinks(Protocol):
    """Reaches sinks."""

    async def send(self, subscription: Subscription, event: Event) -> Reply:
        """Send one event. Never raises: a problem is the reply."""

    async def close(self) -> None:
        """Close every connection."""


@dataclass(frozen=True, slots=True)
class About:
    """The object that an event is about. ``uid`` is the event's own where nothing is recorded in the object."""

    type: EventType
    uid: str
    namespace: str
    name: str

    @property
    def recorded(self) -> bool:
        """Whether the object says in its status that the event is sent."""
        return self.type is not EventType.POOL_UNSCALABLE

    @classmethod
    def of(cls, kind: EventType, meta: Metadata) -> About:
        """Return what names an object."""
        return cls(kind, meta.uid, meta.namespace, meta.name)


class Subjects(Protocol):
    """The objects that events are about, and the AnalysisSubscriptions."""

    async def event(self, about: About) -> Event | None:
        """Read its event again; None if its delivery is recorded already. Raises Gone, ApiUnavailable."""

    async def record(self, about: About, row: ConditionRow) -> None:
        """Write the condition Notified, unless that was done already. Raises Conflict, Gone, ApiUnavailable."""

    def warn(self, about: About, message: str) -> None:
        """Post a Kubernetes event about it in the background. Best effort: it never raises."""

    async def report(self, resource: AnalysisSubscription, row: ConditionRow) -> None:
        """Write the condition Ready of a subscription. Raises Conflict, Gone, ApiUnavailable."""
