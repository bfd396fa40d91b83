"""What all resources have in common: names, metadata, and conditions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import AliasPath, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.config import JsonDict
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_after_validator_function

from analyzer_contract import camel
from guardian_service.trace_context import ANNOTATION

GROUP = "silverguardian.io"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

BATCH_LABEL = "silverguardian.io/batch"
"""On a request: the UID of the batch that it was made for."""

CONDITION_LIST: JsonDict = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}


_NOT_KEPT: set[str] = set()
"""One for all: empty, and nothing adds to it."""


class Resource(BaseModel):
    """Base of every model here: camelCase on the wire; the API server prunes unknown fields."""

    model_config = ConfigDict(frozen=True, alias_generator=camel, populate_by_name=True)

    def model_post_init(self, _context: object, /) -> None:
        """Forget which fields were given: nothing asks, and the set is half of what a request takes in memory."""
        object.__setattr__(self, "__pydantic_fields_set__", _NOT_KEPT)


def rule(expression: str, message: str) -> JsonDict:
    """Return one CEL validation rule for the generated schema, with the message of a rejection."""
    return {"rule": expression, "message": message}


@dataclass(frozen=True, slots=True)
class Matches:
    """Annotates a string that must match a pattern. A rejection shows the hint, here and at the API server.

    The schema's own ``pattern`` would say only which regular expression it should match.
    """

    pattern: str
    hint: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Reject a string that does not match, with the hint."""
        return no_info_after_validator_function(self._checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the same check as a CEL rule."""
        return handler(schema) | {"x-kubernetes-validations": [rule(f"self.matches(r'{self.pattern}')", self.hint)]}

    def _checked(self, value: str) -> str:
        if not re.search(self.pattern, value):
            raise ValueError(self.hint)
        return value


@dataclass(frozen=True, slots=True)
class RefusedIf:
    """Annotates a string that the API server refuses if a pattern is found in it, in the syntax of RE2.

    The model takes it: an object may be older than the rule, and then a decision has to refuse it.
    """

    pattern: str
    hint: str

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the check as a CEL rule."""
        known = handler(schema)
        rules = [*known.get("x-kubernetes-validations", ()), rule(f"!self.matches(r'{self.pattern}')", self.hint)]
        return known | {"x-kubernetes-validations": rules}


class Metadata(Resource):
    """The parts of ObjectMeta that decisions need."""

    name: str
    namespace: str = "default"
    uid: str = ""
    resource_version: str = ""
    generation: int = 1
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    batch_uid: str | None = Field(default=None, validation_alias=AliasPath("labels", BATCH_LABEL))
    """Of a request: the batch that it was made for."""
    traceparent: str | None = Field(default=None, validation_alias=AliasPath("annotations", ANNOTATION))
    """Of a request: the span of its maker, as W3C Trace Context writes it."""


ConditionState = Literal["True", "False", "Unknown"]


class ConditionType(StrEnum):
    """The conditions that this operator writes."""

    SUCCEEDED = "Succeeded"
    FINISHED = "Finished"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    CALLBACK_DELIVERED = "CallbackDelivered"
    NOTIFIED = "Notified"
    READY = "Ready"
    SCALING_ACTIVE = "ScalingActive"
    ACCEPTED = "Accepted"
    SUSPENDED = "Suspended"
    COMPLETE = "Complete"
    FAILED = "Failed"


class Condition(Resource):
    """A condition by the Kubernetes API conventions."""

    type: ConditionType = Field(description="The aspect of the resource.")
    status: ConditionState = Field(description="Whether it holds.")
    reason: str = Field(min_length=1, max_length=63, description="Why, in one CamelCase word.")
    message: str = Field(default="", max_length=600, description="Why, in a sentence.")
    last_transition_time: datetime = Field(description="When status last changed.")
    observed_generation: int | None = Field(
        default=None, ge=0, description="The metadata.generation that this reflects."
    )


ConditionRow = tuple[ConditionType, ConditionState, str, str]
"""Type, status, reason and message: a condition without its times."""
