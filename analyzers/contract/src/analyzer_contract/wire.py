"""The base of everything on the wire: its names, and what a reader makes of what it does not know."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""A SHA-256 as sha256sum prints it."""


def camel(name: str) -> str:
    """Return a field's name on the wire: ``result_uri`` becomes ``resultURI``."""
    head, *tail = name.split("_")
    return head + "".join("URI" if part == "uri" else part.capitalize() for part in tail)


class Wire(BaseModel):
    """Base of everything on the wire: camelCase names, unknown fields refused, immutable."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=camel, populate_by_name=True)


class Lenient(Wire):
    """Base of what another version may have written: what it says more is left out. The schema says what is written."""

    model_config = ConfigDict(extra="ignore", json_schema_extra={"additionalProperties": False})


class Answer(Lenient):
    """Base of what an analyzer answers."""
