"""AnalysisSubscription: where the events of a namespace are sent."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from analysis_operator.api.base import CONDITION_LIST, Condition, ConditionType, Matches, Metadata, Resource

_SINK = Matches(
    r"^https?://[^\s/@?#]+([/?][^\s#]*)?$",
    "name a sink as https://HOST/PATH, without a user or a password in it",
)


class EventType(StrEnum):
    """The types of the CloudEvents that are sent."""

    REQUEST_FINISHED = "io.silverguardian.request.finished"
    BATCH_FINISHED = "io.silverguardian.batch.finished"
    POOL_UNSCALABLE = "io.silverguardian.pool.unscalable"

    @property
    def label(self) -> str:
        """Its name in the metrics."""
        return self.value.removeprefix("io.silverguardian.")


OfNamespace = Literal[EventType.REQUEST_FINISHED, EventType.BATCH_FINISHED]
Mode = Literal["structured", "binary"]
SinkURL = Annotated[str, _SINK, Field(max_length=2048)]


class SigningSecret(Resource):
    """A Secret with the key that events are signed with."""

    name: str = Field(min_length=1, max_length=253, description="Its name, in the same namespace.")
    key: str = Field(default="key", min_length=1, max_length=253, description="The key in it: whsec_ and base64.")


class SinkSpec(Resource):
    """Where events are sent, and how."""

    sink: SinkURL = Field(
        description="The URL that each event is sent to by POST. It has to be at a public address and with https, "
        "unless the installation allows its network."
    )
    mode: Mode = Field(
        default="structured",
        description="The CloudEvents content mode: structured has the whole event in the body, binary has its "
        "attributes in headers.",
    )
    secret: SigningSecret | None = Field(
        default=None,
        description="What each call is signed with, by Standard Webhooks. The operator's ServiceAccount has to be "
        "allowed in this namespace: get, of this one Secret.",
    )


class SubscriptionSpec(SinkSpec):
    """Which events are sent where."""

    types: list[OfNamespace] = Field(
        default=[EventType.REQUEST_FINISHED, EventType.BATCH_FINISHED],
        min_length=1,
        max_length=2,
        description="Which events. Requests that a batch made have none of their own.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class SubscriptionStatus(Resource):
    """How the deliveries go. Only the operator writes it."""

    observed_generation: int | None = Field(
        default=None, ge=0, description="The metadata.generation that this reflects."
    )
    conditions: list[Condition] = Field(
        default=[], max_length=8, description="Ready.", json_schema_extra=CONDITION_LIST
    )

    def condition(self, kind: ConditionType) -> Condition | None:
        """Return the condition of one type, or None."""
        return next((condition for condition in self.conditions if condition.type is kind), None)


class AnalysisSubscription(Resource):
    """Sends events about the analyses of its namespace to one sink, as CloudEvents over HTTP."""

    metadata: Metadata
    spec: SubscriptionSpec
    status: SubscriptionStatus = SubscriptionStatus()
